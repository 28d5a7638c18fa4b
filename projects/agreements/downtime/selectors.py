"""Which clocks of a contract were put off because the house was down, and how that reads."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import F

from marketplace.common.models import Outage
from marketplace.common.words import said_length, said_moment
from projects.contracts.models import Contract, PutOff
from projects.milestones.outlook import Outlook, Strike

# By the contract and the moment at which a clock strikes now.
Reasons = dict[tuple[int, datetime], str]


def why_put_off(by: timedelta, outage: Outage) -> str:
    """Extended by 2 h 10 min: Milepost was down from … to …."""
    return (
        f"extended by {said_length(by)}: Milepost was down from {said_moment(outage.began_at)} "
        f"to {said_moment(outage.ended_at)}"
    )


def reasons_on(contracts: Iterable[Contract]) -> Reasons:
    """Why clocks of these contracts strike later than was agreed; one query for many.

    A clock that was started anew since strikes at another moment: its past is no reason any more.
    """
    known = {contract.pk: contract for contract in contracts}
    reasons: Reasons = {}
    found = PutOff.objects.filter(contract__in=known).select_related("outage")
    for one in found.order_by("pk"):
        by = one.due_at - one.was_due_at
        if not by or one.contract_id is None:
            continue
        # A second outage put off what the first one had: both are said.
        before = reasons.get((one.contract_id, one.was_due_at))
        text = "; ".join(filter(None, [before, why_put_off(by, one.outage)]))
        reasons[one.contract_id, one.due_at] = text
        if one.clock == PutOff.Clock.DELIVERY:
            # The grace after it moves along.
            grace = timedelta(days=known[one.contract_id].policy.lateness_grace_days)
            reasons[one.contract_id, one.due_at + grace] = text
    return reasons


def why_later(about: str, until: datetime | None) -> str:
    """The same of one thing by its public id, whose clock strikes then (``until``); nothing where
    no outage put it off. One that was started anew since has no past.
    """
    found = PutOff.objects.filter(about=about, due_at__gt=F("was_due_at"))
    why: list[str] = []
    for one in found.select_related("outage").order_by("-pk"):
        if one.due_at == until:
            why.insert(0, why_put_off(one.due_at - one.was_due_at, one.outage))
            until = one.was_due_at
    return "; ".join(why)


def with_reason(strike: Strike, contract: Contract, reasons: Reasons) -> Strike:
    """The same strike, with why it comes later where it does."""
    why = reasons.get((contract.pk, strike.at), "") if strike.at else ""
    return replace(strike, put_off=why) if why else strike


def with_reasons(outlook: Outlook, reasons: Reasons) -> Outlook:
    """The same for all the clocks of a milestone."""
    contract = outlook.milestone.contract
    told = tuple(with_reason(strike, contract, reasons) for strike in outlook.strikes)
    return replace(outlook, strikes=told)
