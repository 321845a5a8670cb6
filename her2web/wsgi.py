"""WSGI entrance."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "her2web.settings")

application = get_wsgi_application()

# What the program itself holds is never garbage. Left where it is, a full collection walks all of it again:
# a fifth of a second for one page in twenty, measured by tests/benchmarks/bench_cohort.py.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
