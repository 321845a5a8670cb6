"""Build the demonstration study with the real pipeline, or say that it is there; print the logins."""

import sys
import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from analysis.models import Evaluation, Job
from her2web import demonstration
from her2web.demonstration_screening import screening_ensure

PATIENTS, FRAMES, SEED, EFFECT = 60, 60, 2023, 0.35
POLL_SECONDS = 1.0
GIVE_UP_SECONDS = 1800
LOOK_REASON = "First look of the demonstration, right after sealing."


class Command(BaseCommand):
    """Needs a running worker (`manage.py serve` starts one). Interrupted, it goes on where it was."""

    help = "Build the demonstration study of simulated patients."
    stealth_options = ("still_alive",)  # of `serve`: raises when the worker has died

    def add_arguments(self, parser):
        """Size of the cohort."""
        parser.add_argument("--patients", type=int, default=PATIENTS)
        parser.add_argument("--frames", type=int, default=FRAMES)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args, **options):
        """Build what is missing, then print how to log in."""
        self.started = time.monotonic()
        self.still_alive = options.get("still_alive") or (lambda: None)
        users = demonstration.users_create()
        study = demonstration.study_ensure(users)
        if not self._is_complete(study):
            self._build(study, users, options)
        self._say_logins(options["port"])

    def _is_complete(self, study) -> bool:
        evaluations = Evaluation.objects.filter(version__study=study, cohort=Evaluation.Cohort.TEST)
        return evaluations.exists()

    def _build(self, study, users, options) -> None:
        self.stdout.write("Building the demonstration study of simulated patients (some minutes, once).")
        folder = settings.VAR_DIR / "demonstration"
        if not (folder / "manifest.json").exists():
            self._step("drawing patients and cines")
            call_command(
                "synthesise", patients=options["patients"], frames=options["frames"], seed=SEED,
                effect=EFFECT, out=folder, workers=2, verbosity=0,
            )  # fmt: skip
        self._step("entering clinical data and pathology")
        demonstration.patients_ensure(study, users, folder)
        demonstration.cines_ensure(study, users, folder)
        demonstration.detections_resume(study)
        self._wait(lambda: self._cines_done(study))
        demonstration.pictures_sign(study, users)
        self._step("screening")
        screening_ensure(study, users)
        self._step("splitting and sealing")
        study = demonstration.split_and_seal(study, users)
        self._run_job(study, users, Job.Kind.LEARN)
        self._run_job(study, users, Job.Kind.JUDGE, reason=LOOK_REASON)

    def _cines_done(self, study) -> bool:
        stages = demonstration.counts(study)
        self._progress(", ".join(f"{done}/{total} {text}" for text, (done, total) in stages.items()))
        return all(done >= total for done, total in stages.values())

    def _run_job(self, study, users, kind: str, **parameters) -> None:
        done = Job.objects.filter(study=study, kind=kind, status=Job.Status.SUCCEEDED)
        if done.exists():
            return
        job = demonstration.job_start(study, users, kind, **parameters)
        self._wait(lambda: self._job_done(job))
        if job.status != Job.Status.SUCCEEDED:
            raise CommandError(f"{job.get_kind_display()}: {job.message}")

    def _job_done(self, job: Job) -> bool:
        job.refresh_from_db()
        self._progress(f"{job.get_kind_display()}: {job.stage or job.get_status_display()} {job.percent} %")
        return job.is_final

    def _wait(self, finished) -> None:
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while not finished():
            self.still_alive()
            if time.monotonic() > deadline:
                raise CommandError("The worker did not finish within half an hour; look at the Jobs page.")
            time.sleep(POLL_SECONDS)

    def _step(self, text: str) -> None:
        self.stdout.write(f"[{time.monotonic() - self.started:4.0f} s] {text}")
        self.stdout.flush()

    def _progress(self, text: str) -> None:
        if text == getattr(self, "_last", None):
            return
        self._last = text
        if sys.stdout.isatty():
            self.stdout.write(f"\r\033[K[{time.monotonic() - self.started:4.0f} s] {text}", ending="")
            self.stdout.flush()
        elif time.monotonic() - getattr(self, "_said", 0.0) > 10:
            self._said = time.monotonic()
            self._step(text)

    def _say_logins(self, port: int) -> None:
        self.stdout.write(f"\nDemonstration study: http://127.0.0.1:{port}/studies/{demonstration.SLUG}/")
        self.stdout.write("Log in as (user, password):")
        for name, password in demonstration.logins().items():
            self.stdout.write(f"  {name:<14} {password}")
        self.stdout.write("")
