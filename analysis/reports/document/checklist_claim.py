"""The items of CLAIM (2024 update) in our own short words, each with the topics whose evidence answers it.

Tejani AS, Klontzas ME, Gatti AA, et al. CLAIM: 2024 update. Radiol Artif Intell 2024;6(4):e240300.
"""

from django.utils.translation import gettext_noop as _

from analysis.reports.document.checklist import Item

CLAIM = (
    Item("1", _("Title names the AI technology"), ("title",)),
    Item("2", _("Structured abstract"), ("summary",)),
    Item("3", _("Background, intended use and role"), ("background", "intended_use")),
    Item("4", _("Aims, objectives, hypotheses"), ("objectives",)),
    Item("5", _("Prospective or retrospective"), ("design",)),
    Item("6", _("Goal of the study"), ("objectives",)),
    Item("7", _("Data sources"), ("data_source", "dates", "centres")),
    Item("8", _("Inclusion and exclusion criteria"), ("eligibility", "data_criteria")),
    Item("9", _("Preprocessing"), ("preprocessing",)),
    Item("10", _("Selection of data subsets"), ("flow", "data_criteria")),
    Item("11", _("De-identification"), ("deidentified",)),
    Item("12", _("Missing data"), ("missing",)),
    Item("13", _("Image acquisition protocol"), ("acquisition", "devices")),
    Item("14", _("How the reference standard was obtained"), ("outcome", "reference_source")),
    Item("15", _("Why this reference standard"), ("reference_choice",)),
    Item("16", _("Source of the reference annotations"), ("reference_source", "assessors")),
    Item("17", _("Annotation of the test set"), ("test_annotation", "test_untouched")),
    Item("18", _("Variability between and within annotators"), ("agreement_of_readers",)),
    Item("19", _("How data were assigned to partitions"), ("split",)),
    Item("20", _("Level at which partitions are disjoint"), ("level",)),
    Item("21", _("Intended size of the test data"), ("sample_size",)),
    Item("22", _("The model in detail"), ("building", "fusion")),
    Item("23", _("Software and versions"), ("software",)),
    Item("24", _("Initialisation of parameters"), ("initial",)),
    Item("25", _("Training approach"), ("building", "handling")),
    Item("26", _("How the final model was selected"), ("chosen",)),
    Item("27", _("Ensembling"), ("fusion",)),
    Item("28", _("Metrics of performance"), ("measures",)),
    Item("29", _("Uncertainty and significance"), ("statistics",)),
    Item("30", _("Robustness or sensitivity analysis"), ("robustness",)),
    Item("31", _("Explainability or interpretability"), ("explained",)),
    Item("32", _("Evaluation on internal data"), ("internal", "performance")),
    Item("33", _("Testing on external data"), ("external",)),
    Item("34", _("Trial registration"), ("registration",)),
    Item("35", _("Patients included and excluded"), ("flow",)),
    Item("36", _("Characteristics in each partition"), ("characteristics",)),
    Item("37", _("Performance and its uncertainty"), ("performance",)),
    Item("38", _("Diagnostic performance and its precision"), ("crosstab",)),
    Item("39", _("Analysis of wrong results"), ("failures",)),
    Item("40", _("Limitations"), ("limits",)),
    Item("41", _("Implications for practice"), ("next_steps",)),
    Item("42", _("Full protocol or further technical detail"), ("protocol",)),
    Item("43", _("Availability of software, model and data"), ("code_sharing", "data_sharing")),
    Item("44", _("Funding and the role of funders"), ("funding",)),
)
