"""Addresses of the pages of what was computed."""

from django.urls import path

from analysis.views import (
    analyses,
    curves,
    detectors,
    jobs,
    model_pages,
    models,
    prediction,
    published,
    reports,
    result_files,
    results,
    split,
    waiting,
)

urlpatterns = [
    path("studies/<slug:slug>/waiting/", waiting.computed_tasks, name="computed-tasks"),
    path("studies/<slug:slug>/split/", split.split, name="split"),
    path("studies/<slug:slug>/results/", results.results, name="results"),
    path("studies/<slug:slug>/results/<slug:name>/", results.results, name="results-part"),
    path("studies/<slug:slug>/results/performance/predictive/", results.predictive, name="predictive"),
    path("studies/<slug:slug>/results/as-published/counts/", published.counts, name="published-counts"),
    path("studies/<slug:slug>/results/as-published/audit/", published.audit, name="table-audit"),
    path("studies/<slug:slug>/results/figures/<slug:name>/", result_files.figure, name="figure"),
    path("studies/<slug:slug>/results/figures/<slug:name>.csv", result_files.figure_csv, name="figure-csv"),
    *[
        path(
            f"studies/<slug:slug>/results/tables/<slug:name>.{kind}",
            result_files.table,
            {"kind": kind},
            name=f"table-{kind}",
        )
        for kind in ("csv", "xlsx", "tex")
    ],
    path("studies/<slug:slug>/reports/", reports.reports, name="reports"),
    path("studies/<slug:slug>/reports/checklists/", reports.checklists, name="report-checklists"),
    path("studies/<slug:slug>/reports/statement/", reports.statement, name="statement-save"),
    path("report-files/<uuid:file_id>/", reports.report_file, name="report-file"),
    path("studies/<slug:slug>/jobs/", jobs.jobs, name="jobs"),
    path("studies/<slug:slug>/jobs/summary/", jobs.summary, name="jobs-summary"),
    path("studies/<slug:slug>/jobs/retry/", jobs.retry_all, name="jobs-retry"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/cancel/", jobs.cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/retry/", jobs.retry, name="job-retry"),
    path("studies/<slug:slug>/models/", models.models, name="models"),
    path("studies/<slug:slug>/models/compare/", model_pages.compare, name="model-compare"),
    path("studies/<slug:slug>/models/<uuid:version_id>/card/", model_pages.card, name="model-card"),
    path(
        "studies/<slug:slug>/detectors/shipped/card/", model_pages.shipped_card, name="detector-shipped-card"
    ),
    path("studies/<slug:slug>/models/train/", models.train, name="model-train"),
    path("studies/<slug:slug>/detectors/", detectors.detectors, name="detectors"),
    path("studies/<slug:slug>/detectors/train/", detectors.train, name="detector-train"),
    path("studies/<slug:slug>/detectors/shipped/", detectors.go_back, name="detector-go-back"),
    path("studies/<slug:slug>/detectors/apply/", detectors.apply, name="detector-apply"),
    path("studies/<slug:slug>/models/analyses/", analyses.start, name="model-analyses"),
    path("studies/<slug:slug>/models/judge/", models.judge, name="model-judge"),
    path("studies/<slug:slug>/models/judge-temporal/", models.judge_temporal, name="model-judge-temporal"),
    path("studies/<slug:slug>/models/<uuid:version_id>/promote/", models.promote, name="model-promote"),
    path("patients/<uuid:patient_id>/prediction/", prediction.prediction, name="prediction"),
    path("patients/<uuid:patient_id>/explanation/", prediction.explanation, name="explanation"),
    path("clips/<uuid:clip_id>/curves/", curves.curves, name="curves"),
]
