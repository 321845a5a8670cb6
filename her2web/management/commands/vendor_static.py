"""Copy the browser libraries that npm fetched into static/vendor, which git ignores."""

import re
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap/bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js": "bootstrap/bootstrap.bundle.min.js",
    "konva/konva.min.js": "konva/konva.min.js",
    "plotly.js-cartesian-dist-min/plotly-cartesian.min.js": "plotly/plotly-cartesian.min.js",
    "tus-js-client/dist/tus.min.js": "tus/tus.min.js",
}
SOURCE_MAP_COMMENT = re.compile(rb"(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$")


class Command(BaseCommand):
    """`manage.py vendor_static`, run by `make setup` after `npm ci`."""

    help = "Copy browser libraries from node_modules to static/vendor."

    def handle(self, *args, **options):
        """Copy every file, without the comment that points to a map which is not served."""
        modules = Path(settings.BASE_DIR) / "node_modules"
        target = Path(settings.BASE_DIR) / "static" / "vendor"
        for source, name in FILES.items():
            path = modules / source
            if not path.is_file():
                raise CommandError(f"{source} is missing: run `npm ci` first.")
            copy = target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(SOURCE_MAP_COMMENT.sub(b"", path.read_bytes()))
        self.stdout.write(f"{len(FILES)} browser libraries are in static/vendor.")
