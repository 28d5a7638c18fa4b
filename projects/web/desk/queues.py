"""What lies at the desk because no rule of the house can settle it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, QuerySet, When
from django.urls import reverse

from accounts.holds.selectors import among_standing, desk_holds
from accounts.notifications.mailing.selectors import given_up_mails
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from payments.chargebacks.selectors import to_be_answered
from payments.incoming.selectors import unexplained_events
from payments.payouts.selectors import payouts_in_trouble
from payments.reconciliation.confirming.selectors import waiting_deeds
from payments.reconciliation.selectors import open_differences
from payments.refunds.selectors import failed_refunds
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes, still_open

SHOWN = 10
# Nobody counts beyond this: the desk then says "99+".
MOST_COUNTED = 99


@dataclass(frozen=True)
class Kind:
    """What is told of one pile, and who has business with it; support reads everything.

    ``page`` is the route of the whole list, where there is one, and ``words`` the link to it.
    """

    title: str
    nothing: str
    readers: frozenset[str]
    page: str = ""
    query: str = ""
    words: str = ""

    @property
    def url(self) -> str:
        return f"{reverse(self.page)}{self.query}" if self.page else ""


_KINDS = {
    "disputes": Kind(
        "Open disputes",
        "Nobody disagrees at the moment.",
        frozenset({StaffRole.MEDIATOR}),
        page="desk-disputes",
        query="?state=all",
        words="Every dispute",
    ),
    "refunds": Kind(
        "Failed refunds",
        "Every refund has arrived or is under way.",
        frozenset({StaffRole.FINANCE}),
        page="desk-refunds",
        words="Every failed refund",
    ),
    "payouts": Kind(
        "Payouts in trouble",
        "Every payout has arrived or is under way.",
        frozenset({StaffRole.FINANCE}),
        page="desk-payouts",
        words="Every payout",
    ),
    "chargebacks": Kind(
        "Chargebacks to be answered",
        "No bank waits for an answer.",
        frozenset({StaffRole.FINANCE}),
        page="desk-chargebacks",
        words="Every chargeback",
    ),
    "holds": Kind(
        "Holds and suspensions",
        "Nothing is held, and nobody is suspended.",
        frozenset({StaffRole.FINANCE, StaffRole.MODERATOR}),
        page="desk-holds",
        words="Every hold, and a new one",
    ),
    "deeds": Kind(
        "Deeds that wait for a second person",
        "Nobody has to confirm anything.",
        frozenset({StaffRole.FINANCE}),
    ),
    "differences": Kind(
        "Differences from the provider’s books",
        "Our books and the provider’s agree, as far as they were compared.",
        frozenset({StaffRole.FINANCE}),
        page="reconciliation",
        words="The comparison and its runs",
    ),
    "events": Kind(
        "Webhook events with a problem",
        "Everything that the provider told us was understood.",
        frozenset({StaffRole.FINANCE}),
    ),
    "mails": Kind(
        "Mails that were given up",
        "Every mail has left or is still tried.",
        frozenset({StaffRole.FINANCE, StaffRole.MEDIATOR, StaffRole.MODERATOR}),
        page="desk-mails",
        words="Every mail that fails",
    ),
}


@dataclass(frozen=True)
class Queue:
    """One pile of the desk: the first of it, and how much there is."""

    name: str
    kind: Kind
    entries: list[Any]
    count: str

    @property
    def template(self) -> str:
        return f"desk/_{self.name}.html"


def queues_for(user: User) -> list[Queue]:
    """The piles that this person of the staff looks after."""
    piles: dict[str, QuerySet[Any]] = {
        # Whose ruling is due stands above whose other side has not even answered; what is decided
        # waits for nobody here.
        "disputes": still_open(desk_disputes(user)).order_by(
            Case(When(status=Dispute.Status.DECIDED, then=1), default=0),
            F("ruling_due_at").asc(nulls_last=True),
            "answer_due_at",
            "pk",
        ),
        "refunds": failed_refunds().order_by("created_at", "pk"),
        "payouts": payouts_in_trouble().order_by("created_at", "pk"),
        "chargebacks": to_be_answered(),
        "holds": among_standing(desk_holds(user)).order_by(
            F("ruling_due_at").asc(nulls_last=True), "ends_at", "pk"
        ),
        "deeds": waiting_deeds(),
        "differences": open_differences(),
        "events": unexplained_events(),
        "mails": given_up_mails(),
    }
    mine = staff_roles_of(user)
    return [
        _queue(name, _KINDS[name], pile)
        for name, pile in piles.items()
        if StaffRole.SUPPORT in mine or _KINDS[name].readers & mine
    ]


def _queue(name: str, kind: Kind, pile: QuerySet[Any]) -> Queue:
    count = pile.order_by()[: MOST_COUNTED + 1].count()
    return Queue(
        name=name,
        kind=kind,
        entries=list(pile[:SHOWN]),
        count=str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+",
    )
