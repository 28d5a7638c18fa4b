"""Which warnings precede which clock, and what they say."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_noop

from accounts.notifications.services import News, notify_each
from marketplace.common.clock import now
from marketplace.common.words import Words
from payments.chargebacks.selectors import look_for_open_chargebacks
from payments.escrow.facts import MoneyFacts, facts_now, facts_of_each
from projects.contracts.models import Contract
from projects.contracts.selectors import page_of
from projects.milestones import reminders_of_review as of_review
from projects.milestones import reminders_of_work as of_work
from projects.milestones.models import Milestone, Reminder
from projects.milestones.selectors import is_being_funded, is_funded

# How long before the time to fund a contract is over both sides hear of it, and when it is.
_BEFORE_FUNDING_ENDS = {
    "fund_in_7_days": timedelta(days=7),
    "fund_in_1_day": timedelta(days=1),
    "fund_over": timedelta(0),
}
# Those on the same clock in the order in which they come.
KINDS = (*of_work.KINDS, *of_review.KINDS, *_BEFORE_FUNDING_ENDS)
# After an outage only the last word on each of these is told. Those of a review are all told, since
# money moves by its silence.
_LAST_WORD_ON = {
    **dict.fromkeys(of_work.KINDS, "delivery"),
    **dict.fromkeys(of_work.OF_START, "start"),
    **dict.fromkeys(_BEFORE_FUNDING_ENDS, "funding"),
}
# By the milestone and the clock: when the last word on it is due, and its place among KINDS.
LastWords = Mapping[tuple[int, str], tuple[datetime, int]]


def remind_of_work(milestone: Milestone) -> None:
    """Plan the warnings of the delivery date, of the grace after it and of the time to start, in
    place of those that no longer hold.
    """
    _plan(milestone, of_work.times_of(milestone))


def forget_start(milestone: Milestone) -> None:
    """It was started: nobody is warned of the time for that any more."""
    Reminder.objects.filter(milestone=milestone, told_at=None, kind__in=of_work.OF_START).delete()


def remind_of_review(milestone: Milestone) -> None:
    """Plan the warnings that silence will approve, and the word that it cannot, in place of those
    of the delivery.
    """
    _plan(milestone, of_review.times_of(milestone))


def remind_of_funding(contract: Contract) -> None:
    """Plan the warnings that nothing is funded, in place of those that no longer hold; none where
    that clock does not run.

    They belong to the contract, and hang on its first open milestone: they stay when that ends.
    """
    _untold_of_funding().filter(milestone__contract=contract).delete()
    first = contract.milestones.filter(closed_at=None).order_by("place").first()
    if contract.funding_due_at is None or first is None:
        return
    due_at = contract.funding_due_at
    _write(first, {kind: due_at - ahead for kind, ahead in _BEFORE_FUNDING_ENDS.items()})


def _untold_of_funding() -> QuerySet[Reminder]:
    return Reminder.objects.filter(told_at=None, kind__in=_BEFORE_FUNDING_ENDS)


def forget_reminders(*milestones: Milestone) -> None:
    """The reason has gone: what was not told yet never will be."""
    untold = Reminder.objects.filter(milestone__in=milestones, told_at__isnull=True)
    untold.exclude(kind__in=_BEFORE_FUNDING_ENDS).delete()


def put_off_reminders(milestone: Milestone, kinds: str, by: timedelta) -> None:
    """The clock of which the kinds that begin so warn was put off, and they with it."""
    untold = Reminder.objects.filter(milestone=milestone, told_at=None, kind__startswith=kinds)
    untold.update(due_at=F("due_at") + by)


def tell_due(milestones: Sequence[Milestone]) -> None:
    """Tell what could not be told in time of what silence releases now. The caller holds their
    locks.
    """
    # Those that waited for the money are written too, however late they were to be asked again.
    late = list(
        Reminder.objects.filter(
            Q(due_at__lte=now()) | Q(kind__in=of_review.KINDS),
            milestone__in=milestones,
            told_at=None,
        )
        .exclude(kind=of_review.OVER_UNPAID)
        .order_by("due_at", "pk")
    )
    known = {milestone.pk: milestone for milestone in milestones}
    for reminder in late:
        reminder.milestone = known[reminder.milestone_id]
    tell(late)


def tell(reminders: Sequence[Reminder]) -> None:
    """Tell both sides, and note that it was told. The caller holds the milestones' locks."""
    news = []
    for reminder in reminders:
        milestone, text = reminder.milestone, words_of(reminder)
        contract, key = milestone.contract, key_of(reminder)
        news += [
            News(
                to=party,
                kind=reminder.kind,
                text=text,
                path=page_of(contract),
                key=key,
                about=milestone.public_id,
                title=contract.title,
            )
            for party in (contract.client, contract.freelancer)
        ]
    notify_each(news)
    told = Reminder.objects.filter(pk__in=[reminder.pk for reminder in reminders])
    told.update(told_at=now())


def key_of(reminder: Reminder) -> str:
    """Nobody is told twice with it, and a date that has moved is told of again."""
    return f"{reminder.milestone.public_id}:{reminder.kind}:{reminder.due_at.isoformat()}"


def read_key(key: str) -> datetime:
    """When the reminder that was told under this key was due."""
    return datetime.fromisoformat(key.split(":", 2)[2])


def facts_behind(reminders: Iterable[Reminder]) -> dict[int, MoneyFacts]:
    """The money without which nothing is due and nothing approved, by the key of its escrow, in a
    few queries; of what is reviewed the escrows know then whether a bank wants money of it.
    """
    dated = [reminder for reminder in reminders if reminder.kind in of_work.KINDS]
    reviewed = [reminder for reminder in reminders if reminder.kind in of_review.KINDS]
    if reviewed:
        look_for_open_chargebacks([reminder.milestone.escrow for reminder in reviewed])
    return facts_of_each(reminder.milestone.escrow for reminder in [*dated, *reviewed])


def why_untrue(milestone: Milestone, kind: str, facts: MoneyFacts | None = None) -> str:
    """Why what it promises would not happen as things are, though its reason stands; '' where it
    would: silence releases nothing while too little is held, or a bank has cut in.
    """
    return of_review.why_untrue(milestone, kind, facts) if kind in of_review.KINDS else ""


def why_gone(
    milestone: Milestone, kind: str, due_at: datetime, facts: MoneyFacts | None = None
) -> str:
    """Why nobody needs this reminder any more; '' where its reason stands.

    ``facts`` of its money where the caller has them at hand; without them the books are asked.
    """
    if kind in _BEFORE_FUNDING_ENDS:
        return _why_funding_waits_no_more(milestone.contract, kind, due_at)
    if milestone.closed_at is not None or milestone.contract.status != Contract.Status.ACTIVE:
        return gettext_noop("Its milestone has ended.")
    if kind in of_work.KINDS:
        return of_work.why_gone(milestone, kind, due_at, facts)
    if kind in of_review.KINDS:
        return of_review.why_gone(milestone, kind, due_at, facts)
    if not (facts or facts_now(milestone.escrow)).held:
        return gettext_noop("Nothing is held for it any more.")
    return ""


def _why_funding_waits_no_more(contract: Contract, kind: str, due_at: datetime) -> str:
    if contract.status != Contract.Status.ACTIVE:
        return gettext_noop("Its contract has ended.")
    if contract.funding_due_at is None or is_funded(contract):
        return gettext_noop("It is funded.")
    if is_being_funded(contract):
        return gettext_noop("What the client paid for it is on its way.")
    if contract.funding_due_at - _BEFORE_FUNDING_ENDS[kind] != due_at:
        return gettext_noop("It is to be funded by another date now.")
    return ""


def last_words_due(milestone_ids: Collection[int]) -> LastWords:
    """For each milestone and clock, when the last of the due warnings was due that only speak of
    the same moment: of its delivery date, of the time to start it or to fund its contract. Of two
    that were due at once the last is the one that comes later among KINDS.
    """
    due = Reminder.objects.filter(
        kind__in=_LAST_WORD_ON, milestone__in=milestone_ids, told_at=None, due_at__lte=now()
    )
    return {
        (reminder.milestone_id, _LAST_WORD_ON[reminder.kind]): _turn_of(reminder)
        for reminder in sorted(due, key=_turn_of)
    }


def is_superseded(reminder: Reminder, last_words: LastWords) -> bool:
    """Whether a later word on the same date is due as well."""
    clock = _LAST_WORD_ON.get(reminder.kind, "")
    last = last_words.get((reminder.milestone_id, clock))
    return last is not None and _turn_of(reminder) < last


def _turn_of(reminder: Reminder) -> tuple[datetime, int]:
    return reminder.due_at, KINDS.index(reminder.kind)


def words_of(reminder: Reminder) -> Words:
    """What the reminder says, with the date itself: it may be read much later."""
    milestone = reminder.milestone
    if reminder.kind.startswith("limit_"):
        assert milestone.escrow.limit_at
        return Words(
            "The payment provider holds the money for “%(title)s” until %(limit)s. What is not "
            "released or decided by then goes back to the client, unless the work is submitted and "
            "silence can approve it.",
            title=milestone.title,
            limit=milestone.escrow.limit_at,
        )
    if reminder.kind in _BEFORE_FUNDING_ENDS:
        return _words_of_funding(milestone.contract)
    if reminder.kind in of_work.KINDS:
        return of_work.words_of(milestone, reminder.kind)
    return of_review.words_of(milestone, reminder.kind)


def _words_of_funding(contract: Contract) -> Words:
    assert contract.funding_due_at
    text = Words(
        "Nothing is held for “%(title)s”: %(client)s has until %(due)s to fund it. After that "
        "%(freelancer)s may end it for that."
    )
    if now() >= contract.funding_due_at:
        text = Words(
            "%(client)s had until %(due)s to fund “%(title)s”, and nothing is held. From now on "
            "%(freelancer)s may end it for that; until then it can still be funded."
        )
    return text.filled(
        title=contract.title,
        client=contract.client.name,
        freelancer=contract.freelancer.name,
        due=contract.funding_due_at,
    )


def _plan(milestone: Milestone, times: dict[str, datetime]) -> None:
    forget_reminders(milestone)
    _write(milestone, times)


def _write(milestone: Milestone, times: dict[str, datetime]) -> None:
    Reminder.objects.bulk_create(
        [
            Reminder(milestone=milestone, kind=kind, due_at=at)
            for kind, at in times.items()
            if at > now()
        ],
        ignore_conflicts=True,
    )
