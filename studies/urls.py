"""Addresses of the pages of what was observed."""

from django.urls import path

from studies.views import (
    agreement,
    clinical,
    cohort,
    frames,
    home,
    hospital_number,
    pathology,
    study,
    upload,
    viewer,
    worklist,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("studies/new/", study.create, name="study-create"),
    path("studies/<slug:slug>/", study.overview, name="study"),
    path("studies/<slug:slug>/sites/", study.site_add, name="site-add"),
    path("studies/<slug:slug>/people/", study.people, name="people"),
    path("studies/<slug:slug>/people/<uuid:grant_id>/remove/", study.grant_remove, name="grant-remove"),
    path("studies/<slug:slug>/audit/", study.audit, name="audit"),
    path("studies/<slug:slug>/patients/", cohort.cohort, name="cohort"),
    path("studies/<slug:slug>/patients/new/", cohort.create, name="patient-create"),
    path("studies/<slug:slug>/patients/find/", hospital_number.find, name="hospital-find"),
    path("patients/<uuid:patient_id>/", cohort.patient, name="patient"),
    path("patients/<uuid:patient_id>/hospital-number/", hospital_number.link, name="hospital-number"),
    path("patients/<uuid:patient_id>/clinical/", clinical.clinical_edit, name="clinical-edit"),
    path("patients/<uuid:patient_id>/specimens/new/", pathology.specimen_add, name="specimen-create"),
    path("studies/<slug:slug>/upload/", upload.upload, name="upload"),
    path("uploads/<uuid:upload_id>/", upload.upload_row, name="upload-row"),
    path("uploads/<uuid:upload_id>/cancel/", upload.cancel, name="upload-cancel"),
    path("uploads/<uuid:upload_id>/assign/", upload.assign, name="upload-assign"),
    path("studies/<slug:slug>/pathology/", pathology.worklist, name="pathology"),
    path("specimens/<uuid:specimen_id>/", pathology.specimen, name="specimen"),
    path("specimens/<uuid:specimen_id>/call/", pathology.call_preview, name="call-preview"),
    path("specimens/<uuid:specimen_id>/amend/", pathology.amend, name="label-amend"),
    path("studies/<slug:slug>/reading/", worklist.worklist, name="worklist"),
    path("studies/<slug:slug>/reading/agreement/", agreement.agreement, name="agreement"),
    path("clips/<uuid:clip_id>/", viewer.viewer, name="clip"),
    path("clips/<uuid:clip_id>/frames/<int:index>/", frames.frame, name="clip-frame"),
    path("clips/<uuid:clip_id>/thumbnail/", frames.thumbnail, name="clip-thumbnail"),
]
