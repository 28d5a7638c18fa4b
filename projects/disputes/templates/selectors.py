"""Who reads the texts for decisions, and what one fills in."""

from collections.abc import Mapping

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from projects.disputes.templates.models import ReasonTemplate

FIELDS = ("facts", "rule", "reasons")


def templates_for(user: User | AnonymousUser) -> QuerySet[ReasonTemplate]:
    """All of them, by name, for mediators; for everybody else there are none."""
    found = ReasonTemplate.objects.select_related("by").order_by("name")
    return found if StaffRole.MEDIATOR in staff_roles_of(user) else found.none()


def filled_in(template: ReasonTemplate, typed: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """What stands in the fields once it is inserted, and how many of its texts had no room: what
    somebody has typed stays as it is.
    """
    texts = {name: getattr(template, name) for name in FIELDS if getattr(template, name)}
    kept = {name: typed[name] for name in texts if typed.get(name, "").strip()}
    return {**typed, **texts, **kept}, sum(kept[name] != texts[name] for name in kept)
