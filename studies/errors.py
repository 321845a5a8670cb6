"""Errors of the observed side: each message says what happened, why, and what to do next."""


class StudiesError(Exception):
    """Base of every error that this app raises on purpose; its text may be shown to a person."""


class RefusedFileError(StudiesError):
    """A file cannot be taken in. The text is one sentence that a sonographer understands."""


class ConflictError(StudiesError):
    """Somebody else changed the row since it was read."""


class LockedError(StudiesError):
    """The row is signed or locked; re-open it with a reason first."""


class NotPermittedError(StudiesError):
    """The user's grants do not allow this act."""


class RuleViolationError(StudiesError):
    """The act contradicts a rule of the study (for instance moving a patient between training and test)."""
