"""The table of `test_permission_matrix.py`: a row an address and method, a column a person.

302 without a login goes to the login page; after a POST it is the page to look at next. A 400 or 423 where
others get 403 says that the act was allowed and a rule of the study refused it (nothing to seal, locked).

coordinator, administrator: of the whole study. sonographer, pathologist, clinician: at the site where all
rows are. outsider: coordinator and sonographer of another study. neighbour: coordinator of the study's other
site. blinded: sonographer and clinician at once.
"""

PEOPLE = (
    "anonymous", "coordinator", "sonographer", "pathologist", "clinician", "administrator", "outsider",
    "neighbour", "blinded",
)  # fmt: skip

TABLE = """
# name                       method anon   coord  sono   path   clin   admin  outs   neigh  blind
healthz                      GET    200    200    200    200    200    200    200    200    200
login                        GET    200    302    302    302    302    302    302    302    302
login                        POST   302    302    302    302    302    302    302    302    302
logout                       POST   302    302    302    302    302    302    302    302    302
set_language                 POST   302    302    302    302    302    302    302    302    302
api-token                    POST   200    200    200    200    200    200    200    200    200
api-clip-tracks              GET    403    200    200    404    200    200    404    404    200
api-clip-tracks              POST   403    400    400    404    400    400    404    404    400
api-clip-detections          GET    403    200    200    404    200    200    404    404    200
api-clip-presence            GET    403    200    200    404    200    200    404    404    200
api-clip-presence            POST   403    200    200    404    200    200    404    404    200
api-clip-presence            DELETE 403    204    204    404    204    204    404    404    204
api-track                    GET    403    200    200    404    200    200    404    404    403
api-track                    PATCH  403    403    200    404    403    403    404    404    403
api-track-revisions          GET    403    200    200    404    200    200    404    404    403
api-track-revert             POST   403    403    200    404    403    403    404    404    403
api-track-sign               GET    403    200    200    404    200    200    404    404    403
api-track-sign               POST   403    403    400    404    403    403    404    404    403
api-track-reopen             POST   403    403    400    404    403    403    404    404    403
api-tracks-list              GET    403    200    200    403    200    200    200    200    200
api-clip-frame               GET    403    200    200    404    200    200    404    404    200
api-studies-list             GET    403    200    200    200    200    200    200    200    200
api-studies-list             POST   403    201    403    403    403    201    201    201    403
api-studies-detail           GET    403    200    200    200    200    200    404    200    200
api-studies-seal             POST   403    200    403    403    403    403    404    403    403
api-sites-list               GET    403    200    200    200    200    200    200    200    200
api-sites-list               POST   403    201    403    403    403    403    400    403    403
api-sites-detail             GET    403    200    200    200    200    200    404    404    200
api-patients-list            GET    403    200    200    200    200    200    200    200    200
api-patients-list            POST   403    201    403    403    403    403    400    400    403
api-patients-detail          GET    403    200    200    200    200    200    404    404    200
api-lesions-list             GET    403    200    200    200    200    200    200    200    200
api-lesions-detail           GET    403    200    200    200    200    200    404    404    200
api-exams-list               GET    403    200    200    200    200    200    200    200    200
api-exams-list               POST   403    201    403    403    403    403    400    400    403
api-exams-detail             GET    403    200    200    200    200    200    404    404    200
api-clinical-records-list    GET    403    200    200    200    200    200    200    200    200
api-clinical-records-detail  GET    403    200    200    200    200    200    404    404    200
api-clinical-records-detail  PATCH  403    200    403    403    403    403    404    404    403
api-memberships-list         GET    403    200    200    200    200    200    200    200    200
api-memberships-detail       GET    403    200    200    200    200    200    404    404    200
api-looks-list               GET    403    200    200    200    200    200    200    200    200
api-looks-list               POST   403    400    403    403    403    400    400    403    403
api-looks-detail             GET    403    200    200    200    200    200    404    200    200
api-uploads-list             GET    403    200    200    403    200    200    200    200    200
api-uploads-list             POST   403    201    201    403    403    403    400    400    201
api-uploads-detail           GET    403    200    200    403    200    200    404    404    200
api-uploads-assign           POST   403    400    400    403    403    403    404    404    400
api-uploads-cancel           POST   403    200    200    403    403    403    404    404    200
api-clips-list               GET    403    200    200    403    200    200    200    200    200
api-clips-detail             GET    403    200    200    403    200    200    404    404    200
api-revisions-list           GET    403    200    200    403    200    200    200    200    200
api-revisions-detail         GET    403    200    200    403    200    200    404    404    404
api-data-queries-list        GET    403    200    200    200    200    200    200    200    200
api-data-queries-list        POST   403    201    201    201    201    201    400    400    201
api-data-queries-detail      GET    403    200    200    200    200    200    404    404    200
api-data-queries-answer      POST   403    200    403    403    403    403    404    404    403
api-data-queries-close       POST   403    200    403    403    403    403    404    404    403
api-data-queries-reopen      POST   403    400    403    403    403    403    404    404    403
api-specimens-list           GET    403    200    403    200    200    200    403    200    403
api-specimens-list           POST   403    403    403    201    403    403    403    400    403
api-specimens-detail         GET    403    200    403    200    200    200    403    404    403
api-labels-list              GET    403    200    403    200    200    200    403    200    403
api-labels-list              POST   403    403    403    201    403    403    403    400    403
api-labels-detail            GET    403    200    403    200    200    200    403    404    403
api-labels-detail            PATCH  403    403    403    423    403    403    403    404    403
api-labels-amend             POST   403    403    403    200    403    403    403    404    403
api-labels-lock              POST   403    403    403    423    403    403    403    404    403
api-audit-events-list        GET    403    403    403    403    403    200    403    403    403
api-audit-events-detail      GET    403    403    403    403    403    200    403    403    403
api-clip-curves              GET    403    400    400    404    400    400    404    404    400
api-jobs-list                GET    403    200    200    200    200    200    200    200    200
api-jobs-detail              GET    403    200    404    404    200    200    404    200    404
api-jobs-cancel              POST   403    403    404    404    403    200    404    403    404
api-jobs-retry               POST   403    403    404    404    403    400    404    403    404
api-feature-sets-list        GET    403    200    200    403    200    200    200    200    200
api-feature-sets-detail      GET    403    200    200    403    200    200    404    404    200
api-feature-sets-static      GET    403    200    200    403    200    200    404    404    200
api-model-versions-list      GET    403    200    403    403    200    200    403    200    403
api-model-versions-detail    GET    403    200    403    403    200    200    403    200    403
api-model-versions-promote   POST   403    403    403    403    403    200    403    403    403
api-evaluations-list         GET    403    200    403    403    200    200    403    200    403
api-evaluations-detail       GET    403    200    403    403    200    200    403    200    403
api-predictions-list         GET    403    200    403    403    200    200    403    200    403
api-predictions-detail       GET    403    200    403    403    200    200    403    404    403
schema                       GET    403    200    200    200    200    200    200    200    200
api-docs                     GET    403    200    200    200    200    200    200    200    200
split                        GET    302    200    403    403    403    403    404    403    403
split                        POST   302    302    403    403    403    403    404    403    403
results                      GET    302    200    403    403    200    200    404    200    403
figure                       GET    302    404    403    403    404    404    404    404    403
results-part                 GET    302    200    403    403    200    200    404    200    403
figure-csv                   GET    302    404    403    403    404    404    404    404    403
published-counts             GET    302    200    403    403    200    200    404    200    403
table-audit                  POST   302    400    403    403    400    400    404    400    403
table-csv                    GET    302    200    403    403    200    200    404    200    403
table-xlsx                   GET    302    200    403    403    200    200    404    200    403
table-tex                    GET    302    200    403    403    200    200    404    200    403
jobs                         GET    302    200    200    200    200    200    404    200    200
jobs-summary                 GET    302    200    200    200    200    200    404    200    200
job                          GET    302    200    404    404    200    200    404    200    404
job-cancel                   POST   302    403    404    404    403    302    404    403    404
job-retry                    POST   302    403    404    404    403    302    404    403    404
models                       GET    302    200    403    403    200    200    404    200    403
model-train                  POST   302    403    403    403    403    302    404    403    403
model-analyses               POST   302    403    403    403    403    302    404    403    403
detectors                    GET    302    200    403    403    200    200    404    200    403
detector-train               POST   302    403    403    403    403    302    404    403    403
detector-go-back             POST   302    403    403    403    403    302    404    403    403
detector-apply               POST   302    403    403    403    403    302    404    403    403
model-judge                  POST   302    302    403    403    403    302    404    403    403
model-promote                POST   302    403    403    403    403    302    404    403    403
prediction                   GET    302    200    403    403    200    200    404    404    403
curves                       GET    302    200    200    404    200    200    404    404    200
home                         GET    302    200    200    200    200    200    200    200    200
study-create                 GET    302    200    403    403    403    200    200    200    403
study-create                 POST   302    302    403    403    403    302    302    302    403
study                        GET    302    200    200    200    200    200    404    200    200
site-add                     POST   302    302    403    403    403    403    404    403    403
people                       GET    302    403    403    403    403    200    404    403    403
people                       POST   302    403    403    403    403    302    404    403    403
grant-remove                 POST   302    403    403    403    403    302    404    403    403
audit                        GET    302    403    403    403    403    200    404    403    403
cohort                       GET    302    200    200    200    200    200    404    200    200
patient-create               GET    302    200    403    403    403    403    404    200    403
patient-create               POST   302    302    403    403    403    403    404    200    403
hospital-find                GET    302    200    403    403    403    403    404    200    403
hospital-find                POST   302    200    403    403    403    403    404    200    403
hospital-number              GET    302    200    403    403    403    403    404    404    403
hospital-number              POST   302    302    403    403    403    403    404    404    403
patient                      GET    302    200    200    200    200    200    404    404    200
clinical-edit                GET    302    200    403    403    403    403    404    404    403
clinical-edit                POST   302    302    403    403    403    403    404    404    403
queries                      GET    302    200    200    200    200    200    404    200    200
queries                      POST   302    302    403    403    403    403    404    403    403
query                        GET    302    200    200    200    200    200    404    404    200
query                        POST   302    302    403    403    403    403    404    404    403
query-create                 GET    302    200    200    200    200    200    404    404    200
query-create                 POST   302    302    302    302    302    302    404    404    302
specimen-create              GET    302    403    403    200    403    403    404    404    403
specimen-create              POST   302    403    403    302    403    403    404    404    403
screening                    GET    302    200    403    200    200    200    404    200    403
screening                    POST   302    200    403    403    403    403    404    200    403
screening-csv                GET    302    200    403    200    200    200    404    200    403
flow-svg                     GET    302    200    200    200    200    200    404    200    200
flow-csv                     GET    302    200    200    200    200    200    404    200    200
patient-screening            GET    302    200    403    200    200    200    404    404    403
patient-screening            POST   302    302    403    403    403    403    404    404    403
criterion-decide             POST   302    302    403    403    403    403    404    404    403
upload                       GET    302    200    200    403    403    403    404    200    200
upload                       POST   302    201    201    403    403    403    404    400    201
upload-row                   GET    302    200    200    404    200    200    404    404    200
upload-cancel                POST   302    200    200    404    403    403    404    404    200
upload-assign                POST   302    200    200    404    404    403    404    404    200
pixels                       GET    302    200    200    403    403    403    404    200    200
clip-pixels                  GET    302    200    200    404    403    403    404    404    200
clip-pixels                  POST   302    200    200    404    403    403    404    404    200
pathology                    GET    302    200    403    200    200    403    404    200    403
specimen                     GET    302    200    404    200    200    200    404    404    404
specimen                     POST   302    403    404    302    403    403    404    404    404
call-preview                 POST   302    200    404    200    200    200    404    404    404
label-amend                  POST   302    403    404    404    403    403    404    404    404
worklist                     GET    302    403    200    403    403    403    404    403    200
agreement                    GET    302    200    403    403    403    403    404    200    403
clip                         GET    302    200    200    404    200    200    404    404    200
clip-frame                   GET    302    200    200    404    200    200    404    404    200
clip-thumbnail               GET    302    200    200    404    200    200    404    404    200
"""
