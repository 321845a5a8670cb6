"""The names of the 91 static features, the 24 descriptors of a curve and the 2,184 features of a clip.

Literal, ordered, standard library only: columns of every table, file and model follow these tuples.

Static features keep pyradiomics' own names and the order in which pyradiomics 3.0.1 emits them (18 first
order, 9 shape, 24 co-occurrence), followed by 40 local binary pattern frequencies by radius, then bin.

Sources: IBSI = Zwanenburg A et al., "The Image Biomarker Standardization Initiative", Radiology
2020;295:328-338, and its reference manual (arXiv:1612.07003), cited by a feature's four-character code;
Ojala T, Pietikäinen M, Mäenpää T, "Multiresolution gray-scale and rotation invariant texture classification
with local binary patterns", IEEE TPAMI 2002;24:971-987; pyradiomics = van Griethuysen JJM et al., Cancer Res
2017;77:e104-e107.
"""

from typing import Final, NamedTuple

# fmt: off
FIRSTORDER_FEATURES: Final[tuple[str, ...]] = (
    "firstorder_10Percentile", "firstorder_90Percentile", "firstorder_Energy", "firstorder_Entropy",
    "firstorder_InterquartileRange", "firstorder_Kurtosis", "firstorder_Maximum",
    "firstorder_MeanAbsoluteDeviation", "firstorder_Mean", "firstorder_Median", "firstorder_Minimum",
    "firstorder_Range", "firstorder_RobustMeanAbsoluteDeviation", "firstorder_RootMeanSquared",
    "firstorder_Skewness", "firstorder_TotalEnergy", "firstorder_Uniformity", "firstorder_Variance",
)
SHAPE_FEATURES: Final[tuple[str, ...]] = (
    "shape2D_Elongation", "shape2D_MajorAxisLength", "shape2D_MaximumDiameter", "shape2D_MeshSurface",
    "shape2D_MinorAxisLength", "shape2D_Perimeter", "shape2D_PerimeterSurfaceRatio", "shape2D_PixelSurface",
    "shape2D_Sphericity",
)
GLCM_FEATURES: Final[tuple[str, ...]] = (
    "glcm_Autocorrelation", "glcm_ClusterProminence", "glcm_ClusterShade", "glcm_ClusterTendency",
    "glcm_Contrast", "glcm_Correlation", "glcm_DifferenceAverage", "glcm_DifferenceEntropy",
    "glcm_DifferenceVariance", "glcm_Id", "glcm_Idm", "glcm_Idmn", "glcm_Idn", "glcm_Imc1", "glcm_Imc2",
    "glcm_InverseVariance", "glcm_JointAverage", "glcm_JointEnergy", "glcm_JointEntropy", "glcm_MCC",
    "glcm_MaximumProbability", "glcm_SumAverage", "glcm_SumEntropy", "glcm_SumSquares",
)
LBP_FEATURES: Final[tuple[str, ...]] = (
    "lbp_R1_bin0", "lbp_R1_bin1", "lbp_R1_bin2", "lbp_R1_bin3", "lbp_R1_bin4",
    "lbp_R1_bin5", "lbp_R1_bin6", "lbp_R1_bin7", "lbp_R1_bin8", "lbp_R1_bin9",
    "lbp_R2_bin0", "lbp_R2_bin1", "lbp_R2_bin2", "lbp_R2_bin3", "lbp_R2_bin4",
    "lbp_R2_bin5", "lbp_R2_bin6", "lbp_R2_bin7", "lbp_R2_bin8", "lbp_R2_bin9",
    "lbp_R3_bin0", "lbp_R3_bin1", "lbp_R3_bin2", "lbp_R3_bin3", "lbp_R3_bin4",
    "lbp_R3_bin5", "lbp_R3_bin6", "lbp_R3_bin7", "lbp_R3_bin8", "lbp_R3_bin9",
    "lbp_R4_bin0", "lbp_R4_bin1", "lbp_R4_bin2", "lbp_R4_bin3", "lbp_R4_bin4",
    "lbp_R4_bin5", "lbp_R4_bin6", "lbp_R4_bin7", "lbp_R4_bin8", "lbp_R4_bin9",
)
DYNAMIC_DESCRIPTORS: Final[tuple[str, ...]] = (
    "t_max", "t_min", "t_mean", "t_pp", "t_arv", "t_var", "t_std", "t_skew", "t_kurt", "t_rms", "t_wf",
    "t_cf", "t_impf", "t_mf",
    "f_dc", "f_fc", "f_msf", "f_rmsf", "f_vf", "f_rvf", "f_fp", "f_ap", "f_am", "f_se",
)
# fmt: on

STATIC_FEATURES: Final[tuple[str, ...]] = FIRSTORDER_FEATURES + SHAPE_FEATURES + GLCM_FEATURES + LBP_FEATURES

DYNAMIC_SEPARATOR: Final = "__"
DYNAMIC_FEATURES: Final[tuple[str, ...]] = tuple(
    f"{static}{DYNAMIC_SEPARATOR}{descriptor}"
    for static in STATIC_FEATURES
    for descriptor in DYNAMIC_DESCRIPTORS
)


class StaticInfo(NamedTuple):
    """What a static feature is called for people, its unit, and where it is defined.

    Lengths are in mm where the pixel spacing is known and in pixels where it is not; "level" is a grey level
    after discretisation; "1" has no unit.
    """

    label: str
    unit: str
    source: str


class DescriptorInfo(NamedTuple):
    """What a descriptor of a curve is called for people, its unit, and where it is defined.

    In `unit`, "x" is the unit of the static feature; Hz reads cycles/frame where the frame rate is unknown.
    """

    label: str
    unit: str
    source: str


_OJALA = "Ojala 2002, LBP riu2, P=8"
_VIBRATION = "condition monitoring, time domain"
_SPECTRUM = "condition monitoring, frequency domain"

STATIC_INFO: Final[dict[str, StaticInfo]] = {
    "firstorder_10Percentile": StaticInfo("10th percentile", "grey", "IBSI QG58"),
    "firstorder_90Percentile": StaticInfo("90th percentile", "grey", "IBSI 8DWT"),
    "firstorder_Energy": StaticInfo("Energy", "grey²", "IBSI N8CA"),
    "firstorder_Entropy": StaticInfo("Entropy", "bit", "IBSI TLU2"),
    "firstorder_InterquartileRange": StaticInfo("Interquartile range", "grey", "IBSI SALO"),
    "firstorder_Kurtosis": StaticInfo("Kurtosis (normal = 3)", "1", "IBSI IPH6 plus 3"),
    "firstorder_Maximum": StaticInfo("Maximum", "grey", "IBSI 84IY"),
    "firstorder_MeanAbsoluteDeviation": StaticInfo("Mean absolute deviation", "grey", "IBSI 4FUA"),
    "firstorder_Mean": StaticInfo("Mean", "grey", "IBSI Q4LE"),
    "firstorder_Median": StaticInfo("Median", "grey", "IBSI Y12H"),
    "firstorder_Minimum": StaticInfo("Minimum", "grey", "IBSI 1GSF"),
    "firstorder_Range": StaticInfo("Range", "grey", "IBSI 2OJQ"),
    "firstorder_RobustMeanAbsoluteDeviation": StaticInfo(
        "Robust mean absolute deviation", "grey", "IBSI 1128"
    ),
    "firstorder_RootMeanSquared": StaticInfo("Root mean square", "grey", "IBSI 5ZWQ"),
    "firstorder_Skewness": StaticInfo("Skewness", "1", "IBSI KE2M"),
    "firstorder_TotalEnergy": StaticInfo("Total energy", "grey²·mm²", "pyradiomics firstorder"),
    "firstorder_Uniformity": StaticInfo("Uniformity", "1", "IBSI BJ5W"),
    "firstorder_Variance": StaticInfo("Variance", "grey²", "IBSI ECT3"),
    "shape2D_Elongation": StaticInfo("Elongation (minor / major)", "1", "pyradiomics shape2D"),
    "shape2D_MajorAxisLength": StaticInfo("Major axis length", "mm", "pyradiomics shape2D"),
    "shape2D_MaximumDiameter": StaticInfo("Maximum diameter", "mm", "pyradiomics shape2D"),
    "shape2D_MeshSurface": StaticInfo("Mesh area", "mm²", "pyradiomics shape2D"),
    "shape2D_MinorAxisLength": StaticInfo("Minor axis length", "mm", "pyradiomics shape2D"),
    "shape2D_Perimeter": StaticInfo("Perimeter", "mm", "pyradiomics shape2D"),
    "shape2D_PerimeterSurfaceRatio": StaticInfo("Perimeter / area", "1/mm", "pyradiomics shape2D"),
    "shape2D_PixelSurface": StaticInfo("Pixel area", "mm²", "pyradiomics shape2D"),
    "shape2D_Sphericity": StaticInfo("Sphericity", "1", "pyradiomics shape2D"),
    "glcm_Autocorrelation": StaticInfo("Autocorrelation", "level²", "IBSI QWB0"),
    "glcm_ClusterProminence": StaticInfo("Cluster prominence", "level⁴", "IBSI AE86"),
    "glcm_ClusterShade": StaticInfo("Cluster shade", "level³", "IBSI 7NFM"),
    "glcm_ClusterTendency": StaticInfo("Cluster tendency", "level²", "IBSI DG8W"),
    "glcm_Contrast": StaticInfo("Contrast", "level²", "IBSI ACUI"),
    "glcm_Correlation": StaticInfo("Correlation", "1", "IBSI NI2N"),
    "glcm_DifferenceAverage": StaticInfo("Difference average", "level", "IBSI TF7R"),
    "glcm_DifferenceEntropy": StaticInfo("Difference entropy", "bit", "IBSI NTRS"),
    "glcm_DifferenceVariance": StaticInfo("Difference variance", "level²", "IBSI D3YU"),
    "glcm_Id": StaticInfo("Inverse difference", "1", "IBSI IB1Z"),
    "glcm_Idm": StaticInfo("Inverse difference moment", "1", "IBSI WF0Z"),
    "glcm_Idmn": StaticInfo("Inverse difference moment, normalised", "1", "IBSI 1QCO"),
    "glcm_Idn": StaticInfo("Inverse difference, normalised", "1", "IBSI NDRX"),
    "glcm_Imc1": StaticInfo("Informational correlation 1", "1", "IBSI R8DG"),
    "glcm_Imc2": StaticInfo("Informational correlation 2", "1", "IBSI JN9H, entropies in bits"),
    "glcm_InverseVariance": StaticInfo("Inverse variance", "1", "IBSI E8JP"),
    "glcm_JointAverage": StaticInfo("Joint average", "level", "IBSI 60VM"),
    "glcm_JointEnergy": StaticInfo("Joint energy (angular second moment)", "1", "IBSI 8ZQL"),
    "glcm_JointEntropy": StaticInfo("Joint entropy", "bit", "IBSI TU9B"),
    "glcm_MCC": StaticInfo("Maximal correlation coefficient", "1", "pyradiomics glcm; Haralick 1973"),
    "glcm_MaximumProbability": StaticInfo("Joint maximum", "1", "IBSI GYBY"),
    "glcm_SumAverage": StaticInfo("Sum average", "level", "IBSI ZGXS"),
    "glcm_SumEntropy": StaticInfo("Sum entropy", "bit", "IBSI P6QZ"),
    "glcm_SumSquares": StaticInfo("Joint variance (sum of squares)", "level²", "IBSI UR99"),
    **{
        name: StaticInfo(
            f"LBP radius {name[5]}, " + ("not uniform" if name[-1] == "9" else f"{name[-1]} of 8 not darker"),
            "1",
            f"{_OJALA}, R={name[5]}",
        )
        for name in LBP_FEATURES
    },
}

DESCRIPTOR_INFO: Final[dict[str, DescriptorInfo]] = {
    "t_max": DescriptorInfo("maximum", "x", _VIBRATION),
    "t_min": DescriptorInfo("minimum", "x", _VIBRATION),
    "t_mean": DescriptorInfo("mean", "x", _VIBRATION),
    "t_pp": DescriptorInfo("peak to peak", "x", _VIBRATION),
    "t_arv": DescriptorInfo("average rectified value", "x", _VIBRATION),
    "t_var": DescriptorInfo("variance", "x²", _VIBRATION),
    "t_std": DescriptorInfo("standard deviation", "x", _VIBRATION),
    "t_skew": DescriptorInfo("skewness", "1", _VIBRATION),
    "t_kurt": DescriptorInfo("kurtosis (normal = 3)", "1", _VIBRATION),
    "t_rms": DescriptorInfo("root mean square", "x", _VIBRATION),
    "t_wf": DescriptorInfo("waveform factor", "1", _VIBRATION),
    "t_cf": DescriptorInfo("crest factor", "1", _VIBRATION),
    "t_impf": DescriptorInfo("impulse factor", "1", _VIBRATION),
    "t_mf": DescriptorInfo("margin factor", "1", _VIBRATION),
    "f_dc": DescriptorInfo("direct component", "x", "the paper, Methods"),
    "f_fc": DescriptorInfo("centre-of-gravity frequency", "Hz", "the paper, Methods"),
    "f_msf": DescriptorInfo("mean square frequency", "Hz²", "the paper, Methods"),
    "f_rmsf": DescriptorInfo("root mean square frequency", "Hz", _SPECTRUM),
    "f_vf": DescriptorInfo("frequency variance", "Hz²", _SPECTRUM),
    "f_rvf": DescriptorInfo("frequency standard deviation", "Hz", _SPECTRUM),
    "f_fp": DescriptorInfo("peak frequency", "Hz", _SPECTRUM),
    "f_ap": DescriptorInfo("amplitude at the peak", "x", _SPECTRUM),
    "f_am": DescriptorInfo("mean amplitude", "x", _SPECTRUM),
    "f_se": DescriptorInfo("spectral entropy", "1", _SPECTRUM),
}


def static_subset(*, shape: bool = True, lbp: bool = True) -> tuple[str, ...]:
    """Names of the static features with a class switched off, in table order (for ablations)."""
    shape_names = SHAPE_FEATURES if shape else ()
    lbp_names = LBP_FEATURES if lbp else ()
    return FIRSTORDER_FEATURES + shape_names + GLCM_FEATURES + lbp_names


def dynamic_subset(*, shape: bool = True, lbp: bool = True) -> tuple[str, ...]:
    """Names of a clip's features with a static class switched off, in table order (for ablations)."""
    kept = set(static_subset(shape=shape, lbp=lbp))
    return tuple(name for name in DYNAMIC_FEATURES if name.split(DYNAMIC_SEPARATOR)[0] in kept)
