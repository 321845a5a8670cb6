"""`manage.py reseal_hospital_numbers --new-key FILE`: change the key of the sealed hospital numbers."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from studies.errors import RuleViolationError
from studies.services.hospital_number_key import hospital_numbers_reseal

REFUSED_STATUS, USAGE_STATUS = 1, 2


class Command(BaseCommand):
    """Exit status 0: all numbers are sealed with the new key; 1: none is; 2: wrong usage."""

    help = (
        "Seal every hospital number with a new key, all of them or none. Keys are read from files, so that "
        "no list of processes shows them. Stop the application first; afterwards start it with the new key."
    )

    def add_arguments(self, parser):
        """Where the keys are."""
        parser.add_argument("--new-key", type=Path, required=True, metavar="FILE")
        parser.add_argument(
            "--old-key", type=Path, metavar="FILE", help="Default: HOSPITAL_NUMBER_KEY of the settings."
        )

    def handle(self, *args, **options):
        """Seal anew, and say what to do next."""
        new = self._key(options["new_key"])
        old = self._key(options["old_key"]) if options["old_key"] else str(settings.HOSPITAL_NUMBER_KEY)
        try:
            count = hospital_numbers_reseal(old=old, new=new)
        except RuleViolationError as error:
            raise CommandError(str(error), returncode=REFUSED_STATUS) from error
        self.stdout.write(
            f"{count} hospital numbers are sealed with the new key. Set HOSPITAL_NUMBER_KEY to it wherever "
            "the application runs, start it again, and keep the old key only as long as old backups need it."
        )

    def _key(self, path: Path) -> str:
        if not path.is_file():
            raise CommandError(f"There is no file {path}; check the path.", returncode=USAGE_STATUS)
        return path.read_text(encoding="utf-8").strip()
