"""How the tests drive the viewer, and what they read of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from tests.browser.clips import READ_FRAME_JS
from tests.studies.reading import Reading

N_FRAMES, SIZE = 60, (320, 240)

TWO_PAINTS_JS = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""The table follows the picture by one paint."""


def viewer(open_page, ready: Reading, reader: int = 0, **options) -> Page:
    """The clip's page of a reader, ready at its first frame."""
    page = open_page(ready.readers[reader], reverse("clip", args=[ready.clip.pk]), **options)
    expect(page.locator("#viewer")).to_have_attribute("data-ready", "true")
    at_frame(page, 0)
    return page


def at_frame(page: Page, index: int) -> None:
    """The frame shown, by its burned-in number, is the frame asked for."""
    expect(page.locator("#stage")).to_have_attribute("data-painted", str(index))
    assert page.evaluate(READ_FRAME_JS) == index


def go_to(page: Page, index: int) -> None:
    """By the number field."""
    page.locator("#goto").fill(str(index + 1))
    page.locator("#goto").press("Enter")
    at_frame(page, index)


def own_row(page: Page):
    """Rows of the table that can be edited."""
    return page.locator("#boxes tr").filter(has=page.locator("input"))


def values(page: Page) -> list[float]:
    """x1, y1, x2, y2 of the reader's own box."""
    page.evaluate(TWO_PAINTS_JS)
    return [float(field.input_value()) for field in own_row(page).locator("input").all()]


def saved(page: Page) -> None:
    """Everything is acknowledged."""
    expect(page.locator("#save-state")).to_have_attribute("data-kind", "saved")
    expect(page.locator("#save-state")).to_have_attribute("data-count", "0")


def screen_point(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where an image pixel is on the screen."""
    rect = page.locator("#picture").bounding_box()
    return rect["x"] + x / SIZE[0] * rect["width"], rect["y"] + y / SIZE[1] * rect["height"]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse, in two steps."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def drag_own_box(page: Page, dx: float, dy: float) -> None:
    """By its middle, screen pixels."""
    x1, y1, x2, y2 = values(page)
    start = screen_point(page, (x1 + x2) / 2, (y1 + y2) / 2)
    drag(page, start, (start[0] + dx, start[1] + dy))


@contextmanager
def answers_held(page: Page) -> Iterator[None]:
    """No change reaches the server before the block ends: no race with the save queue."""
    held: list[Route] = []
    released: list[bool] = []
    page.route("**/api/v1/**", lambda route: route.continue_() if released else held.append(route))
    yield
    released.append(True)
    while held:  # while the route is still ours: ending it first would let them go by itself
        held.pop(0).continue_()
    page.unroute("**/api/v1/**")
