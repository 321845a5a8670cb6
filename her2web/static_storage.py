"""Static files under names that carry their digest, the modules that our scripts import included.

A browser may keep such a file for ever, and never mixes the modules of two versions.
"""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

IMPORTS = (
    "js/*.js",
    (
        (r"""(?P<matched>\bfrom\s*["'](?P<url>\.[^"']+)["'])""", """from "%(url)s\""""),
        (r"""(?P<matched>\bimport\s*["'](?P<url>\.[^"']+)["'])""", """import "%(url)s\""""),
    ),
)
"""Only our own scripts: those of packages name modules that a bundler would find."""

DEEPEST_IMPORT = 20
"""Each pass settles the modules whose imports are settled; a circle never is."""


class HashedStaticFilesStorage(ManifestStaticFilesStorage):
    """Hashed names: for a laptop, where nothing travels far."""

    patterns = (*ManifestStaticFilesStorage.patterns, IMPORTS)
    max_post_process_passes = DEEPEST_IMPORT


class CompressedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed names and a compressed copy of each file: for a server. Takes most of a minute to write."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, IMPORTS)
    max_post_process_passes = DEEPEST_IMPORT
