"""What services refuse and what is wrong with files, in English as stored; see `stored_sentences`."""

from django.utils.translation import gettext_noop

REFUSALS = (
    gettext_noop("There is no such topic to state anything about."),
    gettext_noop("The stored report was changed since it was printed, so it is not shown. Print it again."),
    gettext_noop("Another report of this study was printed at the same time; retry."),
    gettext_noop("Refused in %(where)s: “%(words)s”. %(why)s Change it, then print again."),
    gettext_noop("This reading is locked already."),
    gettext_noop("This consensus waits for the second signature; take it back to change it."),
    gettext_noop("%(who)s began this reading; take it over with a reason, or leave it."),
    gettext_noop("There is nothing to adjudicate: two locked readings must differ first."),
    gettext_noop("Say why this reading counts: an adjudication is signed with its reason."),
    gettext_noop("Only the two readers sign their consensus."),
    gettext_noop("You have signed this consensus; it waits for the other reader."),
    gettext_noop("A reading is signed by the pathologist who made it."),
    gettext_noop("A reading is amended by the pathologist who signed it; take it over first."),
    gettext_noop("Say why you take the reading over; the reason is kept."),
    gettext_noop("This reading is yours already."),
    gettext_noop("You read this specimen yourself: both readings must stay independent."),
    gettext_noop("This study asks for one pathologist per specimen: no second reading."),
    gettext_noop("This reading is signed; a recount belongs to a draft."),
    gettext_noop("The recount needs a second observer; this reading is your own."),
    gettext_noop("No ISH was entered, so there is nothing to count again."),
    gettext_noop("Count at least 20 cells: the guideline asks for them."),
    gettext_noop("This reading is locked; amend it with a reason to change it."),
    gettext_noop("IHC and ISH disagree here: write a comment that explains it, then lock."),
    gettext_noop("This result is reported with a comment: write it, then lock."),
    gettext_noop("Not final yet: %(why)s"),
    gettext_noop("Only a signed reading is amended; this one is a draft that can be changed."),
    gettext_noop("Say why the signed reading is amended; the reason is kept."),
    gettext_noop("Choose a criterion of the protocol and one of its verdicts."),
    gettext_noop("Write down the evidence: it is kept with the decision."),
    gettext_noop(
        "%(code)s is on a side of the sealed split: say in the note why the eligibility changes. The patient "
        "stays on that side and is left out of learning and judging."
    ),
    gettext_noop("Only a failed or cancelled job can be retried."),
    gettext_noop("Say why this version becomes the one of record; the reason is kept."),
    gettext_noop("This version is the one of record already."),
    gettext_noop("Say why the shipped detector becomes the one of record; the reason is kept."),
    gettext_noop("The shipped detector is the one of record already."),
    gettext_noop(
        "Expected images of two groups at least, to train and to validate on, got %(n)s besides the held-out "
        "fifth; add images of other patients."
    ),
    gettext_noop("Seal the split before looking at the test side."),
    gettext_noop("Some patients do not belong to this study; nothing was assigned."),
    gettext_noop("The clip belongs to another patient."),
    gettext_noop("The patient belongs to another study; choose one of this study."),
    gettext_noop("The site belongs to another study; choose one of this study."),
    gettext_noop("The split differs from what was sealed; the audit trail shows since when."),
    gettext_noop("The split is drawn already; a patient never moves."),
    gettext_noop("The split is sealed: its units no longer change."),
    gettext_noop("The split is sealed: the rule for new patients no longer changes."),
    gettext_noop("Say why the test side is looked at; the reason is kept with the look."),
    gettext_noop("Say why the temporal test is looked at; the reason is kept with the look."),
    gettext_noop("The split is sealed: new patients only go where the study's stored rule says."),
    gettext_noop("The split is not sealed yet: nobody can be on the temporal test."),
    gettext_noop("There is no split yet: draw it first, then seal."),
    gettext_noop("This study is sealed already."),
    gettext_noop(
        "There are %(n)s patients with a final HER2 label; label more of them before drawing the split."
    ),
    gettext_noop("%(n)s patients are on a side already; a patient never moves."),
    gettext_noop("This file already has a patient or a verdict; reload the page."),
    gettext_noop("There is no lesion box to describe: the detector found none. Draw one in the viewer."),
    gettext_noop("There is no trained ensemble yet; train one on the Models page, then judge it."),
    gettext_noop(
        "There are %(n)s signed cines of training patients; at least %(needed)s are needed. Let the "
        "readers sign more."
    ),
    gettext_noop("Mark at least one region inside the picture."),
    gettext_noop("Mark at most %(n)s regions at once; join those that touch."),
    gettext_noop("The pictures changed since this page was opened; look at them again."),
    gettext_noop("Regions of this clip are being wiped; look again when that is done."),
    gettext_noop("Regions are marked. Wipe them first, or remove the marks."),
    gettext_noop("A region needs four whole numbers: left, top, right, bottom."),
    gettext_noop(
        "The regions could not be wiped; the clip is unchanged. Try again, or ask the administrator."
    ),
    gettext_noop("Enter the hospital number; it is empty."),
    gettext_noop("A hospital number has at most 64 characters; this one is longer."),
    gettext_noop(
        "What was stored encrypted cannot be opened: it was sealed with another key. Ask the "
        "administrator whether HOSPITAL_NUMBER_KEY or SECRET_KEY was changed."
    ),
    gettext_noop("Say why the hospital number changes; the reason is kept."),
    gettext_noop("Say why the link is cut; the reason is kept."),
    gettext_noop("This patient has no hospital number."),
    gettext_noop("Say why you need the hospital number; the reason is kept."),
    gettext_noop("The day of the visit lies in the future; correct it."),
    gettext_noop("Give the view a name."),
    gettext_noop("This view belongs to somebody else; save one of your own."),
    gettext_noop("This field takes no reason for being empty."),
    gettext_noop("Choose why the value is missing."),
    gettext_noop("At most %(n)s patients at once; narrow the filter."),
    gettext_noop("Choose a file first."),
    gettext_noop("There is no format %(name)s; choose one of %(names)s."),
    gettext_noop("There is no coding %(name)s; choose one of %(names)s."),
    gettext_noop("This table is imported or discarded already; upload it again."),
    gettext_noop("This table is being worked on; wait until the bar is gone."),
    gettext_noop("Check the table first; then import what the check showed."),
    gettext_noop("The study changed since the check; look at the new verdicts, then import."),
    gettext_noop(
        "%(n)s rows are refused and all rows or none are asked for: nothing was imported. Correct the "
        "table, or import the good rows only."
    ),
    gettext_noop("Write the question."),
    gettext_noop("Write the answer."),
    gettext_noop("Say what settles the question; it is kept."),
    gettext_noop("Say why the question is opened again; it is kept."),
    gettext_noop("Somebody moved this question on in the meantime; reload the page."),
    gettext_noop("The values changed; the rule has nothing to ask any more."),
    gettext_noop("A value was entered since."),
    gettext_noop("A reader rejected this frame."),
    gettext_noop("The file is damaged (%(what)s); export it again from the ultrasound machine."),
    gettext_noop(
        "The file ends before its contents do, so it was probably cut off while being copied; copy or "
        "export it again from the ultrasound machine."
    ),
    gettext_noop("This is %(what)s, not an ultrasound cine; choose the DICOM file, video or ZIP of frames."),
    gettext_noop("a PDF document"),
    gettext_noop("a GIF picture"),
    gettext_noop("a TIFF picture"),
    gettext_noop("a 7-Zip archive"),
    gettext_noop("a RAR archive"),
    gettext_noop("a gzip archive"),
    gettext_noop("a JPEG XL picture"),
    gettext_noop("an HDF5 file"),
    gettext_noop("a WebP picture"),
    gettext_noop("a sound file"),
    gettext_noop("a HEIC or AVIF picture"),
    gettext_noop("No frame of the video can be decoded; export it again."),
    gettext_noop("The ZIP holds no pictures; pack the numbered JPG or PNG frames of one cine."),
    gettext_noop("The ZIP holds paths that point outside it; pack only the numbered pictures."),
    gettext_noop("The ZIP holds several folders of pictures; pack one ZIP for each cine."),
    gettext_noop("The ZIP is packed in an unusual way; pack it again as an ordinary ZIP."),
    gettext_noop("The ZIP is protected by a password; pack the pictures without one."),
    gettext_noop("The ZIP holds another ZIP; upload one ZIP of numbered pictures for each cine."),
    gettext_noop("The coding of the video is not known here; export it as MP4."),
    gettext_noop("The file holds no moving pictures; choose the ultrasound cine."),
    gettext_noop("The file is empty; copy or export it again from the ultrasound machine."),
    gettext_noop("The picture is larger than 64 MB; export it again as JPEG or PNG."),
    gettext_noop("The pictures in the ZIP have different sizes; pack one ZIP for each cine."),
    gettext_noop("This is an office document, not a cine; choose the ultrasound file."),
    gettext_noop("This is the table of contents of a disc (DICOMDIR); choose the cine files."),
    gettext_noop("Two pictures in the ZIP have the same number; number each frame once."),
    gettext_noop("This is not an ultrasound cine but: %(what)s; choose the ultrasound file."),
    gettext_noop("The size of the picture changes within the video; export one cine at a time."),
    gettext_noop("The DICOM file holds no pictures (its pixel data are empty); export it again."),
    gettext_noop(
        "The DICOM file does not say how its pictures are coded (no transfer syntax); export again."
    ),
    gettext_noop(
        "The DICOM file holds no pictures: it is not an image, or it was cut off while being copied; "
        "export the cine again."
    ),
    gettext_noop("This is a three-dimensional ultrasound volume; choose the two-dimensional cine."),
    gettext_noop(
        "The header says that the pictures are uncompressed, but they are stored as a compressed "
        "stream; export the cine again."
    ),
    gettext_noop(
        "The header says that the pictures are compressed, but they are stored uncompressed; export "
        "the cine again."
    ),
    gettext_noop("The picture has %(size)s pixels, fewer than %(least)s; export the cine in its full size."),
    gettext_noop(
        "The header promises %(count)s frames, which the file cannot hold (%(range)s are taken); the "
        "file is damaged: export it again."
    ),
    gettext_noop("The region of the picture is not calibrated in centimetres."),
    gettext_noop("A pixel size is negative (it tells a direction); its absolute value was used."),
    gettext_noop("The regions of the picture have different pixel sizes, so none was used."),
    gettext_noop("The two pixel sizes of the header differ; that of the ultrasound region was used."),
)
