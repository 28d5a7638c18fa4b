"""Who is past the gate of a posting, and who has accepted what."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, party_ids_of
from accounts.people.models import User
from marketplace.common.errors import NotAllowed, WrongState
from projects.confidentiality.models import Acceptance, ConfidentialPart
from projects.postings.models import Posting, PostingFile

# Who has promised and is offered a contract keeps what there is, whatever the text says later.
# Being offered one opens nothing by itself: the gate may be younger than the offer.
_CHOSEN = ("offered", "accepted")


@dataclass(frozen=True)
class Gate:
    """What of a posting is confidential, if anything is, and whether this person is past it; or may
    be, by accepting its text.
    """

    part: ConfidentialPart | None
    is_open: bool
    may_accept: bool = False

    @property
    def details(self) -> str:
        return self.part.details if self.part and self.is_open else ""


def part_of(posting: Posting) -> ConfidentialPart | None:
    return ConfidentialPart.objects.filter(posting=posting).first()


def gate_of(posting: Posting, user: User | AnonymousUser) -> Gate:
    """As it stands for them; the caller has looked at the posting."""
    part = part_of(posting)
    is_open = part is None or acts_for(user, posting.client_id)
    if not is_open:
        is_open = Posting.objects.filter(opens_to(user), pk=posting.pk).exists()
    return Gate(part, is_open, not is_open and may_accept(posting, user))


def may_accept(posting: Posting, user: User | AnonymousUser) -> bool:
    """Whether its text can be accepted (still): by whoever is chosen for as long as they are."""
    if posting.status == Posting.Status.OPEN:
        return True
    chosen = posting.bids.filter(freelancer__in=party_ids_of(user), status__in=_CHOSEN)
    return chosen.exists()


def files_behind(gate: Gate, posting: Posting) -> QuerySet[PostingFile]:
    """The files of the posting, which are as confidential as its details."""
    files = posting.files.select_related("stored").order_by("pk")
    return files if gate.is_open else files.none()


def opens_to(user: User | AnonymousUser) -> Q:
    """Postings of which they see everything that is there: nothing is confidential, it is theirs,
    they have accepted the text as it stands, or they are chosen and somebody of theirs has accepted
    any. Staff have no other way in.
    """
    this = Q(confidential_part=None)
    if not user.is_authenticated:
        return this
    parties, posting = party_ids_of(user), OuterRef("pk")
    accepted = Acceptance.objects.filter(
        posting=posting, person=user, text_sha256=F("posting__confidential_part__text_sha256")
    )
    chosen = Posting.objects.filter(
        pk=posting,
        bids__freelancer__in=parties,
        bids__status__in=_CHOSEN,
        bids__freelancer__memberships__user=F("acceptances__person"),
    )
    return this | Q(client__in=parties) | Exists(accepted) | Exists(chosen)


def judge_open_to(posting: Posting, by: User | AnonymousUser) -> None:
    """Who bids or asks knows the details. Raises NotAllowed (``confidentiality_not_accepted``)."""
    if not gate_of(posting, by).is_open:
        raise NotAllowed(
            "Accept the confidentiality text of this posting first.",
            code="confidentiality_not_accepted",
        )


def has_promised(posting: Posting, party: Party) -> bool:
    """Whether somebody of the party has accepted the text as it stands, if there is one: being
    chosen is no promise.
    """
    part = part_of(posting)
    return part is None or Party.objects.filter(_accepting(part), pk=party.pk).exists()


def judge_promised(posting: Posting, party: Party) -> None:
    """An offer hands the details over. Raises WrongState (``confidentiality_not_accepted``)."""
    if not has_promised(posting, party):
        raise WrongState(
            f"{party.name} has not accepted the confidentiality text of this posting as it stands: "
            "an offer would hand them the details. Wait until they have.",
            code="confidentiality_not_accepted",
        )


def let_in(posting: Posting, parties: QuerySet[Party]) -> QuerySet[Party]:
    """Those of the parties for whom somebody is past the gate."""
    part = part_of(posting)
    if part is None:
        return parties
    promised = Acceptance.objects.filter(posting=posting).values("person")
    chosen = posting.bids.filter(
        status__in=_CHOSEN, freelancer__memberships__user__in=promised
    ).values("freelancer")
    return parties.filter(_accepting(part) | Q(pk__in=chosen)).distinct()


def acceptances_on(posting: Posting, user: User | AnonymousUser) -> QuerySet[Acceptance]:
    """All of them for the client of the posting; to anybody else their own."""
    found = Acceptance.objects.filter(posting=posting).select_related("person", "posting__client")
    if posting.client_id in party_ids_of(user):
        return found
    return found.filter(person=user) if user.is_authenticated else found.none()


def acceptances_of(user: User | AnonymousUser) -> QuerySet[Acceptance]:
    """Their own, and those of others on their postings."""
    if not user.is_authenticated:
        return Acceptance.objects.none()
    found = Acceptance.objects.select_related("person", "posting__client")
    return found.filter(Q(person=user) | Q(posting__client__in=party_ids_of(user)))


def acceptance_by(posting: Posting, user: User | AnonymousUser, sha256: str) -> Acceptance | None:
    """How this person accepted the text with this hash, if they did."""
    return acceptances_on(posting, user).filter(person=user.pk, text_sha256=sha256).first()


def _accepting(part: ConfidentialPart) -> Q:
    """Parties of which somebody has accepted its text."""
    accepted = Acceptance.objects.filter(posting=part.posting_id, text_sha256=part.text_sha256)
    return Q(memberships__user__in=accepted.values("person"))
