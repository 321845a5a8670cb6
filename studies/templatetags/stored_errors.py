"""What stops a job, in English as it is stored; see `stored_sentences`.

Only errors that rows and files of a study can bring about: those of a programmer stay English.
"""

from django.utils.translation import gettext_noop

ERRORS = (
    # before learning and judging
    gettext_noop(
        "No patient can be used yet: each needs a cine with features, a final HER2 label, a side of the "
        "split, and inclusion where the study screens. The cohort page shows what is missing."
    ),
    gettext_noop(
        "%(n)s test patients can be judged, %(left)s are left out; two of each class at least are needed. "
        "No look was counted. The cohort page shows what the others lack."
    ),
    gettext_noop(
        "%(n)s patients of the temporal test can be judged, %(left)s are left out; two of each class at "
        "least are needed. No look was counted. More join as they are labelled."
    ),
    gettext_noop("The split is not sealed, so test patients could still change sides: seal it, then train."),
    gettext_noop("There is no trained ensemble yet; train one on the Models page, then judge it."),
    gettext_noop("This job names no analysis that exists; start it from the Models page."),
    gettext_noop("This job has no clip; start it from a clip's page."),
    gettext_noop("A still image is kept and shown, but there is nothing to follow over time."),
    gettext_noop(
        "The training patients are no longer what they were when this was made out of fold, so its cut-off "
        "cannot be called frozen; repeat the analysis on the Models page before the next look."
    ),
    # too few patients, missing or constant values
    gettext_noop(
        "labels: expected at least %(least)s patients of each class to leave one for testing, got "
        "%(events)s positive and %(others)s negative. Collect more, or lower the share."
    ),
    gettext_noop(
        "folds: expected at least %(least)s patients of each class for %(folds)s folds, got %(n)s. Use "
        "fewer folds or collect more patients."
    ),
    gettext_noop("groups: expected every class outside every fold; linked patients prevent it."),
    gettext_noop("dynamic: expected features, got only missing values. Describe the clips first."),
    gettext_noop(
        "dynamic: expected features for every patient, got none for %(codes)s. Describe their clips, or "
        "leave them out and count them in the flow diagram."
    ),
    gettext_noop("patients: expected every code once, got %(codes)s more than once."),
    gettext_noop(
        "features: expected a column with at most %(share)s of values missing, got none of %(n)s. Describe "
        "the clips again, or leave out those without features."
    ),
    gettext_noop(
        "features: expected a column that varies between patients, got %(n)s constant. Check that different "
        "clips were described."
    ),
    gettext_noop(
        "expected at least %(least)s positive and %(again)s negative patients, got %(events)s positive and "
        "%(others)s negative. The statistic needs both classes."
    ),
    gettext_noop(
        "%(name)s: expected labels 0 (negative) and 1 (positive), got %(odd)s. Resolve missing and "
        "indeterminate labels before judging."
    ),
    gettext_noop(
        "%(name)s: expected finite numbers, got %(n)s missing or infinite of %(all)s. Leave out patients "
        "without a prediction, and report how many."
    ),
    gettext_noop(
        "score: expected at least two distinct values, got %(value)s for everybody. A constant score has no "
        "cut-off; look at why the model predicts the same for all."
    ),
    # leaks, each with its name
    gettext_noop(
        "selection_before_split: expected all %(n)s measured columns in order, got %(found)s (%(missing)s "
        "left out). Pass every column: choosing happens inside the folds."
    ),
    gettext_noop(
        "label_among_predictors: %(columns)s divide the classes perfectly. Leave out what is known only "
        "with the label, such as pathology."
    ),
    gettext_noop(
        "one_patient_two_codes: %(first)s and %(second)s have the same features. Merge the codes, or give "
        "both one group so that no fold can divide them."
    ),
    gettext_noop(
        "one_patient_two_codes: %(purpose)s met %(codes)s, who share a hospital number or identical "
        "features with a patient of the other set. Merge the codes, split again."
    ),
    gettext_noop(
        "one_patient_two_codes: %(first)s has the features of the training patient %(second)s. Merge the "
        "codes, then draw the split again."
    ),
    gettext_noop(
        "test_patient_in_training: %(purpose)s must not see patients of the other set, got %(codes)s. Keep "
        "every patient on the side of the sealed split."
    ),
    gettext_noop("the test set"),
    # files of fitted models
    gettext_noop("model file: expected an ensemble of this program. Train again, or pick another file."),
    gettext_noop(
        "model file: its seal does not fit. It was damaged, changed, or sealed by another installation; "
        "train again or restore it from the registry."
    ),
    gettext_noop("model file: expected known estimators, got %(names)s. Not opened."),
    gettext_noop("model file: expected its parts, got %(error)s. Train again."),
    gettext_noop("model file: expected all parts of an ensemble, got %(error)s. Train again."),
    gettext_noop("feature_names: expected the %(n)s columns trained on, in their order."),
    gettext_noop("Expected a detector graph, %(path)s does not run (%(error)s); export the weights again."),
    gettext_noop("Expected an ONNX graph, %(path)s cannot be opened (%(error)s); restore the file."),
    # cines and detectors
    gettext_noop("Detection stopped on request; start it again to complete the clip."),
    gettext_noop("Stopped after %(done)s of %(total)s frames, as asked."),
    gettext_noop("Somebody asked to stop."),
    gettext_noop("Expected finite, strictly increasing time stamps; check FrameTimeVector."),
    gettext_noop("Expected %(n)s frames, as many as boxes; got %(found)s."),
    gettext_noop("Training stopped on request while drawing synthetic images; start it again."),
    gettext_noop("Training stopped in epoch %(epoch)s on request; resume to go on from there."),
    gettext_noop("Training diverged at step %(step)s (loss %(loss)s); lower the learning rate."),
    gettext_noop("Expected a lesion box to train and one to validate on, got none; add labelled images."),
    gettext_noop(
        "Expected images of two groups at least, to train and to validate on, got %(n)s besides the "
        "held-out fifth; add images of other patients."
    ),
)
