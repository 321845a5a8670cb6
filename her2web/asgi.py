"""ASGI entrance."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "her2web.settings")

application = get_asgi_application()
