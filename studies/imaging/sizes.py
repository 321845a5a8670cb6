"""One check of picture sizes for every kind of source, made before anything is allocated."""

from studies.errors import RefusedFileError
from studies.imaging.limits import MAX_FRAME_PIXELS, MAX_SIDE_PX, MIN_SIDE_PX


def check_size(height: int, width: int) -> None:
    """Raises RefusedFileError unless a frame of ``height`` × ``width`` pixels can be worked with."""
    if min(height, width) < MIN_SIDE_PX:
        raise RefusedFileError(
            f"The picture has {width} × {height} pixels, fewer than {MIN_SIDE_PX} × {MIN_SIDE_PX}; "
            "export the cine in its full size."
        )
    if max(height, width) > MAX_SIDE_PX or height * width > MAX_FRAME_PIXELS:
        raise RefusedFileError(
            f"The header gives a picture of {width} × {height} pixels, larger than any ultrasound; "
            "the file is damaged or not an ultrasound cine: export it again."
        )
