"""The items of STARD-AI in our own short words, each with the topics whose evidence answers it.

Sounderajah V, Guni A, Liu X, et al. The STARD-AI reporting guideline. Nat Med 2025;31:3283–3289.
"""

from django.utils.translation import gettext_noop as _

from analysis.reports.document.checklist import Item

STARD = (
    Item("1", _("Title names an AI-centred diagnostic study and a measure"), ("title",)),
    Item("2", _("Structured abstract"), ("summary",)),
    Item("3", _("Background, intended use, workflow"), ("background", "intended_use")),
    Item("4", _("Objectives and hypotheses"), ("objectives",)),
    Item("5", _("Prospective or retrospective"), ("design",)),
    Item("6", _("Ethics approval"), ("ethics",)),
    Item("7", _("Eligibility of participants and of data"), ("eligibility", "data_criteria")),
    Item("8", _("On what basis participants were found"), ("recruitment",)),
    Item("9", _("Where and when participants were found"), ("dates", "centres")),
    Item("10", _("Consecutive, random or convenience series"), ("recruitment",)),
    Item("11", _("Source of the data"), ("data_source",)),
    Item("12", _("Who annotated, and how"), ("assessors", "interaction")),
    Item("13", _("Devices and software"), ("devices", "software")),
    Item("14", _("Acquisition protocol and preprocessing"), ("acquisition", "preprocessing")),
    Item("15a", _("Index test in detail"), ("building", "fusion")),
    Item("15b", _("How the index test was developed, with sizes"), ("internal", "events")),
    Item("15c", _("Cut-offs of the index test"), ("threshold",)),
    Item("15d", _("End user and expertise needed"), ("intended_use",)),
    Item("16a", _("Reference standard in detail"), ("outcome", "reference_source")),
    Item("16b", _("Why this reference standard"), ("reference_choice",)),
    Item("16c", _("Cut-offs of the reference standard"), ("outcome_rules",)),
    Item("17a", _("Index test read blind to the reference"), ("index_blinded", "test_untouched")),
    Item("17b", _("Reference assessed blind to the index test"), ("outcome_blinded",)),
    Item("18", _("Methods of estimating and comparing"), ("statistics",)),
    Item("19", _("Indeterminate results: how handled"), ("indeterminate",)),
    Item("20", _("Missing data: how handled"), ("missing",)),
    Item("21", _("Analyses of variability"), ("robustness", "subgroups")),
    Item("22", _("Intended sample size"), ("sample_size",)),
    Item("23", _("Error, bias and fairness analysis"), ("failures", "fairness_done")),
    Item("24", _("Flow of participants, as a diagram"), ("flow",)),
    Item("25", _("Characteristics of each set"), ("characteristics",)),
    Item("26a", _("Severity in those with the condition"), ("severity",)),
    Item("26b", _("Other diagnoses in those without it"), ("alternatives",)),
    Item("27", _("Time between index test and reference"), ("time_interval", "treatments")),
    Item("28", _("Whether data represent the intended population"), ("represents",)),
    Item("29", _("How external data differ"), ("external",)),
    Item("30", _("Cross-tabulation against the reference"), ("crosstab",)),
    Item("31", _("Estimates with their precision"), ("performance",)),
    Item("32", _("Adverse events"), ("adverse",)),
    Item("33", _("Limitations"), ("limits",)),
    Item("34", _("Implications for practice"), ("next_steps",)),
    Item("35", _("Ethical considerations and fairness"), ("ethics", "fairness")),
    Item("36", _("Registration"), ("registration",)),
    Item("37", _("Where the protocol can be found"), ("protocol",)),
    Item("38", _("Funding and the role of funders"), ("funding",)),
    Item("39", _("Commercial interests"), ("interests",)),
    Item("40a", _("Availability of data and code"), ("data_sharing", "code_sharing")),
    Item("40b", _("Outputs stored, auditable, available"), ("outputs",)),
)
