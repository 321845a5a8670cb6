"""A slow line in front of a server: every connection shares its bandwidth, every byte waits for its latency.

Chromium's own emulation now and then leaves all requests of a page unanswered for ever when the page before
it was closed in the middle of a download; a line outside the browser does not.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 16 * 1024


class SlowLine:
    """One way of the line: a chunk leaves when those before it have left, and arrives a latency later."""

    def __init__(self, bytes_per_second: float, latency_s: float) -> None:
        self.bytes_per_second = bytes_per_second
        self.latency_s = latency_s
        self.free_at = 0.0

    def arrival(self, n_bytes: int) -> float:
        """When *n_bytes* given to the line now will have arrived, on the loop's clock."""
        now = asyncio.get_running_loop().time()
        self.free_at = max(self.free_at, now) + n_bytes / self.bytes_per_second
        return self.free_at + self.latency_s

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Move everything from one end to the other, in order, until the sender closes."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=64)
        delivery = asyncio.create_task(_deliver(under_way, writer))
        try:
            while data := await reader.read(CHUNK_BYTES):
                await under_way.put((self.arrival(len(data)), data))
        except ConnectionError:
            pass
        await under_way.put((0.0, b""))
        await delivery


async def _deliver(under_way: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    try:
        while True:
            at, data = await under_way.get()
            if not data:
                break
            await asyncio.sleep(max(0.0, at - loop.time()))
            if not writer.is_closing():
                writer.write(data)
    finally:
        writer.close()


@contextmanager
def slow_line(port: int, bytes_per_second: float, latency_s: float) -> Iterator[int]:
    """A port of this machine that leads to *port* over a line of that bandwidth (each way) and latency."""
    down, up = SlowLine(bytes_per_second, latency_s), SlowLine(bytes_per_second, latency_s)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(asyncio.CancelledError):  # at the end the line is cut, whoever still talks
            await asyncio.gather(up.carry(reader, server_writer), down.carry(server_reader, writer))

    opened: queue.Queue[tuple[int, Callable[[], None]]] = queue.Queue()

    async def serve() -> None:
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        async with await asyncio.start_server(connect, "127.0.0.1", 0) as server:
            opened.put((server.sockets[0].getsockname()[1], lambda: loop.call_soon_threadsafe(ended.set)))
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    slow_port, end = opened.get()
    try:
        yield slow_port
    finally:
        end()
        thread.join()
