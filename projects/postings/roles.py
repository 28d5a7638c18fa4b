"""Who somebody is to a posting."""

from django.contrib.auth.models import AnonymousUser

from accounts.parties.selectors import acts_for
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.errors import NotAllowed, NotThere
from marketplace.common.lifecycle import MODERATOR, OWNER, SYSTEM
from projects.postings.models import LIFECYCLE, Posting
from projects.postings.selectors import is_let_in, postings_visible_to

# Who may be named as the one who does a deed: a person, or SYSTEM.
Actor = User | AnonymousUser | str


def open_steps(posting: Posting, by: Actor) -> list[str]:
    """What this person may do to the posting now."""
    return LIFECYCLE.open_to(role_in(posting, by), posting.status)


def role_in(posting: Posting, by: Actor) -> str | None:
    """The house acts only when it is named; a moderator who owns the posting is its owner."""
    if isinstance(by, str):
        return SYSTEM if by == SYSTEM else None
    if acts_for(by, posting.client_id):
        return OWNER
    return MODERATOR if StaffRole.MODERATOR in staff_roles_of(by) else None


def judge_let_in(posting: Posting, by: User | AnonymousUser) -> None:
    """Who bids or asks must be meant: staff see an invite-only posting, and only look.

    Raises NotThere for whom it does not exist, NotAllowed for whoever may only see it.
    """
    if is_let_in(posting, by):
        return
    if postings_visible_to(by).filter(pk=posting.pk).exists():
        raise NotAllowed("This posting is for those whom its client invites.")
    raise NotThere("There is no such posting.")
