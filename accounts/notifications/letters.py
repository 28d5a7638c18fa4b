"""Mails in two parts that say the same: every one from a template, with our address at its foot."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string, select_template
from django.utils import timezone, translation

from accounts.people.models import User

_FOOT = "\n-- \n"
_CODE = "    "


@dataclass(frozen=True)
class Letter:
    """What one mail says, as text and as HTML."""

    subject: str
    text: str
    html: str

    def to(self, address: str, headers: Mapping[str, str] = {}) -> EmailMultiAlternatives:
        mail = EmailMultiAlternatives(self.subject, self.text, to=[address], headers=dict(headers))
        mail.attach_alternative(self.html, "text/html")
        return mail


@dataclass(frozen=True)
class Part:
    text: str
    is_link: bool


@dataclass(frozen=True)
class Paragraph:
    """Of a text; what is set in by four blanks is a code to be typed."""

    text: str
    is_code: bool

    @property
    def parts(self) -> list[Part]:
        """Addresses of ours are links; of others none are made, since a stranger may have written
        them: the name of a browser is what it says it is.
        """
        parts = re.split(rf"({re.escape(settings.SITE_URL)}/\S*)", self.text)
        return [Part(text, is_link=bool(place % 2)) for place, text in enumerate(parts)]


def render(template: str, **context: Any) -> Letter:
    """From ``<template>_subject.txt`` and ``<template>_message.txt``, and ``_message.html`` where a
    mail has one: elsewhere the HTML is made of the paragraphs of the text.
    """
    context = {"site_url": settings.SITE_URL} | context
    subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
    text = render_to_string(f"{template}_message.txt", context).strip() + "\n"
    page = select_template([f"{template}_message.html", "emails/letter.html"])
    html = page.render(context | {"subject": subject, "paragraphs": list(_paragraphs(text))})
    return Letter(subject, text, html)


def render_for(reader: User, template: str, **context: Any) -> Letter:
    """The same in the language of this reader, with its times by the clock on their wall."""
    zone = ZoneInfo(reader.time_zone)
    with translation.override(reader.language), timezone.override(zone):
        return render(template, reader=reader, **context)


def send(
    template: str, *, to: str, reader: User | None = None, language: str = "", **context: Any
) -> None:
    """Send now, for ``reader`` or whoever has this address; for a stranger in ``language``.

    Raises OSError when the mail server refuses or is silent.
    """
    reader = reader or User.objects.filter(email=to.lower()).first()
    if reader is not None:
        letter = render_for(reader, template, **context)
    else:
        with translation.override(language or settings.LANGUAGE_CODE):
            letter = render(template, **context)
    letter.to(to).send()


def _paragraphs(text: str) -> Iterator[Paragraph]:
    for paragraph in text.partition(_FOOT)[0].split("\n\n"):
        if said := paragraph.strip():
            yield Paragraph(said, is_code=paragraph.strip("\n").startswith(_CODE))
