"""The items of TRIPOD+AI in our own short words, each with the topics whose evidence answers it.

Collins GS, Moons KGM, Dhiman P, et al. TRIPOD+AI statement. BMJ 2024;385:e078378.
"""

from django.utils.translation import gettext_noop as _

from analysis.reports.document.checklist import Item

TRIPOD = (
    Item("1", _("Title names model, population and outcome"), ("title",)),
    Item("2", _("Abstract"), ("summary",)),
    Item("3a", _("Healthcare context and rationale"), ("background",)),
    Item("3b", _("Target population, purpose and users"), ("intended_use",)),
    Item("3c", _("Known health inequalities"), ("inequalities",)),
    Item("4", _("Objectives: development, evaluation or both"), ("objectives",)),
    Item("5a", _("Sources of data and whom they represent"), ("data_source", "representativeness")),
    Item("5b", _("Dates of the data"), ("dates",)),
    Item("6a", _("Setting: number and place of centres"), ("centres",)),
    Item("6b", _("Eligibility criteria"), ("eligibility",)),
    Item("6c", _("Treatments received"), ("treatments",)),
    Item("7", _("Preparation and quality checks of the data"), ("preprocessing", "data_criteria")),
    Item("8a", _("Outcome and how it was assessed"), ("outcome", "reference_source")),
    Item("8b", _("Who assessed the outcome"), ("assessors",)),
    Item("8c", _("Outcome assessed blind"), ("outcome_blinded",)),
    Item("9a", _("Choice of predictors before modelling"), ("predictors",)),
    Item("9b", _("Predictors defined; blinding of their measurement"), ("preprocessing", "index_blinded")),
    Item("9c", _("Who measured the predictors"), ("interaction",)),
    Item("10", _("Study size and how it was arrived at"), ("sample_size",)),
    Item("11", _("Missing data and left-out data"), ("missing",)),
    Item("12a", _("How data were used and divided"), ("split", "level")),
    Item("12b", _("How predictors were handled"), ("handling",)),
    Item("12c", _("Type of model, building steps, internal validation"), ("building",)),
    Item("12d", _("Differences between clusters: how handled"), ("clusters",)),
    Item("12e", _("Measures and plots of performance"), ("measures",)),
    Item("12f", _("Updating after evaluation"), ("updating",)),
    Item("12g", _("How predictions were calculated"), ("calculation",)),
    Item("13", _("Class imbalance and recalibration"), ("imbalance",)),
    Item("14", _("Fairness: approach and rationale"), ("fairness_done",)),
    Item("15", _("Output of the model and its thresholds"), ("threshold",)),
    Item("16", _("Differences between training and evaluation data"), ("sets_compared",)),
    Item("17", _("Ethics approval and consent"), ("ethics",)),
    Item("18a", _("Funding"), ("funding",)),
    Item("18b", _("Conflicts of interest"), ("interests",)),
    Item("18c", _("Protocol"), ("protocol",)),
    Item("18d", _("Registration"), ("registration",)),
    Item("18e", _("Availability of data"), ("data_sharing",)),
    Item("18f", _("Availability of code"), ("code_sharing",)),
    Item("19", _("Patient and public involvement"), ("involvement",)),
    Item("20a", _("Flow of participants, with and without outcome"), ("flow",)),
    Item("20b", _("Characteristics, outcome events, missing data"), ("characteristics", "missing")),
    Item("20c", _("Evaluation data compared with development data"), ("sets_compared",)),
    Item("21", _("Participants and events in each analysis"), ("events",)),
    Item("22", _("The full model"), ("model_given",)),
    Item(
        "23a", _("Performance with intervals, also in subgroups"), ("performance", "calibrated", "subgroups")
    ),
    Item("23b", _("Performance by cluster"), ("clusters",)),
    Item("24", _("Results of updating"), ("updating",)),
    Item("25", _("Interpretation, including fairness"), ("interpretation",)),
    Item("26", _("Limitations"), ("limits",)),
    Item("27a", _("Poor or unavailable input: how handled"), ("input_quality",)),
    Item("27b", _("What users must do and know"), ("interaction", "intended_use")),
    Item("27c", _("Next steps, applicability, generalisability"), ("next_steps",)),
)
