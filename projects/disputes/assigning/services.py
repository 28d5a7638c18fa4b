"""A mediator takes a case, takes it over, is given it, or gives it up."""

from django.db import transaction

from accounts.notifications.services import notify
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import MEDIATOR
from marketplace.common.words import Words
from projects.contracts.roles import Actor, role_in
from projects.disputes.assigning.models import Assignment
from projects.disputes.assigning.selectors import (
    can_have_it,
    needed_for_appeal,
    why_kept_free,
    why_not_anew,
)
from projects.disputes.models import Dispute
from projects.disputes.rules import judge_step
from projects.disputes.rulings.selectors import HAD_A_HAND, had_a_hand
from projects.disputes.selectors import mediators_for, sides_of
from projects.disputes.services import lock_dispute


@transaction.atomic
def assign_dispute(*, dispute_id: int, by: Actor, mediator: str, instead_of: str = "") -> Dispute:
    """Let this mediator look after it from now on: oneself, or another one, who is told.

    ``mediator`` and ``instead_of`` are public ids of people; the latter is who has it as far as
    ``by`` knows, "" where nobody does. Neither a side nor anybody who had it or a hand in a
    decision of it before an appeal can be given it. Raises InvalidInput for them; WrongState where
    somebody else has it by now, and (``kept_for_appeal``) where too few who never had it would be
    left for an appeal.
    """
    dispute, person = _judge(dispute_id, "assign", by=by, instead_of=instead_of)
    able = mediators_for(dispute)
    to = next((one for one in able if one.public_id == mediator), None)
    if to is None:
        raise InvalidInput("Choose a mediator who may decide this case.", param="mediator")
    before = dispute.assignee
    if to == before:
        raise WrongState(why_not_anew(to))
    if to not in can_have_it(dispute, able, person):
        raise WrongState(why_kept_free(needed_for_appeal(dispute)), code="kept_for_appeal")
    _write(dispute, person, to)
    title = dispute.milestone.title
    given = Words("%(who)s gives you the dispute about “%(title)s”.", who=person.name, title=title)
    _tell(to, dispute, "dispute_assigned", given, by=person)
    if before is not None:
        taken = Words(
            "The dispute about “%(title)s” is looked after by %(who)s from now on.",
            who=to.name,
            title=title,
        )
        _tell(before, dispute, "dispute_reassigned", taken, by=person)
    is_own = to == person
    _log("assign dispute", dispute, person, "Took" if is_own else "Gave another mediator")
    return dispute


@transaction.atomic
def give_up_dispute(*, dispute_id: int, by: Actor) -> Dispute:
    """Look after it no longer: it is nobody's. Raises WrongState where it is not one's own."""
    own = by.public_id if isinstance(by, User) else ""
    dispute, person = _judge(dispute_id, "give_up", by=by, instead_of=own)
    _write(dispute, person, None)
    _log("give up dispute", dispute, person, "Gave up")
    return dispute


def _judge(dispute_id: int, step: str, *, by: Actor, instead_of: str) -> tuple[Dispute, User]:
    """Lock the rows first, judge them second."""
    dispute = lock_dispute(dispute_id)
    judge_step(dispute, step, role_in(dispute.milestone.contract, by))
    assert isinstance(by, User)
    if had_a_hand(dispute, by):
        raise NotAllowed(HAD_A_HAND)
    has_it = dispute.assignee
    if (has_it.public_id if has_it else "") != instead_of:
        name = has_it.name if has_it else "Nobody"
        raise WrongState(f"{name} looks after it by now. Look at it again.", code="assigned")
    return dispute, by


def _write(dispute: Dispute, by: User, to: User | None) -> None:
    Assignment.objects.create(
        dispute=dispute, number=dispute.instance, mediator=to, by=by, created_at=now()
    )


def _tell(to: User, dispute: Dispute, kind: str, text: Words, *, by: User) -> None:
    notify(to=to, kind=kind, text=text, path=dispute.desk_path, about=dispute.public_id, by=by)


def _log(deed: str, dispute: Dispute, by: User, did: str) -> None:
    text = f"{did} the dispute about “{dispute.milestone.title}”."
    log_deed(deed, dispute.public_id, text, by=by, role=MEDIATOR, about=sides_of(dispute))
