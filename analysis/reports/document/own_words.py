"""Reading the report's own text as its readers will, block by block, for the words that it may not use."""

from html.parser import HTMLParser

from analysis.reports.honest_words import Claims, Refusal, refusals

BLOCKS = frozenset({"p", "li", "dd", "figcaption", "h1", "h2", "h3", "div", "section", "title", "table"})
WHOLE = frozenset({"table"})
"""A table with its caption is one block: what its note says counts for all of its cells."""
SKIPPED = frozenset({"style", "script"})


class _Blocks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text: list[str] = []
        self.whole = self.skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A new block begins, unless a table holds it."""
        self.skipped += tag in SKIPPED
        self.text.append(" ")
        if tag in BLOCKS and not self.whole:
            self._end()
        self.whole += tag in WHOLE

    def handle_endtag(self, tag: str) -> None:
        """A block ends."""
        self.skipped -= tag in SKIPPED
        self.whole -= tag in WHOLE
        if tag in BLOCKS and not self.whole:
            self._end()

    def handle_data(self, data: str) -> None:
        """Text of the block."""
        if not self.skipped:
            self.text.append(data)

    def _end(self) -> None:
        text = " ".join("".join(self.text).split())
        if text:
            self.found.append(text)
        self.text = []


def text_blocks(html: str) -> list[str]:
    """Paragraphs, list items, captions and whole tables of a page, as text."""
    reader = _Blocks()
    reader.feed(html)
    reader.close()
    return reader.found


def refused_in(html: str, claims: Claims) -> list[tuple[str, Refusal]]:
    """Every refused wording of a page with the block that it stands in."""
    return [(block, refusal) for block in text_blocks(html) for refusal in refusals(block, claims)]
