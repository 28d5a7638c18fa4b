"""What a delivery may say, and when the next is due once it is returned."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from marketplace.common.errors import InvalidInput
from marketplace.common.text import checked_line
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of

LONGEST_NOTE = 10_000
MAX_LINKS = 10
LONGEST_LINK = 500

_judge = URLValidator(schemes=["http", "https"])


def due_after_return(milestone: Milestone, returned_at: datetime) -> datetime:
    """When the work is due again that is submitted now and returned then: later by the time of its
    review, and then at the earliest.
    """
    assert milestone.submitted_at
    return max(due_of(milestone) + (returned_at - milestone.submitted_at), returned_at)


def checked_links(links: list[str]) -> list[str]:
    """Addresses on the web, each on one line. Raises InvalidInput."""
    if len(links) > MAX_LINKS:
        raise InvalidInput(f"Send at most {MAX_LINKS} links.", param="links")
    return [_checked_link(link) for link in links]


def _checked_link(text: str) -> str:
    link = checked_line(text, param="links", longest=LONGEST_LINK)
    try:
        _judge(link)
    except ValidationError:
        raise InvalidInput(
            f"“{link[:80]}” is not a web address that starts with http:// or https://.",
            param="links",
        ) from None
    return link
