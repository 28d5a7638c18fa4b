"""What stands in the mail of a day: grouped by what it is about, and nothing twice."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.notifications.models import Notification

# More than this nobody reads in a mail; the rest is counted, and stands in the house.
MOST_SHOWN = 50


@dataclass(frozen=True)
class Group:
    """All that happened on one contract or posting, the oldest first; without a title what belongs
    to none of them.
    """

    title: str
    notices: list[Notification]


@dataclass(frozen=True)
class Contents:
    groups: list[Group]
    shown: int
    left_out: int


def newest_of_each(notices: Iterable[Notification]) -> list[Notification]:
    """Of several of one kind about one thing the last, in the order in which they were written: a
    bid that was changed three times has one present wording. What a notice is about is its page,
    unless it says so itself: where one page tells of several things, it has to.
    """
    newest = {(it.kind, it.about or it.path): it for it in sorted(notices, key=lambda it: it.pk)}
    return sorted(newest.values(), key=lambda it: it.pk)


def contents_of(notices: Iterable[Notification]) -> Contents:
    """The newest MOST_SHOWN; groups in the order of their first news."""
    told = newest_of_each(notices)
    shown = told[-MOST_SHOWN:]
    groups: dict[str, list[Notification]] = {}
    for notice in shown:
        groups.setdefault(notice.title, []).append(notice)
    return Contents(
        [Group(title, of_it) for title, of_it in groups.items()],
        shown=len(shown),
        left_out=len(told) - len(shown),
    )
