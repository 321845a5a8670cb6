"""Pictures of the pages for a person to look at: `HER2WEB_SHOTS=folder pytest -m browser …` keeps them."""

import os
from pathlib import Path

from playwright.sync_api import Page

FOLDER = os.environ.get("HER2WEB_SHOTS", "")


def look(page: Page, name: str) -> None:
    """Keep a picture of the whole page where somebody asked for pictures."""
    if FOLDER:
        page.screenshot(path=Path(FOLDER) / f"{name}.png", full_page=True)
