"""What a descriptor of a curve says of its rhythm; standard library only, so that pages may ask."""

from analysis.pipeline.names import DYNAMIC_SEPARATOR

ASPECTS: dict[str, tuple[str, ...]] = {
    "level": ("t_mean", "t_arv", "t_rms", "f_dc", "t_max", "t_min"),
    "amount": ("t_pp", "t_var", "t_std", "f_ap", "f_am"),
    "pace": ("f_fc", "f_msf", "f_rmsf", "f_fp"),
    "irregularity": ("f_vf", "f_rvf", "f_se"),
    "peaks": ("t_skew", "t_kurt", "t_wf", "t_cf", "t_impf", "t_mf"),
}
"""How high a curve lies, how much it changes, how fast, how irregularly, how peaked: all 24 descriptors."""
ASPECT_OF = {descriptor: aspect for aspect, names in ASPECTS.items() for descriptor in names}


def divided(name: str) -> tuple[str, str, str]:
    """Return texture, rhythm and aspect of a column; a clinical variable has only a name."""
    if DYNAMIC_SEPARATOR not in name:
        return name, "", ""
    texture, rhythm = name.split(DYNAMIC_SEPARATOR)
    return texture, rhythm, ASPECT_OF.get(rhythm, "")
