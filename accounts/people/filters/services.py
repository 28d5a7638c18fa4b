"""Searches that somebody keeps under a name: saved and forgotten, never changed."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower

from accounts.people.filters.models import LONGEST_NAME, SavedFilter
from accounts.people.filters.selectors import saved_filters_of
from accounts.people.models import User
from marketplace.common.errors import InvalidInput
from marketplace.common.text import checked_line

# Of one list: more of them is a list to be searched itself.
MOST_FILTERS = 20


@transaction.atomic
def save_filter(*, page: str, name: str, query: Mapping[str, str], by: User) -> SavedFilter:
    """Keep a search of a list for oneself; ``query`` is what was asked, field by field.

    Raises InvalidInput for an empty search, a name that is taken there, or one too many.
    """
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # counted and added by one at a time
    name = checked_line(name, param="name", longest=LONGEST_NAME, least=1)
    if not query:
        raise InvalidInput("Search for something first: this shows everything.", param="words")
    kept = saved_filters_of(by, page=page)
    # In small letters, as the constraint compares them: in capitals ẞ and ß are two.
    if kept.alias(small=Lower("name")).filter(small=Lower(Value(name))).exists():
        raise InvalidInput("You have saved another search under this name.", param="name")
    if kept.count() >= MOST_FILTERS:
        raise InvalidInput(
            f"You have saved {MOST_FILTERS} searches of this list: forget one first.", param="name"
        )
    return SavedFilter.objects.create(owner=by, page=page, name=name, query=dict(query))


@transaction.atomic
def forget_filter(*, filter_id: int, by: User) -> None:
    """It is gone; what it found is not. Safe to call again."""
    SavedFilter.objects.filter(pk=filter_id, owner=by).delete()
