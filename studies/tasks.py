"""Celery entrances of the observed side."""
