"""What the tests of the HER2 engine share: every call and category, and an ISH result of each group."""

from studies.rules.her2 import Ish

CALLS = {
    "POSITIVE", "NEGATIVE", "PENDING_ISH", "NEEDS_IHC", "NEEDS_RECOUNT", "NEEDS_ADJUDICATION",
    "NEEDS_DUAL_PROBE",
    "INDETERMINATE",
}  # fmt: skip
CATEGORIES = {"LOW", "ULTRALOW", "NULL", "NULL_OR_ULTRALOW_UNKNOWN", None}
# ratio and copies well inside each group
GROUP = {1: (3.0, 9.0), 2: (2.5, 3.0), 3: (1.5, 7.0), 4: (1.5, 5.0), 5: (1.2, 2.5)}


def dual(group, cells=40):
    ratio, copies = GROUP[group]
    return Ish("dual", cells=cells, her2_copies=copies, cep17_copies=copies / ratio)


def single(copies, cells=40):
    return Ish("single", cells=cells, her2_copies=copies)


def codes(result):
    return {query.code for query in result.queries}
