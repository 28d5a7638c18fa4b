"""What the table will make of the disputes that wait for an answer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from payments.escrow.division import Shares, shares_of
from payments.policies.models import Policy
from projects.disputes.models import Dispute
from projects.disputes.silence.facts import facts_on
from projects.disputes.silence.table import TABLES, Judgement, Row, judge


@dataclass(frozen=True)
class Verdict:
    """What comes of it if nobody acts until then; ``shares`` is None where a mediator says it."""

    judgement: Judgement
    shares: Shares | None


@dataclass(frozen=True)
class Published:
    """A table that rules name, and which versions of them do."""

    number: int
    rows: tuple[Row, ...]
    versions: list[int]


def published_tables() -> list[Published]:
    """Those by which somebody is judged, the newest first."""
    versions: dict[int, list[int]] = {}
    named = Policy.objects.exclude(silence_table=0).order_by("version")
    for version, number in named.values_list("version", "silence_table"):
        versions.setdefault(number, []).append(version)
    return [
        Published(number, TABLES[number], versions[number])
        for number in sorted(versions, reverse=True)
    ]


def verdicts_on(disputes: Iterable[Dispute]) -> dict[int, Verdict]:
    """What silence until the time to answer is over would bring, by primary key; nothing of those
    that wait for no answer. What is at hand of the disputes is as in ``facts_on``.
    """
    waiting = {
        one.pk: one
        for one in disputes
        if one.state == Dispute.Status.OPENED and one.answer_due_at is not None
    }
    found = {}
    for pk, facts in facts_on(waiting.values()).items():
        dispute = waiting[pk]
        assert dispute.answer_due_at is not None
        judgement = judge(replace(facts, at=max(facts.at, dispute.answer_due_at)))
        part, escrow = judgement.to_freelancer, dispute.milestone.escrow
        shares = None if part is None else shares_of(escrow, held=facts.held, to_payee=part)
        found[pk] = Verdict(judgement, shares)
    return found
