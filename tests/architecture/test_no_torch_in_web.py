"""The web process never loads the learning libraries: asked of a fresh interpreter."""

import json
import os
import subprocess
import sys

from tests.conftest import REPOSITORY

HEAVY = ("torch", "sklearn", "xgboost", "radiomics", "SimpleITK", "onnxruntime")
COMMAND = """
import json, sys
import django
django.setup()
import her2web.urls, her2web.wsgi
from django.contrib import admin
from django.urls import get_resolver
get_resolver().url_patterns, admin.autodiscover()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_serving_pages_loads_no_learning_library(tmp_path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "her2web.settings",
        "HER2WEB_VAR": str(tmp_path),
        "SECRET_KEY": "only-for-this-test",
    }
    done = subprocess.run(
        [sys.executable, "-c", COMMAND],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert {"django", "studies", "analysis"} <= set(loaded)
    assert [name for name in HEAVY if name in loaded] == []
