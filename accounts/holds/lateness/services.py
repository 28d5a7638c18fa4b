"""When an answer to an appeal against a hold was expected and has not come."""

from django.db import transaction

from accounts.holds.models import LIFECYCLE, Hold
from accounts.holds.services import lock_hold, tell_who_may_hear
from accounts.notifications.services import notify
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words


@transaction.atomic
def chase_answer(*, hold_id: int) -> Hold:
    """It was expected by now: whoever may give it hears of that, and whom the hold concerns why
    they wait. Raises WrongState before that, after its end, or a second time.
    """
    hold, at = lock_hold(hold_id), now()
    LIFECYCLE.advance(hold, "chase", role=SYSTEM)
    assert hold.ruling_expected_at
    if hold.ruling_late_at or not hold.ruling_expected_at <= at < hold.closes_at:
        raise WrongState("This answer is not late, or it was told already.")
    hold.ruling_late_at = at
    hold.save(update_fields=["ruling_late_at"])
    told = Words(
        "The answer to your appeal takes longer than expected, and everybody who may give it has "
        "been told. Without one, what you appealed against is over on %(due)s.",
        due=hold.closes_at,
    )
    notify(to=hold.party, kind="hold_answer_late", text=told, path=hold.path, about=hold.public_id)
    wanted = Words(
        "%(who)s has appealed against a hold, and the answer is late. Give it by %(due)s; after "
        "that the hold is over.",
        who=hold.party.name,
        due=hold.closes_at,
    )
    tell_who_may_hear(hold, "hold_answer_wanted", wanted)
    return hold
