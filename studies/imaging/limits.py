"""Sizes beyond which a file is refused: generous for a breast cine, small for one worker."""

MAX_FILE_BYTES = 8 * 1024**3
"""A 3,000-frame uncompressed colour cine of 1024 × 768 px takes 7 GB."""

MAX_FRAMES = 20_000
"""More than ten minutes at 30 frames a second; a sweep over a lesion takes ten seconds."""

MAX_SIDE_PX = 8192
"""Widest and highest frame; diagnostic monitors stop at 8192."""

MAX_FRAME_PIXELS = 12_000_000
"""Pixels of one frame: a 4000 × 3000 photograph. Bounds the memory of a decoder to about 150 MB."""

MAX_FRAME_BYTES = 64 * 1024**2
"""Stored bytes of one frame: an uncompressed colour frame of the largest size takes 36 MB."""

MIN_SIDE_PX = 16
"""A smaller picture cannot show a lesion (the smallest measurable one has a side of 8 px)."""

MAX_ARCHIVE_ENTRIES = MAX_FRAMES + 100
"""Entries of a ZIP, folders and companions such as Thumbs.db included."""

MAX_ARCHIVE_RATIO = 200
"""Unpacked to packed bytes of one picture. JPG and PNG hardly shrink; a zip bomb passes 1000."""

MAX_HEADER_VALUE_BYTES = 1024**2
"""Longest header value that is looked at. A palette table takes 128 kB; nothing else comes near."""

MAX_JPEG_SCANS = 100
"""Scans of one progressive JPEG picture: more is an attempt to keep the decoder busy."""

MIN_FPS = 1.0
MAX_FPS = 200.0
"""Plausible frames per second of a breast cine; anything else is "not recorded"."""

MIN_SPACING_MM = 0.002
MAX_SPACING_MM = 5.0
"""Plausible pixel spacing, mm per pixel; anything else is "not recorded"."""
