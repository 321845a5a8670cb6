"""Celery entrances of the computed side."""
