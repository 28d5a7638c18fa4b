"""Where one goes at the desk by two keys, a "g" and a letter: what each of the staff may read."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.people.models import StaffRole
from accounts.people.selectors import staff_roles_of

_ALL = frozenset(StaffRole.values)
_MONEY = frozenset({StaffRole.FINANCE, StaffRole.SUPPORT})
_CASES = frozenset({StaffRole.MEDIATOR, StaffRole.SUPPORT})
# The letter, what it is called, its route, and who reads it.
_PLACES = (
    ("s", "Desk", "desk", _ALL),
    ("d", "Disputes", "desk-disputes", _CASES),
    ("f", "Figures of disputes", "desk-dispute-figures", _CASES),
    ("t", "Templates for decisions", "desk-templates", frozenset({StaffRole.MEDIATOR})),
    ("h", "Holds and suspensions", "desk-holds", _MONEY | {StaffRole.MODERATOR}),
    ("o", "Contracts", "desk-contracts", _MONEY),
    ("l", "Held near the provider’s limit", "desk-limits", _MONEY),
    ("n", "Payees without bank details", "desk-payees", _MONEY),
    ("p", "Payouts", "desk-payouts", _MONEY),
    ("r", "Failed refunds", "desk-refunds", _MONEY),
    ("c", "Chargebacks", "desk-chargebacks", _MONEY),
    ("b", "Money given back", "desk-givebacks", _MONEY),
    ("e", "Our books and the provider’s", "reconciliation", _MONEY),
    ("m", "Mails that fail", "desk-mails", _ALL),
    ("a", "Audit log", "desk-audit", _ALL),
)


def desk_places(request: HttpRequest) -> dict[str, Any]:
    """``desk_places`` for the pages of the desk: letter, name and address of each, if one asks."""
    return {"desk_places": SimpleLazyObject(lambda: _places_of(request))}


def _places_of(request: HttpRequest) -> list[tuple[str, str, str]]:
    mine = staff_roles_of(request.user)
    return [(key, name, reverse(route)) for key, name, route, readers in _PLACES if readers & mine]
