"""What the arithmetic auditor and the intervals say of themselves, in English; see `stored_sentences`."""

from django.utils.translation import gettext_noop

AUDITOR = (
    # why a figure does not follow
    gettext_noop(
        "%(first)s and %(second)s give %(value)s; printed is the sum of the rounded SEN and SPC less one"
    ),
    gettext_noop("%(first)s and %(second)s give %(value)s"),
    gettext_noop("%(share)s gives %(value)s; no other count agrees with as much of the row"),
    gettext_noop("a curve through this sensitivity and specificity has an area from %(least)s to %(most)s"),
    gettext_noop("printed with %(places)s decimal places, the table uses %(usual)s"),
    gettext_noop("the formula of the other rows (%(name)s) gives %(value)s"),
    gettext_noop("not a whole count over %(n)s, as the other rows have; the nearest are %(around)s"),
    gettext_noop("lies above the estimate %(value)s"),
    gettext_noop("lies below the estimate %(value)s"),
    # what is odd
    gettext_noop("%(place)s: AUC %(value)s needs another cut-off with a larger Youden index."),
    gettext_noop("%(place)s: %(first)s and %(second)s agree in all but %(apart)s."),
    gettext_noop("%(place)s: %(first)s and %(second)s agree in every figure."),
    # formulas
    gettext_noop("Wald without the square root"),
    gettext_noop("Wald, variances added"),
    gettext_noop("sum of the rounded bounds of SEN and SPC"),
    gettext_noop("resampling: bounds are whole counts over n"),
    gettext_noop("symmetric about the estimate (DeLong or Wald type)"),
    gettext_noop("asymmetric: resampling, or a transformed scale"),
    gettext_noop("not recognised (resampling with a cut-off chosen anew, or other)"),
    gettext_noop("the formula lacks its square root; the interval is far too narrow"),
    gettext_noop("limits were added instead of variances; the interval is too wide"),
    # methods of intervals
    gettext_noop("stratified patient bootstrap, percentile"),
    gettext_noop("log (Simel)"),
    gettext_noop("log (Simel), 0.5 added to each cell"),
    # tables that cannot be read
    gettext_noop("expected the columns %(columns)s; missing: %(missing)s."),
    gettext_noop("expected at least one row under the header, got none."),
    gettext_noop("line %(line)s: %(metric)s of %(place)s is given more than once."),
    gettext_noop("line %(line)s: expected one n_pos and n_neg for all metrics of %(place)s."),
    gettext_noop("line %(line)s: metric: expected one of %(known)s, got %(given)s."),
    gettext_noop("line %(line)s: value: expected a number, got nothing."),
    gettext_noop("line %(line)s: expected both bounds of the interval or neither."),
    gettext_noop("line %(line)s: %(name)s: expected a number, got %(given)s."),
    gettext_noop("line %(line)s: %(name)s: expected a whole number of at least 1, got %(given)s."),
    # procedures of the paper
    gettext_noop(
        "The cut-off was chosen on the patients it is judged on, which flatters SEN, SPC, ACC and YI; the "
        "interval of ACC lacks its square root (many times too narrow) and that of YI adds limits (too wide)."
    ),
    gettext_noop(
        "The cut-off was chosen anew in every resample, on the patients it is judged on: the estimates are "
        "optimistic, and the intervals describe a procedure that nobody can use on a new patient."
    ),
)
