"""How many awards a posting has made, how many are taken, and whether one is left to be offered.

An award is taken by an offer that is out and made once it is accepted. Bids live one room up: they
are counted here by their state alone.
"""

from collections.abc import Iterable

from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from marketplace.common.errors import WrongState
from projects.postings.models import Posting

MADE = ("accepted",)
TAKEN = ("offered", "accepted")
# The code of a refusal because of them.
NONE_LEFT, TOO_FEW = "no_award_left", "too_few_awards"


def counted_on_each(statuses: Iterable[str], posting: str = "pk") -> Coalesce:
    """To annotate a list with; ``posting`` is the column that names the posting."""
    found = Posting.objects.filter(pk=OuterRef(posting), bids__status__in=list(statuses))
    counts = found.order_by().values("pk").annotate(count=Count("bids")).values("count")
    return Coalesce(Subquery(counts), Value(0))


def taken_of(posting: Posting) -> int:
    """How many are made or offered now."""
    return posting.bids.filter(status__in=TAKEN).count()


def judge_award_left(posting: Posting) -> None:
    """Raises WrongState (``no_award_left``) where every award is made or offered.

    The caller holds the lock of the posting.
    """
    if taken_of(posting) < posting.awards:
        return
    if not posting.is_for_several:
        raise WrongState(
            "There is an offer already: wait for its answer or withdraw it first.", code=NONE_LEFT
        )
    raise WrongState(
        f"All {posting.awards} awards of this posting are made or offered: wait for an answer, "
        "withdraw an offer, or announce more awards.",
        code=NONE_LEFT,
    )


def judge_announced(posting: Posting, awards: int) -> None:
    """Raises WrongState (``too_few_awards``) for fewer than are made or offered.

    The caller holds the lock of the posting.
    """
    made, taken = posting.awards_made, taken_of(posting)
    if awards >= taken:
        return
    if awards >= made:
        raise WrongState(
            f"{made} made and {taken - made} offered: withdraw an offer before you announce fewer.",
            code=TOO_FEW,
            param="awards",
        )
    raise WrongState(
        f"{made} awards are made already: fewer cannot be announced.", code=TOO_FEW, param="awards"
    )
