"""Which searches somebody has kept."""

from django.db.models import QuerySet
from django.db.models.functions import Lower

from accounts.people.filters.models import SavedFilter
from accounts.people.models import User


def saved_filters_of(user: User, *, page: str = "") -> QuerySet[SavedFilter]:
    """Their own, of one list or of all, by name."""
    found = SavedFilter.objects.filter(owner=user).order_by(Lower("name"), "pk")
    return found.filter(page=page) if page else found
