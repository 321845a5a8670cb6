"""Why a file is not taken, in English as it is stored with the file; see `stored_sentences`."""

from django.utils.translation import gettext_noop

FILES = (
    gettext_noop("file %(number)s"),
    # no cine
    gettext_noop(
        "The file is neither DICOM nor a video nor a ZIP of frames, or its beginning is damaged; export the "
        "cine again from the ultrasound machine."
    ),
    gettext_noop("There is no file of that name, or it is a folder; choose a file."),
    gettext_noop(
        "The file has %(size)s GB and at most %(most)s GB are taken; export a shorter cine or one in JPEG."
    ),
    gettext_noop("The file is larger than %(most)s GB; export a shorter cine."),
    gettext_noop("The video has more than %(most)s frames; export a shorter cine."),
    # a ZIP of frames
    gettext_noop(
        "The ZIP holds a file that is not a JPG or PNG picture (%(ending)s); pack only the numbered pictures "
        "of one cine."
    ),
    gettext_noop("no ending"),
    gettext_noop("A picture in the ZIP unpacks to far more than its packed size; pack it again."),
    gettext_noop(
        "A picture in the ZIP has no number at the end of its name, so its place in the cine is unknown; "
        "number the pictures."
    ),
    gettext_noop("The ZIP holds %(n)s files and at most %(most)s are taken."),
    gettext_noop("The ZIP holds %(n)s pictures and at most %(most)s are taken."),
    # DICOM
    gettext_noop(
        "The beginning of this DICOM file (preamble and file meta) is missing; export it again as a DICOM "
        "file."
    ),
    gettext_noop(
        "The pixels are stored as floating-point numbers, which ultrasound machines do not do; export the "
        "cine as ordinary 8-bit pictures."
    ),
    gettext_noop("The DICOM file is deflated as a whole; export it as JPEG or uncompressed."),
    gettext_noop(
        "The header promises %(declared)s frames and the file holds %(found)s, so frames and times cannot be "
        "matched; export the cine again."
    ),
    gettext_noop("The file holds %(n)s frames and at most %(most)s are taken; export less."),
    gettext_noop("The DICOM header gives %(said)s for its pictures; export the cine again."),
    gettext_noop(
        "The pictures have %(channels)s channels of %(bits)s bits as %(kind)s, which no ultrasound machine "
        "makes; the header is damaged: export the cine again."
    ),
    gettext_noop(
        "The DICOM header does not give %(keyword)s, so its pictures cannot be read; export it again."
    ),
    gettext_noop(
        "The pictures are coded as %(name)s, which cannot be read here; export the cine as JPEG baseline, "
        "RLE or uncompressed."
    ),
    gettext_noop(
        "The header gives %(columns)s × %(rows)s pixels and the pictures have %(width)s × %(height)s; export "
        "the cine again."
    ),
    gettext_noop(
        "The header gives %(columns)s × %(rows)s pixels and its video %(width)s × %(height)s; export the "
        "cine again."
    ),
    gettext_noop(
        "The header and the pictures disagree on colour; the file is damaged: export the cine again."
    ),
    gettext_noop(
        "The pictures are %(process)s JPEG, which cannot be shown in a browser as they are; export them as "
        "baseline JPEG or uncompressed."
    ),
    gettext_noop(
        "The JPEG pictures have %(channels)s channels of %(bits)s bits, where one or three of 8 bits are "
        "expected; export them as ordinary 8-bit JPEG."
    ),
    gettext_noop("%(expected)s frames were expected and %(read)s read; export the cine again."),
    gettext_noop("Frame %(number)s has another size than the first one; export the cine again."),
    gettext_noop("The colour table of the DICOM file is missing; export the cine again."),
    gettext_noop(
        "The header gives a picture of %(width)s × %(height)s pixels, larger than any ultrasound; the file "
        "is damaged or not an ultrasound cine: export it again."
    ),
    # how a file is damaged
    gettext_noop("a picture in the ZIP is longer or shorter than announced"),
    gettext_noop("the ZIP cannot be unpacked"),
    gettext_noop("a picture in the ZIP cannot be unpacked"),
    gettext_noop("its header contradicts itself"),
    gettext_noop("a frame cannot be read"),
    gettext_noop("its header is garbled"),
    gettext_noop("its header cannot be read"),
    gettext_noop("one compressed frame is larger than any picture"),
    gettext_noop("its number of frames is not a number"),
    gettext_noop("the compressed pictures are not where they should be"),
    gettext_noop("its colours need an even width"),
    gettext_noop("a compressed frame cannot be decoded"),
    gettext_noop("the JPEG data of a frame cannot be decoded"),
    gettext_noop("a picture does not begin as a JPEG does"),
    gettext_noop("a JPEG picture has a short header"),
    gettext_noop("a JPEG picture has no frame header"),
    gettext_noop("a JPEG picture ends early or is garbled"),
    gettext_noop("a JPEG picture is garbled"),
    gettext_noop("one JPEG picture holds two"),
    gettext_noop("its colour table is garbled"),
    gettext_noop("its colour table is longer than announced"),
    gettext_noop("its colour table is shorter than announced"),
    gettext_noop("a stored frame cannot be decoded"),
    gettext_noop("a picture in it cannot be read"),
    gettext_noop("a picture in it cannot be decoded"),
    gettext_noop("the video cannot be decoded"),
)
