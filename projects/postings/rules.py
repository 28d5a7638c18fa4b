"""What a posting may say: checked once, for pages, the API and imports."""

from datetime import date, datetime, timedelta
from typing import Any

from accounts.people.profile import checked_skills as checked_list_of_skills
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.money import checked_amount, known_currency
from marketplace.common.text import checked_line, checked_text
from projects.postings.models import MOST_AWARDS, Posting

SHORTEST_TITLE = 3
LONGEST_TITLE = 150
LONGEST_DESCRIPTION = 20_000
MAX_SKILLS = 15
LONGEST_BID_WINDOW = timedelta(days=90)
LONGEST_REASON = 300
# Somebody who wishes for more than this has mistyped the year.
FARTHEST_WISH = timedelta(days=5 * 366)


def checked_posting(given: dict[str, Any]) -> dict[str, Any]:
    """The given fields as they are to be stored. Raises InvalidInput with the field at fault.

    Amounts are minor units of the currency.
    """
    unknown = set(given) - set(_CHECKS)
    if unknown:
        raise InvalidInput("A posting has no such field.", param=min(unknown))
    return {field: _CHECKS[field](value) for field, value in given.items()}


def check_budget(least: int | None, most: int | None) -> None:
    """A range goes upwards. Raises InvalidInput."""
    if least is not None and most is not None and most < least:
        raise InvalidInput("The most cannot be less than the least.", param="budget_most")


def check_publishable(posting: Posting) -> None:
    """What a draft may leave open and a published posting may not. Raises InvalidInput."""
    if not posting.description:
        raise InvalidInput("Say what you want done before you publish.", param="description")
    _checked_wished_deadline(posting.wished_deadline)
    _checked_bids_close_at(posting.bids_close_at)


def default_bids_close_at() -> datetime:
    """When bids close where nobody has said: no posting stays open for ever."""
    return now() + LONGEST_BID_WINDOW


def checked_reason(reason: object, *, least: int = 1) -> str:
    """Why something ends, in a sentence that the other side reads. Raises InvalidInput."""
    return checked_line(reason, param="reason", longest=LONGEST_REASON, least=least)


def _checked_title(title: object) -> str:
    return checked_line(title, param="title", longest=LONGEST_TITLE, least=SHORTEST_TITLE)


def _checked_description(text: object) -> str:
    return checked_text(text, param="description", longest=LONGEST_DESCRIPTION)


def _checked_skills(skills: object) -> list[str]:
    kept = checked_list_of_skills(skills)
    if len(kept) > MAX_SKILLS:
        raise InvalidInput(f"At most {MAX_SKILLS} skills: name what matters.", param="skills")
    return kept


def _checked_kind(kind: object) -> str:
    if kind not in Posting.Kind.values:
        raise InvalidInput("A posting is fixed or hourly.", param="kind")
    return str(kind)


def _checked_visibility(visibility: object) -> str:
    if visibility not in Posting.Visibility.values:
        raise InvalidInput("A posting is public, unlisted or invite-only.", param="visibility")
    return str(visibility)


def _checked_budget_least(amount: object) -> int | None:
    return None if amount is None else checked_amount(amount, param="budget_least")


def _checked_budget_most(amount: object) -> int | None:
    return None if amount is None else checked_amount(amount, param="budget_most")


def _checked_awards(awards: object) -> int:
    is_yes_or_no = isinstance(awards, bool)
    if is_yes_or_no or not isinstance(awards, int) or not 1 <= awards <= MOST_AWARDS:
        raise InvalidInput(f"Announce from 1 to {MOST_AWARDS} awards.", param="awards")
    return awards


def _checked_wished_deadline(day: object) -> date | None:
    if day is None:
        return None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidInput("Give the deadline as a date.", param="wished_deadline")
    today = now().date()
    # Whoever lives west of Greenwich still has yesterday.
    if day < today - timedelta(days=1):
        raise InvalidInput("That day has passed.", param="wished_deadline")
    if day > today + FARTHEST_WISH:
        raise InvalidInput("That is more than five years ahead.", param="wished_deadline")
    return day


def _checked_bids_close_at(moment: object) -> datetime | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InvalidInput("Give a moment with its time zone.", param="bids_close_at")
    if moment <= now():
        raise InvalidInput("Bids must close in the future.", param="bids_close_at")
    if moment > now() + LONGEST_BID_WINDOW:
        raise InvalidInput(
            f"Bids close within {LONGEST_BID_WINDOW.days} days.", param="bids_close_at"
        )
    return moment


_CHECKS = {
    "title": _checked_title,
    "description": _checked_description,
    "skills": _checked_skills,
    "kind": _checked_kind,
    "visibility": _checked_visibility,
    "currency": known_currency,
    "budget_least": _checked_budget_least,
    "budget_most": _checked_budget_most,
    "awards": _checked_awards,
    "wished_deadline": _checked_wished_deadline,
    "bids_close_at": _checked_bids_close_at,
}
