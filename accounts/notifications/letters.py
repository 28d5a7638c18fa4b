"""Mails as text: every one from a template, every one with the house's address at its foot."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string


def render(template: str, **context: Any) -> tuple[str, str]:
    """Subject and body from ``<template>_subject.txt`` and ``<template>_message.txt``."""
    context = {"site_url": settings.SITE_URL} | context
    subject = render_to_string(f"{template}_subject.txt", context)
    body = render_to_string(f"{template}_message.txt", context)
    return " ".join(subject.split()), body.strip() + "\n"


def send(template: str, *, to: str, **context: Any) -> None:
    """Send now. Raises OSError when the mail server refuses or is silent."""
    subject, body = render(template, **context)
    EmailMessage(subject, body, to=[to]).send()
