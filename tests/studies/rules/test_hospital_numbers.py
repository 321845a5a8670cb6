"""The sealed hospital number: opens for its patient and key only, and is found by an equal number only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.errors import RuleViolationError
from studies.rules.hospital_numbers import fingerprint, normalised, seal, unseal
from studies.rules.sealing import SealError

NUMBERS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=30)


@given(NUMBERS)
def test_a_sealed_number_opens_again_and_shows_nothing(number):
    sealed = seal(number, secret="key", owner="patient")
    assert unseal(sealed, secret="key", owner="patient") == number
    assert seal(number, secret="key", owner="patient") != sealed, "equal numbers must not look equal"


@pytest.mark.parametrize(("secret", "owner"), [("other key", "patient"), ("key", "other patient")])
def test_a_sealed_number_stays_shut_for_another_key_or_patient(secret, owner):
    sealed = seal("12345", secret="key", owner="patient")
    with pytest.raises(SealError, match="another key"):
        unseal(sealed, secret=secret, owner=owner)


@pytest.mark.parametrize("same", ["ab-0815", " AB-0815 ", "AB -\t0815", "ＡＢ-0815"])
def test_spellings_of_one_number_are_found(same):
    assert fingerprint(same, secret="key") == fingerprint("AB-0815", secret="key")


@pytest.mark.parametrize("other", ["AB0815", "AB-00815", "AB-081", "AB-08155"])
def test_other_numbers_are_not_found(other):
    assert fingerprint(other, secret="key") != fingerprint("AB-0815", secret="key")


def test_without_the_key_the_hash_cannot_be_tried_out():
    assert fingerprint("12345", secret="key") != fingerprint("12345", secret="other key")


@pytest.mark.parametrize(("text", "says"), [("", "empty"), (" \t", "empty"), ("9" * 65, "at most 64")])
def test_no_number_and_too_long_a_number_are_refused(text, says):
    with pytest.raises(RuleViolationError, match=says):
        normalised(text)
