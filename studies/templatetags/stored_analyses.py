"""What further analyses store in English: stages, reasons, cautions; see `stored_sentences`."""

from django.utils.translation import gettext_noop

ANALYSES = (
    # stages and messages of jobs
    gettext_noop("explaining"),
    gettext_noop("collecting the training patients"),
    gettext_noop("fitting the record fold by fold"),
    gettext_noop("learning from shuffled labels"),
    gettext_noop("learning from shares of the patients"),
    gettext_noop("learning from the tissue outside the lesion"),
    gettext_noop("learning positive, low and zero"),
    gettext_noop("learning under the rule %(rule)s"),
    gettext_noop("learning again: %(what)s"),
    gettext_noop("computing features: %(what)s"),
    gettext_noop("%(done)s of %(all)s analyses stored."),
    gettext_noop(
        "%(done)s of %(all)s analyses stored; the Models page says why the others were not possible."
    ),
    # why there are no figures
    gettext_noop(
        "No training patient was learned with boxes that a person signed, so there is nothing to compare the "
        "model's boxes with. Let readers sign tracks, then train again."
    ),
    gettext_noop(
        "Two readers must have signed the cines of at least %(least)s HER2-positive and %(again)s "
        "HER2-negative training patients; the best pair has %(events)s and %(others)s. Ask for two readers a "
        "clip in the study's settings and let both sign."
    ),
    gettext_noop(
        "%(n)s patients of this ensemble, or their features, are no longer in the study; train again, then "
        "repeat the analysis."
    ),
    gettext_noop(
        "classes: expected at least %(least)s patients of each class, got %(found)s. A class this small "
        "cannot be learned and judged; label more patients, or keep to the two-way question."
    ),
    gettext_noop("%(zero)s zero, %(low)s low, %(positive)s positive"),
    gettext_noop("%(events)s positive and %(others)s negative patients have it: too few to judge"),
    gettext_noop("%(events)s positive and %(others)s negative: too few to judge"),
    gettext_noop("the same for everybody"),
    gettext_noop("no patient has a label under this rule"),
    gettext_noop("no such boxes"),
    gettext_noop(
        "A ring is measured in mm, but the pixel spacing of this clip is not known; state its spacing or "
        "leave "
        "the clip out of this analysis."
    ),
    gettext_noop(
        "labels: expected at least %(least)s patients of each class to learn from, got %(events)s positive "
        "and "
        "%(others)s negative. Label more patients first."
    ),
    # how the terms of a prediction were found
    gettext_noop("tree SHAP"),
    gettext_noop("tree SHAP of the probability, brought to log-odds by one factor a patient"),
    gettext_noop("linear SHAP (coefficient × standardised value)"),
    gettext_noop("permutation SHAP (%(orders)s orders of the columns, %(rows)s training patients)"),
    # cautions
    gettext_noop(
        "%(n)s test patients have a label that says neither positive, low nor zero; they are left out."
    ),
    gettext_noop(
        "Clinical values or linked patients changed since training, so the scores of the record could not be "
        "repeated exactly; these figures compare with scores fitted on the values of today."
    ),
    gettext_noop(
        "%(n)s training patients have a label that says neither positive, low nor zero; they are left out."
    ),
)
