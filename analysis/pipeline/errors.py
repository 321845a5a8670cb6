"""Errors of the pipeline: each message says what was expected, what came, and what to do."""


class PipelineError(ValueError):
    """Base of every error that the pipeline raises on purpose."""


class InvalidInputError(PipelineError):
    """An argument has a wrong type, shape, unit or range."""


class UnusableClipError(PipelineError):
    """The clip is sound as a file but cannot be described (for instance fewer than 16 usable frames)."""


class CancelledError(PipelineError):
    """The caller asked for the work to stop."""


class ModelFileError(PipelineError):
    """A model file is missing, damaged, of another architecture, or fails its integrity check."""


class LeakageError(PipelineError):
    """A step would let information of test patients, or of the label, into a fit."""
