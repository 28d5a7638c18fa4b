"""Who may see which milestones, and which are due for what."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from accounts.people.models import User
from marketplace.common.clock import now
from payments.chargebacks.selectors import contested_ids
from payments.escrow.facts import MoneyFacts, facts_of_each
from payments.escrow.models import Adjustment, Escrow
from payments.fundings.selectors import is_with_a_bank
from projects.contracts.models import Contract
from projects.contracts.selectors import contracts_of
from projects.milestones.models import Milestone, Reminder, Submission, SubmissionFile

# All that can hold less than is agreed: cut into, or agreed at another price since.
_MAY_BE_SHORT = (
    Q(taken_back__gt=0)
    | Q(refunded__gt=0)
    | Exists(Adjustment.objects.filter(escrow=OuterRef("pk")))
)


def milestones_of(user: User | AnonymousUser) -> QuerySet[Milestone]:
    """The milestones of this person's contracts, with what a page about them needs."""
    return (
        Milestone.objects.filter(contract__in=contracts_of(user).order_by())
        .select_related(
            "contract__client",
            "contract__freelancer",
            "contract__policy",
            "escrow__policy",
        )
        .order_by("contract_id", "place")
    )


def submissions_on(milestones: Iterable[Milestone]) -> dict[int, list[Submission]]:
    """The deliveries of each of them with their files, newest first, in two or three queries."""
    found = (
        Submission.objects.filter(milestone__in=list(milestones))
        .prefetch_related("files__stored")
        .order_by("milestone_id", "-version")
    )
    by_milestone: dict[int, list[Submission]] = {}
    for submission in found:
        by_milestone.setdefault(submission.milestone_id, []).append(submission)
    return by_milestone


def deliveries_on(milestone: Milestone) -> QuerySet[Submission]:
    """The deliveries of a milestone that the caller knows to be theirs to read, oldest first."""
    found = Submission.objects.filter(milestone=milestone).select_related("milestone__contract")
    return found.prefetch_related("files__stored").order_by("version")


def latest_delivery(milestone: Milestone) -> Submission | None:
    """Its newest delivery, with the answers to the criteria; None where nothing was delivered."""
    return milestone.submissions.order_by("version").last()


def files_on(milestone: Milestone) -> QuerySet[SubmissionFile]:
    """The files of those deliveries."""
    found = SubmissionFile.objects.filter(submission__milestone=milestone)
    return found.select_related("stored")


def submission_files_of(user: User | AnonymousUser) -> QuerySet[SubmissionFile]:
    """Files of deliveries that this person may download."""
    return SubmissionFile.objects.filter(
        submission__milestone__in=milestones_of(user).order_by()
    ).select_related("stored")


def is_funded(contract: Contract) -> bool:
    """Whether money has come in for any of its milestones that have not ended."""
    return _with_money_paid_in().filter(contract=contract).exists()


def is_being_funded(contract: Contract) -> bool:
    """Whether its client has paid for a milestone that has not ended, and a bank is at it."""
    still_open = Milestone.objects.filter(contract=contract, closed_at=None)
    return is_with_a_bank(still_open.values_list("escrow__public_id", flat=True))


def unfunded_contracts() -> QuerySet[Contract]:
    """Active contracts with something left to do, and no money in for any of it."""
    still_open = Milestone.objects.filter(contract=OuterRef("pk"), closed_at=None)
    return Contract.objects.filter(
        Exists(still_open),
        ~Exists(_with_money_paid_in().filter(contract=OuterRef("pk"))),
        status=Contract.Status.ACTIVE,
    )


def _with_money_paid_in() -> QuerySet[Milestone]:
    """What a bank took back is not unfunded: that has its own ways."""
    return Milestone.objects.filter(closed_at=None).exclude(escrow__status=Escrow.Status.AWAITING)


def unreviewed_ids(*, limit: int) -> list[int]:
    """Submitted work whose review period is over: silence has approved it, unless a chargeback
    stands against its money, or less of it is held than is agreed by now.
    """
    due = _silence_can_release(Milestone.objects.filter(review_ends_at__lte=now()))
    return list(due.order_by("review_ends_at").values_list("pk", flat=True)[:limit])


def reviews_behind_limit_ids(*, at_least: timedelta, limit: int) -> list[int]:
    """Submitted work that silence would approve only once the provider holds its money no longer,
    and ``at_least`` so long from now: the limit was another when its review began.
    """
    behind = Milestone.objects.filter(
        review_ends_at__gt=now() + at_least,
        review_ends_at__gte=F("escrow__limit_at"),
        escrow__status=Escrow.Status.HELD,
    )
    behind = _silence_can_release(behind).order_by("escrow__limit_at")
    return list(behind.values_list("pk", flat=True)[:limit])


def _silence_can_release(reviewed: QuerySet[Milestone]) -> QuerySet[Milestone]:
    free = reviewed.exclude(escrow__public_id__in=contested_ids())
    return free.exclude(escrow__in=_short_of_money(free))


def _short_of_money(due: QuerySet[Milestone]) -> list[int]:
    """The escrows that hold less than is agreed, and were not filled up since."""
    return [pk for pk, money in _perhaps_short(due).items() if not money.is_fully_held]


def _without_money(due: QuerySet[Milestone]) -> list[int]:
    """The escrows of which nothing is left, though their work goes on."""
    return [pk for pk, money in _perhaps_short(due).items() if not money.held]


def _perhaps_short(due: QuerySet[Milestone]) -> dict[int, MoneyFacts]:
    """What a bank has taken from, or a refund that was not a deed of the work, or what has another
    price since it was paid: a few, which the books are asked about.
    """
    found = Escrow.objects.filter(_MAY_BE_SHORT, pk__in=due.values("escrow"))
    return facts_of_each(found.select_related("policy"))


def untold_funding_ids(*, limit: int) -> list[int]:
    """Milestones for which money has arrived below, and nobody has said so yet."""
    news = Milestone.objects.filter(escrow__untold_since__isnull=False)
    return list(news.order_by("escrow__untold_since").values_list("pk", flat=True)[:limit])


def due_reminder_ids(*, limit: int) -> list[int]:
    """Warnings whose time has come; of those of one moment, in the order they were planned in."""
    due = Reminder.objects.filter(told_at=None, due_at__lte=now()).order_by("due_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def unwarned_of_limit_ids(ahead: Mapping[str, timedelta], *, limit: int) -> list[int]:
    """Live milestones whose money nears the provider's limit, and a warning is not told yet.

    ``ahead`` says how long before the limit each kind of warning comes.
    """
    missing, at = Q(pk__in=[]), now()
    for kind, time in ahead.items():
        told = Reminder.objects.filter(
            milestone=OuterRef("pk"), kind=kind, due_at=OuterRef("escrow__limit_at") - time
        )
        missing |= Q(~Exists(told), escrow__limit_at__lte=at + time)
    near = nearing_limit(at + max(ahead.values())).filter(missing)
    return list(near.values_list("pk", flat=True)[:limit])


def over_limit_ids(*, limit: int) -> list[int]:
    """Live milestones whose money the provider holds no longer. Submitted work has its review,
    unless silence cannot approve it: a chargeback stands against its money, or too little is held.
    """
    over = nearing_limit(now())
    is_reviewed = (
        Q(status=Milestone.Status.SUBMITTED)
        & ~Q(escrow__public_id__in=contested_ids())
        & ~Q(escrow__in=_short_of_money(over))
    )
    over = over.exclude(is_reviewed)
    return list(over.values_list("pk", flat=True)[:limit])


def nearing_limit(at: datetime) -> QuerySet[Milestone]:
    """Live milestones whose money the provider holds until then at most, the soonest first."""
    near = Milestone.objects.filter(
        closed_at=None,
        contract__status=Contract.Status.ACTIVE,
        escrow__status=Escrow.Status.HELD,
        escrow__limit_at__lte=at,
    )
    return near.exclude(escrow__in=_without_money(near)).order_by("escrow__limit_at")


def contracts_with_news(*, limit: int) -> list[int]:
    """Contracts with milestones that have ended and were not followed up, the longest ago first."""
    news = Milestone.objects.filter(end_is_news=True).values("contract_id")
    oldest = news.annotate(oldest=Min("closed_at")).order_by("oldest", "contract_id")
    return list(oldest.values_list("contract_id", flat=True)[:limit])
