"""Numbers that several kernels share, with their sources."""

from typing import Final

LBP_RADII: Final = (1, 2, 3, 4)  # pixels; Ojala 2002 with P = 8 samples on each circle
LBP_BINS: Final = 10  # riu2 codes 0..8 (uniform) and 9 (not uniform)
LBP_MARGIN_PX: Final = 4  # the farthest pixel that a sample of the largest radius reads
N_GREY: Final = 256  # values of an 8-bit pixel
MAX_LEVELS: Final = 1024  # highest grey level after discretisation that the kernels accept
EPSILON: Final = 2.0**-52  # numpy.spacing(1), added inside logarithms and roots as pyradiomics does
