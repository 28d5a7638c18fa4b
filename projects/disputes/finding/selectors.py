"""Some of the cases, by what whoever works on them looks for."""

from django.db.models import Q, QuerySet

from accounts.people.models import User
from marketplace.common.errors import InvalidInput
from projects.disputes.assigning import selectors as assigning
from projects.disputes.models import OPEN, Dispute
from projects.disputes.selectors import still_open

# Besides each state: those that wait for somebody, and every one.
STATES = {"open": "Open", **dict(Dispute.Status.choices), "all": "Open and closed"}


def narrowed(
    disputes: QuerySet[Dispute],
    *,
    reader: User,
    words: str = "",
    state: str = "",
    whose: str = "",
    reason: str = "",
) -> QuerySet[Dispute]:
    """Those in this ``state``, the open ones where none is named; ``whose`` they are, from the
    ``reader``'s side; opened for this ``reason``; and of these ``words``: the public id of
    one, of its milestone or contract, or a part of a title or of a side's name.

    Raises InvalidInput for what there is not.
    """
    for param, value, known in (
        ("state", state, STATES),
        ("whose", whose, assigning.WHOSE),
        ("reason", reason, Dispute.Reason.values),
    ):
        if value and value not in known:
            raise InvalidInput(f"It is one of {', '.join(known)}.", param=param)
    found = assigning.whose(_in_state(disputes, state or "open"), reader, name=whose)
    if reason:
        found = found.filter(reason=reason)
    if words := words.strip()[:200]:
        ids = ("public_id", "milestone__public_id", "milestone__contract__public_id")
        texts = (
            "milestone__title",
            "milestone__contract__title",
            "milestone__contract__client__name",
            "milestone__contract__freelancer__name",
        )
        wanted = Q()
        for name in ids:
            wanted |= Q(**{name: words})
        for name in texts:
            wanted |= Q(**{f"{name}__icontains": words})
        found = found.filter(wanted)
    return found


def _in_state(disputes: QuerySet[Dispute], state: str) -> QuerySet[Dispute]:
    """As people see it: the end of the milestone closes its dispute at once."""
    if state == "all":
        return disputes
    if state == "open":
        return still_open(disputes)
    is_ended = Q(milestone__closed_at__isnull=False)
    if state == Dispute.Status.CLOSED:
        return disputes.filter(Q(status=state) | is_ended & Q(status__in=OPEN))
    return disputes.filter(~is_ended, status=state)
