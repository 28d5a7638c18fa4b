"""What templates need beyond Django's own tags."""

from datetime import datetime

from django import template
from django.utils.safestring import SafeString

from marketplace.common import markdown as md
from marketplace.common.money import in_words
from marketplace.common.words import said_moment

register = template.Library()


@register.filter
def money(amount: int | None, currency: str) -> str:
    """``{{ milestone.amount|money:milestone.currency }}`` → $1,000.01"""
    return "" if amount is None else in_words(amount, currency)


@register.filter
def markdown(text: str) -> SafeString:
    return md.to_html(text)


@register.filter
def file_size(size: int) -> str:
    """1536 → 1.5 KB"""
    value = float(size)
    for unit in ("bytes", "KB", "MB"):
        if value < 1024 or unit == "MB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


@register.filter
def moment(at: datetime) -> str:
    """In a sentence, for who reads it now: 3 December 2026, 15:00 CET (Europe/Berlin)."""
    return said_moment(at)


@register.filter
def before(moment: datetime | None, other: datetime) -> bool:
    return moment is not None and moment < other
