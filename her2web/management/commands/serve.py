"""Web and worker from one command: what `make run` starts on a laptop."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

HEALTH_SECONDS = 60
WORKER_STOP_SECONDS = 25
WEB_STOP_SECONDS = 5
WEB_THREADS = 8


class Command(BaseCommand):
    """Prepare the database, start worker and web server, and stop both together."""

    help = (
        "Serve HER2Web with its embedded worker. With --demonstration, build the demonstration study first."
    )

    def add_arguments(self, parser):
        """Port and the wish for a demonstration study."""
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--demonstration", action="store_true")
        parser.add_argument("--patients", type=int, help="Size of the demonstration study.")
        parser.add_argument("--frames", type=int, help="Frames of each demonstration cine.")

    def handle(self, *args, **options):
        """Start, wait, stop."""
        self._prepare()
        self.children: list[tuple[str, subprocess.Popen]] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _interrupt)
        try:
            self._start("worker", _worker_command())
            self._start("web", _web_command(options["port"]))
            self._wait_for_web(options["port"])
            if options["demonstration"]:
                size = {name: options[name] for name in ("patients", "frames") if options[name]}
                call_command("demonstration", port=options["port"], still_alive=self._raise_if_dead, **size)
            self.stdout.write(self.style.SUCCESS(f"Ready: http://127.0.0.1:{options['port']}/"))
            self.stdout.write("Stop with Ctrl+C.")
            self.stdout.flush()
            self._watch()
        except KeyboardInterrupt:
            self.stdout.write("\nStopping…")
        finally:
            self._stop()

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)

    def _start(self, name: str, command: list[str]) -> None:
        """Start a child in a session of its own, so that Ctrl+C reaches only this process."""
        child = subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603 - fixed words
        self.children.append((name, child))

    def _wait_for_web(self, port: int) -> None:
        deadline = time.monotonic() + HEALTH_SECONDS
        while time.monotonic() < deadline:
            self._raise_if_dead()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
        raise CommandError(f"The web server did not answer on port {port} within {HEALTH_SECONDS} s.")

    def _raise_if_dead(self) -> None:
        for name, child in self.children:
            if child.poll() is not None:
                raise CommandError(
                    f"The {name} process ended with status {child.returncode}; its messages stand above. "
                    "If the port is taken, start with PORT=8001 make run."
                )

    def _watch(self) -> None:
        while True:
            self._raise_if_dead()
            time.sleep(1)

    def _stop(self) -> None:
        """Ask the parents politely, wait, and only then kill: pool children finish what they can."""
        for name, child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
            try:
                child.wait(WORKER_STOP_SECONDS if name == "worker" else WEB_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _interrupt(_number, _frame):
    raise KeyboardInterrupt


def _worker_command() -> list[str]:
    concurrency = str(settings.CELERY_WORKER_CONCURRENCY)
    queues = ",".join(settings.QUEUE_PREFIX + name for name in ("io", "cpu", "gpu"))
    return [
        sys.executable, "-m", "celery", "-A", "her2web", "--quiet", "worker", "--beat",
        "--queues", queues, "--concurrency", concurrency, "--loglevel", "WARNING",
        "--without-gossip", "--without-mingle",
        "--schedule", str(settings.VAR_DIR / "celerybeat-schedule"),
    ]  # fmt: skip


def _web_command(port: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "her2web.wsgi:application", "--bind", f"127.0.0.1:{port}",
        "--worker-class", "gthread", "--threads", str(WEB_THREADS), "--workers", "1", "--timeout", "120",
        "--log-level", "warning",
    ]  # fmt: skip
