"""Settings of the tests: her2web's own, with files in a temporary folder and cheap passwords.

The database is SQLite unless DATABASE_URL names a server (`make test` runs both where there is one).
"""

import os
import tempfile

os.environ["HER2WEB_VAR"] = tempfile.mkdtemp(prefix="her2web-test-")
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0123456789" * 5)
os.environ.setdefault("OMP_NUM_THREADS", "1")

from her2web.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "memory://")
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(os.environ["HER2WEB_VAR"], "test.sqlite3")}  # noqa: PTH118
