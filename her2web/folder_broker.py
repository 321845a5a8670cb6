"""The folder of messages, as kombu keeps it, with messages that appear whole or not at all.

kombu opens a message under its final name and then writes it; a worker that looks into the folder between the
two reads nothing and stops for good.
"""

import logging
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Writes beside, then renames; throws away what cannot be read."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:
        """Put a message into the queue. Its name begins with the time, which keeps the order."""
        folder = Path(self.data_folder_out)
        name = f"{round(monotonic() * 1000)}_{uuid4()}"
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_text(dumps(payload), encoding="utf-8")
        unfinished.replace(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str) -> dict[str, Any]:
        """Return the next message of the queue. One that was cut short is lost; the sweep sends it again."""
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                logger.warning("A message of the queue %s was not whole and is left out.", queue)


class Transport(filesystem.Transport):
    """The transport of `filesystem://` with these channels."""

    Channel = Channel
