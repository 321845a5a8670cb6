"""The slow line of the viewer's benchmark: bytes come through whole and no faster than it says."""

import hashlib
import http.server
import threading
import time
import urllib.request

import pytest

from tests.benchmarks.slow_line import slow_line

BODY = bytes(range(256)) * 800
BYTES_PER_SECOND, LATENCY_S = 1e6, 0.02


class Answer(http.server.BaseHTTPRequestHandler):
    """The same body to everybody."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def port():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_everything_arrives_in_order_and_not_sooner_than_the_line_allows(port):
    with slow_line(port, BYTES_PER_SECOND, LATENCY_S) as slow:
        started = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{slow}/", timeout=30) as answer:
            got = answer.read()
        took = time.monotonic() - started
    assert hashlib.sha256(got).digest() == hashlib.sha256(BODY).digest()
    assert took >= len(BODY) / BYTES_PER_SECOND + 2 * LATENCY_S
