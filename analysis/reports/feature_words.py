"""Names of features and descriptors in the language of the page; the pipeline's own table is English."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from analysis.pipeline.names import DESCRIPTOR_INFO, STATIC_INFO

LABELS = (
    gettext_noop("10th percentile"),
    gettext_noop("90th percentile"),
    gettext_noop("Energy"),
    gettext_noop("Entropy"),
    gettext_noop("Interquartile range"),
    gettext_noop("Kurtosis (normal = 3)"),
    gettext_noop("Maximum"),
    gettext_noop("Mean absolute deviation"),
    gettext_noop("Mean"),
    gettext_noop("Median"),
    gettext_noop("Minimum"),
    gettext_noop("Range"),
    gettext_noop("Robust mean absolute deviation"),
    gettext_noop("Root mean square"),
    gettext_noop("Skewness"),
    gettext_noop("Total energy"),
    gettext_noop("Uniformity"),
    gettext_noop("Variance"),
    gettext_noop("Elongation (minor / major)"),
    gettext_noop("Major axis length"),
    gettext_noop("Maximum diameter"),
    gettext_noop("Mesh area"),
    gettext_noop("Minor axis length"),
    gettext_noop("Perimeter"),
    gettext_noop("Perimeter / area"),
    gettext_noop("Pixel area"),
    gettext_noop("Sphericity"),
    gettext_noop("Autocorrelation"),
    gettext_noop("Cluster prominence"),
    gettext_noop("Cluster shade"),
    gettext_noop("Cluster tendency"),
    gettext_noop("Contrast"),
    gettext_noop("Correlation"),
    gettext_noop("Difference average"),
    gettext_noop("Difference entropy"),
    gettext_noop("Difference variance"),
    gettext_noop("Inverse difference"),
    gettext_noop("Inverse difference moment"),
    gettext_noop("Inverse difference moment, normalised"),
    gettext_noop("Inverse difference, normalised"),
    gettext_noop("Informational correlation 1"),
    gettext_noop("Informational correlation 2"),
    gettext_noop("Inverse variance"),
    gettext_noop("Joint average"),
    gettext_noop("Joint energy (angular second moment)"),
    gettext_noop("Joint entropy"),
    gettext_noop("Maximal correlation coefficient"),
    gettext_noop("Joint maximum"),
    gettext_noop("Sum average"),
    gettext_noop("Sum entropy"),
    gettext_noop("Joint variance (sum of squares)"),
    gettext_noop("maximum"),
    gettext_noop("minimum"),
    gettext_noop("mean"),
    gettext_noop("peak to peak"),
    gettext_noop("average rectified value"),
    gettext_noop("variance"),
    gettext_noop("standard deviation"),
    gettext_noop("skewness"),
    gettext_noop("kurtosis (normal = 3)"),
    gettext_noop("root mean square"),
    gettext_noop("waveform factor"),
    gettext_noop("crest factor"),
    gettext_noop("impulse factor"),
    gettext_noop("margin factor"),
    gettext_noop("direct component"),
    gettext_noop("centre-of-gravity frequency"),
    gettext_noop("mean square frequency"),
    gettext_noop("root mean square frequency"),
    gettext_noop("frequency variance"),
    gettext_noop("frequency standard deviation"),
    gettext_noop("peak frequency"),
    gettext_noop("amplitude at the peak"),
    gettext_noop("mean amplitude"),
    gettext_noop("spectral entropy"),
)
"""Every label of STATIC_INFO (those of LBP are built below) and DESCRIPTOR_INFO, for the catalogue."""


def static_label(name: str) -> str:
    """The name of a static feature for people."""
    if not name.startswith("lbp_"):
        return _(STATIC_INFO[name].label)
    radius, code = name[5], name[-1]  # lbp_R<radius>_bin<code>
    if code == "9":
        return _("LBP radius %(radius)s, not uniform") % {"radius": radius}
    return _("LBP radius %(radius)s, %(count)s of 8 not darker") % {"radius": radius, "count": code}


def descriptor_label(name: str) -> str:
    """The name of a descriptor of a curve for people."""
    return _(DESCRIPTOR_INFO[name].label)
