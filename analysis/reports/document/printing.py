"""HTML -> PDF by weasyprint, in a process of its own: its libraries may be absent, and it may fetch "
"nothing."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from studies.errors import StudiesError

PDF_SECONDS = 300
VARIANT = "pdf/ua-1"
PDF_START = b"%PDF-"


class PrintingError(StudiesError):
    """The PDF could not be made; the message says why and what to do."""


def printed_pdf(html: str, *, seconds: int = PDF_SECONDS) -> bytes:
    """Return the PDF/UA of a report. Only data: addresses may be read by it.

    Raises:
        PrintingError: weasyprint or its libraries are missing, it failed, or it took longer than `seconds`.
    """
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(html, encoding="utf-8")
        command = [sys.executable, "-m", "weasyprint", "--quiet", "--allowed-protocols", "data"]
        command += ["--pdf-variant", VARIANT, "--base-url", "data:,", "-", str(target)]
        try:
            with source.open("rb") as page:
                done = subprocess.run(  # noqa: S603 - a fixed command, the report on its standard input
                    command, stdin=page, capture_output=True, timeout=seconds, check=False
                )
        except subprocess.TimeoutExpired as error:
            raise PrintingError(
                f"The PDF was not ready after {seconds} s; the HTML file is complete."
            ) from error
        if done.returncode or not target.is_file():
            raise PrintingError(
                "The PDF could not be made: weasyprint needs the system's Pango library "
                "(docker/system-packages.txt names it). The HTML file is complete."
            )
        content = target.read_bytes()
    if not content.startswith(PDF_START):
        raise PrintingError(
            "The PDF could not be made: weasyprint wrote something else. The HTML file is complete."
        )
    return content
