"""The house itself: settings, doors, timetable, and what every room is built of."""

from marketplace.celery import app as celery_app

__all__ = ["celery_app"]
