"""Pathologists at work: read, read blind, disagree, adjudicate or agree, sign, amend, recount."""

import re
from types import SimpleNamespace

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from studies.models import Label
from studies.services.pathology import label_save
from studies.services.signing import label_lock
from tests.browser.looking import look
from tests.browser.test_pages import OVERFLOW, faults, needs_axe
from tests.factories import make_patient, make_person, make_site, make_specimen, make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GROUP_1 = {"ihc_score": "2+", "probe": "dual", "cells": 20, "her2_copies": 8.0, "cep17_copies": 2.0}
GROUP_2 = {"ihc_score": "2+", "probe": "dual", "cells": 20, "her2_copies": 3.0, "cep17_copies": 1.2}


@pytest.fixture
def lab() -> SimpleNamespace:
    """A study with two readers per specimen, three pathologists, and specimens in every state."""
    study = make_study("lab", readers_per_specimen=2, is_simulated=True)
    site = make_site(study, "A")
    people = {name: make_person(study, "pathologist", name=name) for name in ("anna", "bo", "chen")}
    specimens = {}
    for code in ("P001", "P002", "P003", "P004", "P005"):
        specimens[code] = make_specimen(make_patient(site, code), "excision")
    made = SimpleNamespace(study=study, site=site, specimens=specimens, **people)
    read(made, "P002", "anna", GROUP_1)
    for name, values in (("anna", {"ihc_score": "3+"}), ("bo", {"ihc_score": "1+"})):
        read(made, "P003", name, values)
    for name in ("anna", "bo"):
        read(made, "P004", name, {"ihc_score": "0", "faint_incomplete_percent": 5.0})
    read(made, "P005", "anna", GROUP_2, lock=False)
    return made


def read(lab: SimpleNamespace, code: str, name: str, values: dict, lock: bool = True) -> Label:
    """A reading by one of the three, in the role that is free."""
    specimen, reader = lab.specimens[code], getattr(lab, name)
    role = Label.Role.SECOND if specimen.labels.exists() else Label.Role.FIRST
    label = label_save(actor=reader, specimen=specimen, values=values, role=role)
    return label_lock(actor=reader, label=label) if lock else label


def sign(page: Page, name: str) -> None:
    """With the password, which in these tests is the name."""
    page.get_by_label("Your password, as signature").fill(name)
    page.get_by_role("button", name="Sign and lock").click()


def open_reading(open_page, lab: SimpleNamespace, name: str, code: str, query: str = "") -> Page:
    return open_page(getattr(lab, name), reverse("specimen", args=[lab.specimens[code].pk]) + query)


def test_the_engine_reaches_the_pathologists_conclusion_while_she_types(lab, open_page):
    page = open_reading(open_page, lab, "anna", "P001")
    call = page.locator("#call")
    page.get_by_label("IHC score").select_option("2+")
    expect(call).to_contain_text("equivocal: ISH pending")
    expect(call).to_contain_text("Next:")
    page.get_by_label("ISH probe").select_option("dual")
    page.locator("#id_cells").fill("20")
    page.locator("#id_her2_copies").fill("8")
    page.locator("#id_cep17_copies").fill("2")
    expect(call).to_contain_text("HER2 positive")
    expect(call).to_contain_text("ISH group 1")
    look(page, "reading-live")
    sign(page, "not anna's password")
    page.get_by_text("The password is not right").wait_for()
    expect(page.get_by_label("Your password, as signature")).to_be_focused()
    assert page.locator("#id_her2_copies").input_value() == "8"
    sign(page, "")
    page.get_by_text("Enter your password, which signs").wait_for()
    assert page.locator("#id_her2_copies").input_value() == "8"
    assert not Label.objects.filter(specimen=lab.specimens["P001"]).exists()
    sign(page, "anna")
    page.get_by_text("The reading is signed and locked.").wait_for()
    label = Label.objects.get(specimen=lab.specimens["P001"])
    assert (label.status, label.call, label.paper_label, label.ish_group) == (
        "locked", "POSITIVE", "POSITIVE", 1,
    )  # fmt: skip
    assert label.signatures.get().signer == lab.anna


def test_a_number_out_of_range_is_named_while_she_types_and_has_the_focus_when_refused(lab, open_page):
    page = open_reading(open_page, lab, "anna", "P001")
    field, call = page.get_by_label("Stained cells (%)"), page.locator("#call")
    field.fill("150")
    expect(call).to_contain_text("Stained cells (%): Enter a number from 0 to 100")
    page.get_by_role("button", name="Save as draft").click()
    expect(page.locator(".errorlist")).to_contain_text("Enter a number from 0 to 100")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("Enter a number from 0 to 100"))
    assert field.input_value() == "150"


def test_two_readers_disagree_a_third_adjudicates_and_one_amends(lab, open_page):
    page = open_reading(open_page, lab, "bo", "P002")
    expect(page.locator("main")).not_to_contain_text("anna")
    expect(page.locator("main")).not_to_contain_text("HER2 positive")
    page.get_by_label("IHC score").select_option("1+")
    sign(page, "bo")
    page.get_by_text("The two readings differ.").wait_for()
    expect(page.locator("#readings")).to_contain_text("anna")
    look(page, "reading-differs")

    third = open_page(lab.chen, reverse("pathology", args=["lab"]))
    row = third.get_by_role("row").filter(has_text="P002")
    expect(row).to_contain_text("two readings to adjudicate")
    row.get_by_role("link", name="Settle").click()
    third.get_by_role("link", name="Adjudicate, starting from the first").click()
    assert third.locator("#id_her2_copies").input_value() == "8.0"
    sign(third, "chen")
    third.get_by_role("alert").get_by_text("an adjudication is signed with its reason").wait_for()
    third.get_by_label("This reading counts, because").fill("The ISH was overlooked.")
    sign(third, "chen")
    third.get_by_text("The reading is signed and locked.").wait_for()
    expect(third.locator("#readings")).to_contain_text("The ISH was overlooked.")
    expect(third.locator("#readings h2")).to_contain_text("HER2 positive")
    look(third, "reading-adjudicated")

    page.reload()
    page.get_by_label("Amend, because").fill("I had the wrong slide.")
    page.get_by_role("button", name="Open again").click()
    page.get_by_text("The reading is open again").wait_for()
    page.get_by_label("IHC score").select_option("2+")
    page.get_by_role("button", name="Save as draft").click()
    page.get_by_text("saved as a draft").wait_for()
    expect(page.locator(".history").last).to_contain_text("I had the wrong slide.")


def test_two_readers_agree_on_a_consensus_and_both_sign_it(lab, open_page):
    page = open_reading(open_page, lab, "anna", "P003")
    page.get_by_role("link", name="Record a consensus, starting from the second").click()
    page.get_by_label("This reading counts, because").fill("Weak in most cells on both slides.")
    sign(page, "anna")
    page.get_by_text("once the other reader has signed it too").wait_for()
    other = open_reading(open_page, lab, "bo", "P003")
    expect(other.locator("main")).to_contain_text("The consensus waits for your signature")
    look(other, "consensus")
    other.locator("#cosign-password").fill("bo")
    other.get_by_role("button", name="Sign the consensus").click()
    other.get_by_text("The reading is signed and locked.").wait_for()
    decided = Label.objects.get(specimen=lab.specimens["P003"], role="adjudicated")
    assert (decided.status, decided.call, decided.signatures.count()) == ("locked", "NEGATIVE", 2)


def test_a_second_observer_counts_without_seeing_the_first_count(lab, open_page):
    read(lab, "P005", "bo", {"ihc_score": "2+"}, lock=False)
    page = open_page(lab.chen, reverse("recount", args=[lab.specimens["P005"].pk]))
    expect(page.locator("main")).not_to_contain_text("2.5")
    page.get_by_label("Cells counted").fill("24")
    page.get_by_label("HER2 copies per cell").fill("3.1")
    page.get_by_label("CEP17 copies per cell").fill("1.3")
    look(page, "recount")
    page.get_by_role("button", name="Store my count").click()
    page.get_by_text("Your count is stored").wait_for()
    first = open_reading(open_page, lab, "anna", "P005")
    expect(first.locator("#call")).to_contain_text("HER2 negative")
    expect(first.locator("#call")).to_contain_text("A comment is required with this result.")


@needs_axe
@pytest.mark.parametrize(
    ("theme", "width", "language"), [("light", 1440, "en"), ("dark", 1024, "en"), ("light", 1024, "zh-hans")]
)
def test_the_pages_of_pathology(lab, open_context, live_server, theme, width, language):
    context = open_context(lab.chen, viewport={"width": width, "height": 900}, bypass_csp=True)
    cookies = {"theme": theme, "django_language": language}
    context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
    page = context.new_page()
    for name, path in (
        ("pathology", reverse("pathology", args=["lab"])),
        ("reading-open", reverse("specimen", args=[lab.specimens["P001"].pk])),
        ("reading-adjudicate", reverse("specimen", args=[lab.specimens["P003"].pk])),
        ("reading-done", reverse("specimen", args=[lab.specimens["P004"].pk])),
        ("recount-page", reverse("recount", args=[lab.specimens["P005"].pk])),
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        look(page, f"{name}-{theme}-{width}-{language}")
        assert faults(page) == [], name
        assert page.evaluate(OVERFLOW) == 0, name
