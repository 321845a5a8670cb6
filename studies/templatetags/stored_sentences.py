"""English sentences that services and workers store with a row, shown in the language of the page.

Services write plain English: what they store must not depend on who asked. A page finds the template that
made a stored sentence, and says it in the reader's language; a sentence that is not listed stays English.
"""

import re
from functools import lru_cache

from django.utils.translation import gettext, gettext_noop

from studies.templatetags.stored_analyses import ANALYSES
from studies.templatetags.stored_auditor import AUDITOR
from studies.templatetags.stored_errors import ERRORS
from studies.templatetags.stored_files import FILES
from studies.templatetags.stored_refusals import REFUSALS

TEMPLATES = (
    # verdicts of files
    gettext_noop(
        "Stored: %(frames)s frames, %(width)s × %(height)s px, %(timing)s, %(spacing)s. Note: %(notes)s"
    ),
    gettext_noop("Stored: %(frames)s frames, %(width)s × %(height)s px, %(timing)s, %(spacing)s."),
    gettext_noop("Stored: 1 frame, %(width)s × %(height)s px, %(timing)s, %(spacing)s. %(notes)s"),
    gettext_noop("Cancelled; nothing was stored."),
    gettext_noop("A still image is kept and shown, but not described over time."),
    gettext_noop(
        "The same file is stored under another patient of this study; ask the coordinator which is right."
    ),
    gettext_noop("%(fps)s frames/s"),
    gettext_noop("timing not recorded"),
    gettext_noop("calibrated"),
    gettext_noop("spacing not recorded"),
    gettext_noop("not recorded"),
    # reasons that the program gives
    gettext_noop("The first ensemble of the study; later ones are promoted by an administrator."),
    gettext_noop("First look of the demonstration, right after sealing."),
    # messages and stages of jobs
    gettext_noop("Lesion found in %(found)s of %(all)s frames; window of %(window)s frames."),
    gettext_noop("%(done)s frames described, %(known)s of them known before."),
    gettext_noop("Already described: %(done)s frames."),
    gettext_noop("Look %(number)s: %(judged)s test patients judged, %(left)s left out."),
    gettext_noop("Look %(number)s at the temporal test: %(judged)s patients judged, %(left)s left out."),
    gettext_noop(
        "%(model)s chosen among sixteen out of fold; %(patients)s patients, %(left)s left out; "
        "out-of-fold AUC %(auc)s."
    ),
    gettext_noop("Cancelled before it started."),
    gettext_noop(
        "The worker died three times while doing this. Look at the log below and at the worker's memory, "
        "then retry."
    ),
    gettext_noop(
        "The worker ran out of memory. Close other programs or use a machine with more, then retry."
    ),
    gettext_noop("finding the lesion"),
    gettext_noop("following the lesion"),
    gettext_noop("collecting features and labels"),
    gettext_noop("collecting the test side"),
    gettext_noop("collecting the temporal test"),
    gettext_noop("collecting signed tracks"),
    gettext_noop("training"),
    gettext_noop("storing the ensemble"),
    gettext_noop("predicting"),
    gettext_noop("judging"),
    gettext_noop("judging on held-out patients"),
    gettext_noop("computing features (%(source)s boxes)"),
    gettext_noop("reading the study"),
    gettext_noop("writing (%(language)s)"),
    gettext_noop("printing (%(language)s)"),
    gettext_noop("storing the report"),
    gettext_noop("Report %(number)s is printed; %(unmet)s checklist items are unmet and listed as such."),
    gettext_noop(
        "Report %(number)s is printed; %(unmet)s checklist items are unmet and listed as such. %(problem)s"
    ),
    gettext_noop(
        "The PDF could not be made: weasyprint needs the system's Pango library "
        "(docker/system-packages.txt names it). The HTML file is complete."
    ),
    gettext_noop("The PDF was not ready after %(seconds)s s; the HTML file is complete."),
    # why a clip is not described
    gettext_noop("Not described: %(reason)s"),
    gettext_noop(
        "The study counts in %(unit)s, but the %(what)s of this clip is not known; state it or describe the "
        "whole study in %(fallback)s."
    ),
    gettext_noop("frame rate"),
    gettext_noop("pixel spacing"),
    gettext_noop(
        "The study compares frequencies up to %(limit)s, but this clip has none over %(most)s; leave it out "
        "or lower the study's limit."
    ),
    gettext_noop(
        "The longest usable stretch has %(count)s frames with a measured lesion; at least %(least)s are "
        "needed. Correct the boxes or choose another clip."
    ),
    gettext_noop(
        "The longest usable stretch has %(count)s frames; the study compares %(frames)s of every clip. "
        "Correct the boxes, choose another clip or a smaller number of frames."
    ),
    # why a clip or a frame does not count
    gettext_noop("Only %(used)s frames in a row show the lesion; at least %(least)s are needed."),
    gettext_noop("The lesion is followed in %(share)s of the frames; at least %(least)s is needed."),
    gettext_noop("%(share)s of the found boxes were rejected; at most %(most)s is allowed."),
    gettext_noop("%(share)s of the used frames are interpolated; at most %(most)s is allowed."),
    gettext_noop("The detector's median confidence is %(confidence)s; at least %(least)s is needed."),
    gettext_noop("A second lesion is seen in %(share)s of the frames."),
    gettext_noop("%(share)s of the frames repeat the one before: the clip may be frozen."),
    gettext_noop("Colour Doppler covers this frame."),
    gettext_noop("Measurement marks or other graphics lie over the lesion."),
    # predictions
    gettext_noop(
        "This patient helped to fit the model: the probability is the one given while the patient was held "
        "out. %(method)s"
    ),
    gettext_noop(
        # xgettext:no-python-format
        "95 % interval of the event rate among patients with this score (recalibration on out-of-fold "
        "scores); it leaves out the uncertainty of the classifiers"
    ),
    # steps and results of the HER2 engine
    gettext_noop("POSITIVE"),
    gettext_noop("NEGATIVE"),
    gettext_noop("LOW"),
    gettext_noop("ULTRALOW"),
    gettext_noop("NULL"),
)
_HOLE = re.compile(r"%\((\w+)\)s")


def translated(text: str) -> str:
    """Return a stored English sentence in the active language, with its values filled in."""
    found = gettext(text)
    if found != text:
        return found
    for template, pattern in _patterns():
        if match := pattern.fullmatch(text):
            values = {name: translated(value) for name, value in match.groupdict().items()}
            return gettext(template) % values
    return text


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The templates with holes, each with the expression that recognises its sentences, the longest first:

    a short one with little text of its own must not take a sentence that another says word by word.
    """
    listed = [t for t in (*TEMPLATES, *REFUSALS, *FILES, *AUDITOR, *ANALYSES, *ERRORS) if _HOLE.search(t)]
    listed.sort(key=lambda template: -len(_HOLE.sub("", template)))
    return tuple((template, _pattern(template)) for template in listed)


def _pattern(template: str) -> re.Pattern[str]:
    parts = _HOLE.split(template)  # text, name, text, name, …, text
    pieces = [f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)]
    return re.compile("".join(pieces), re.DOTALL)
