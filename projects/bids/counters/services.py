"""How the two sides of a bid come to terms: one proposes, the other answers, round by round.

No money is held yet, so nothing moves: what was accepted is the bid's next wording.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction

from accounts.holds.services import judge_may_begin, judge_other_side
from accounts.notifications.services import notify
from accounts.parties.models import Party
from accounts.people.models import User
from marketplace.common.answers import judge_answer
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.outages.rules import judge_struck
from marketplace.common.text import checked_text
from marketplace.common.words import Money, Words
from payments.policies.selectors import policy_in_force
from projects.bids.counters.models import LIFECYCLE, CounterOffer
from projects.bids.locking.services import lock_bid
from projects.bids.models import LIFECYCLE as BIDS
from projects.bids.models import Bid
from projects.bids.roles import role_in
from projects.bids.terms import checked_terms
from projects.bids.validity import judge_running
from projects.bids.wordings.services import check_room, write_wording
from projects.postings.models import Posting
from projects.postings.roles import Actor

S = CounterOffer.Status

LONGEST_NOTE = 2_000
# Of one side on one bid: each is a mail to the other.
MOST_COUNTERS = 20
_OTHER = {CLIENT: FREELANCER, FREELANCER: CLIENT}


@transaction.atomic
def propose_counter(
    *,
    bid_id: int,
    by: Actor,
    price: int,
    days: int,
    plan: list[dict[str, Any]],
    note: str = "",
    version: int | None = None,
) -> CounterOffer:
    """Answer a bid with other terms, as its client; it stands as it is until they are accepted.

    ``price`` and the plan's amounts are minor units, and sum up; ``days`` count from the start of
    the contract. ``version`` is the wording that the client had before their eyes. The bidder has
    the policy's days to answer, and no longer than the bid is valid. Raises InvalidInput with the
    field at fault, NotAllowed, or WrongState where another one is in the way or no bid stands.
    """
    freelancer_id = Bid.objects.values_list("freelancer_id", flat=True).get(pk=bid_id)
    judge_may_begin(by, "bid", beside=[freelancer_id])
    bid = lock_bid(bid_id)
    BIDS.judge(bid, "counter", role=role_in(bid, by))
    judge_other_side(bid.freelancer)
    if bid.posting.status != Posting.Status.OPEN:
        raise WrongState("This posting is not open any more.")
    if bid.valid_until <= now():
        raise WrongState("This bid is not valid any more.")
    if version is not None and version != bid.version:
        raise WrongState("This bid was changed after you opened it. Read it again first.")
    judge_no_counter(bid)
    for standing in _standing(bid):
        _lapse(standing)
    return _propose(bid, CLIENT, by=by, price=price, days=days, plan=plan, note=note)


@transaction.atomic
def counter_counter(
    *,
    counter_id: int,
    by: Actor,
    price: int,
    days: int,
    plan: list[dict[str, Any]],
    note: str = "",
) -> CounterOffer:
    """Answer with other terms again: the first are off, and it is the other side's turn."""
    counter, role = _agree(counter_id, "counter", by=by)
    _close(counter)
    return _propose(
        counter.bid, role, by=by, price=price, days=days, plan=plan, note=note, counters=counter
    )


@transaction.atomic
def accept_counter(*, counter_id: int, by: Actor) -> CounterOffer:
    """Agree as the other side: the bid stands in these terms, and can be awarded so.

    Raises WrongState where the bid was worded anew meanwhile, InvalidInput where the terms are not
    allowed any more.
    """
    counter, role = _agree(counter_id, "accept", by=by)
    bid = counter.bid
    if counter.against != bid.version:
        raise WrongState("The bid was changed since this was proposed.", code="changed_meanwhile")
    terms = _checked(bid, counter.terms)
    write_wording(bid, terms)
    counter.became = bid.version
    _close(counter)
    _tell(
        counter,
        _OTHER[role],
        "counter_accepted",
        Words(
            "%(who)s has accepted your terms for “%(title)s”: %(price)s. The bid stands so now.",
            who=_side(bid, role).name,
            title=bid.posting.title,
            price=Money(bid.price, bid.currency),
        ),
    )
    return counter


@transaction.atomic
def decline_counter(*, counter_id: int, by: Actor) -> CounterOffer:
    """Say no as the other side: the bid stands as it was."""
    counter, role = _advance(counter_id, "decline", by=by)
    _close(counter)
    text = Words("%(who)s has declined your terms for “%(title)s”. The bid stands as it was.")
    _tell_answer(counter, role, "counter_declined", text)
    return counter


@transaction.atomic
def withdraw_counter(*, counter_id: int, by: Actor) -> CounterOffer:
    """Take one's own proposal back while it is not answered."""
    counter, role = _advance(counter_id, "withdraw", by=by)
    _close(counter)
    text = Words("%(who)s has withdrawn the other terms for “%(title)s”. The bid stands as it was.")
    _tell_answer(counter, role, "counter_withdrawn", text)
    return counter


@transaction.atomic
def lapse_counter(*, counter_id: int) -> CounterOffer:
    """Write down that nobody answered in time, or that the bid has ended.

    It is seen so from that moment on. Safe to call too early or again.
    """
    counter = lock_counter(counter_id)
    if counter.status == S.PROPOSED and counter.state == S.LAPSED:
        _lapse(counter)
    return counter


def drop_counter(bid: Bid) -> None:
    """The bid is awarded or ends: what is proposed about it is off. The caller holds its lock."""
    for standing in _standing(bid):
        LIFECYCLE.advance(standing, "drop", role=SYSTEM)
        _close(standing)


def judge_no_counter(bid: Bid) -> None:
    """Raises WrongState while other terms wait for an answer, or may be put off: they are of this
    wording. The caller holds the bid's lock, and has judged that it can be worded anew.
    """
    for standing in _standing(bid):
        if standing.state == S.PROPOSED:
            raise WrongState("Other terms are proposed: they are answered or withdrawn first.")
        judge_struck()


def lock_counter(counter_id: int) -> CounterOffer:
    """The bid first, then what is proposed about it, in every deed."""
    bid = lock_bid(CounterOffer.objects.values_list("bid_id", flat=True).get(pk=counter_id))
    counter = CounterOffer.objects.select_for_update(of=("self",)).get(pk=counter_id)
    counter.bid = bid
    return counter


def tell_both_of_counter(counter: CounterOffer, kind: str, text: Words) -> None:
    """What the house did with its clock, both sides of the bid hear."""
    for role in _OTHER:
        _tell(counter, role, kind, text)


def _propose(
    bid: Bid,
    role: str,
    *,
    by: Actor,
    note: str,
    counters: CounterOffer | None = None,
    **wanted: Any,
) -> CounterOffer:
    note = checked_text(note, param="note", longest=LONGEST_NOTE)
    terms, moment = _checked(bid, wanted), now()
    if terms == {name: getattr(bid, name) for name in terms}:
        raise InvalidInput("That is how the bid stands already.", param="plan")
    if counters is not None and terms == counters.terms:
        raise InvalidInput("That is what they propose: accept it.", param="plan")
    check_room(bid)
    if bid.counter_offers.filter(proposed_by_role=role).count() >= MOST_COUNTERS:
        raise WrongState(
            f"You have proposed other terms {MOST_COUNTERS} times: more will not help."
        )
    assert isinstance(by, User)  # only people act for a side
    answer_days = timedelta(days=policy_in_force().proposal_answer_days)
    counter = CounterOffer.objects.create(
        bid=bid,
        counters=counters,
        proposed_by=by,
        proposed_by_role=role,
        against=bid.version,
        note=note,
        created_at=moment,
        answer_due_at=min(moment + answer_days, bid.valid_until),
        **terms,
    )
    _tell(
        counter,
        _OTHER[role],
        "counter_proposed",
        Words.counted(
            "%(who)s proposes other terms for “%(title)s”: %(price)s in %(count)s day. Answer by "
            "%(due)s; after that they lapse and the bid stands as it is.",
            "%(who)s proposes other terms for “%(title)s”: %(price)s in %(count)s days. Answer by "
            "%(due)s; after that they lapse and the bid stands as it is.",
            count=counter.days,
            who=_side(bid, role).name,
            title=bid.posting.title,
            price=Money(counter.price, bid.currency),
            due=counter.answer_due_at,
        ),
    )
    return counter


def _checked(bid: Bid, terms: dict[str, Any]) -> dict[str, Any]:
    """As what a bid may say; price, days and plan alone."""
    kept = {"letter": bid.letter, "valid_until": bid.valid_until}
    checked = checked_terms(kept | terms, currency=bid.currency)
    return {name: checked[name] for name in ("price", "days", "plan")}


def _lapse(counter: CounterOffer) -> None:
    step = "drop" if counter.is_moot else "lapse"
    LIFECYCLE.advance(counter, step, role=SYSTEM)
    _close(counter)
    if step == "lapse":
        text = Words(
            "The other terms for “%(title)s” have lapsed. The bid stands.",
            title=counter.bid.posting.title,
        )
        tell_both_of_counter(counter, "counter_lapsed", text)


def _agree(counter_id: int, step: str, *, by: Actor) -> tuple[CounterOffer, str]:
    """The same for a step that takes both sides: neither of them nor the posting is suspended."""
    sides = CounterOffer.objects.values_list("bid__freelancer_id", "bid__posting__client_id")
    judge_may_begin(by, "bid", beside=sides.get(pk=counter_id))
    counter, role = _advance(counter_id, step, by=by)
    judge_running(counter.bid)
    judge_other_side(_side(counter.bid, _OTHER[role]))
    return counter, role


def _advance(counter_id: int, step: str, *, by: Actor) -> tuple[CounterOffer, str]:
    """Lock the rows first, judge them second; the caller saves. Also which side ``by`` is."""
    counter = lock_counter(counter_id)
    role = role_in(counter.bid, by)
    judge_answer(LIFECYCLE, counter, step, role)
    LIFECYCLE.advance(counter, step, role=role)
    return counter, role or ""


def _standing(bid: Bid) -> list[CounterOffer]:
    found = list(bid.counter_offers.select_for_update().filter(status=S.PROPOSED).order_by("pk"))
    for one in found:
        one.bid = bid
    return found


def _close(counter: CounterOffer) -> None:
    counter.closed_at = now()
    counter.save(update_fields=["status", "closed_at", "became"])


def _side(bid: Bid, role: str) -> Party:
    return bid.posting.client if role == CLIENT else bid.freelancer


def _tell_answer(counter: CounterOffer, role: str, kind: str, text: Words) -> None:
    filled = text.filled(who=_side(counter.bid, role).name, title=counter.bid.posting.title)
    _tell(counter, _OTHER[role], kind, filled)


def _tell(counter: CounterOffer, role: str, kind: str, text: Words) -> None:
    to, path = _side(counter.bid, role), f"{counter.bid.path}#terms"
    notify(to=to, kind=kind, text=text, path=path, about=counter.public_id)
