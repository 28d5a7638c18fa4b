"""As long and as large as our own rules allow: what a page must hold without bursting."""

from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.people.models import User
from accounts.people.services import update_profile
from marketplace.common.clock import now
from payments.escrow.models import Escrow
from projects.agreements.changes.services import counter_change
from projects.agreements.suspending.services import suspend_posting
from projects.bids.services import shortlist_bid
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.services import open_dispute
from projects.disputes.templates.services import write_template
from projects.invitations.services import decline_invitation, invite_person
from projects.milestones.services import submit_work
from projects.postings.models import Posting
from projects.postings.services import add_files
from tests.projects.change_world import another, proposed
from tests.projects.register_world import entries
from tests.world import active_contract, answers_to, fund, open_posting, plan_of, submitted_bid

WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenhersteller"
NAME = (WORD + " von und zu Hohenlohe-Schillingsfürst")[:80]
TITLE = (WORD + "straßenbahnhaltestellenverzeichnis " + "of everything " * 10)[:150].strip()
LINE = ("https://example.com/" + "deep/" * 60)[:300]
TEXT = (
    f"# {TITLE}\n\n{LINE}\n\n| a | b |\n| - | - |\n| {WORD} | {WORD} |\n\n```\n{LINE}\n```\n\n"
    + (f"- {WORD} and then some more words\n" * 12)
)
ADDRESS = f"{'a' * 60}@{('b' * 60 + '.') * 3}example"
HALF = 45_000_000_000
# At the desk.
LISTS = (
    "disputes disputes/figures templates holds contracts limits payees payouts refunds chargebacks "
    "givebacks reconciliation reconciliation/runs mails audit"
).split()


def at_the_limits() -> list[tuple[str, str]]:
    """The pages of Ada's and Ben's longest dealings, with who reads them; what is else at the desk
    (``one_of_everything``) is then of people with long names, too.
    """
    ada, ben = (_long_winded(User.objects.get(email=f"{n}@example.com")) for n in ("ada", "ben"))
    skills = [f"{WORD[:38]}{n:02}" for n in range(15)]
    posting = open_posting(ada, title=TITLE, description=TEXT, skills=skills, awards=20)
    add_files(posting_id=posting.pk, uploads=[_upload()], by=ada)
    asked = [
        invite_person(posting_id=posting.pk, whom=whom, note=TEXT[:1_000], by=ada)
        for whom in (ADDRESS, ben.email)
    ]
    decline_invitation(invitation_id=asked[1].pk, by=ben, reason=LINE)
    plan = [
        part | {"title": TITLE, "criteria": [LINE, f"{WORD} {WORD}"]}
        for part in plan_of(HALF, HALF)
    ]
    bid = submitted_bid(posting, ben, 2 * HALF, letter=TEXT, plan=plan, files=[_upload()])
    shortlist_bid(bid_id=bid.pk, by=ada)
    contract = active_contract(ada, ben, plan=plan)
    delivered, disputed = (fund(milestone) for milestone in contract.milestones.order_by("pk"))
    for milestone in (delivered, disputed):
        submit_work(
            milestone_id=milestone.pk,
            by=ben,
            note=TEXT,
            links=[LINE],
            files=[_upload()],
            criteria=answers_to(milestone, LINE),
        )
    dispute = open_dispute(
        milestone_id=disputed.pk, by=ada, reason="late", statement=TEXT, asked_for=HALF // 3
    )
    _asked_for_more(contract, ada, ben)
    entries(30, ground="silence_9", delivery="nothing", band="250-2500", currency="KWD")
    near = now() + timedelta(days=10)
    Escrow.objects.filter(pk=delivered.escrow_id).update(limit_at=near)
    return [
        *_at_the_desk(open_posting(ada, title=TITLE), dispute),
        ("ada", f"/postings/{posting.public_id}/"),
        ("ada", f"/postings/{posting.public_id}/edit/"),
        ("ada", f"/postings/{posting.public_id}/bids/"),
        ("ada", f"/postings/{posting.public_id}/invitations/"),
        ("ada", f"/invitations/{asked[0].public_id}/"),
        ("ben", f"/invitations/{asked[1].public_id}/"),
        ("ben", "/my/invitations/"),
        ("ada", f"/postings/{posting.public_id}/compare/"),
        ("ada", f"/bids/{bid.public_id}/"),
        ("ada", f"/bids/{bid.public_id}/award/"),
        ("ada", f"/contracts/{contract.public_id}/"),
        ("ada", f"/contracts/{contract.public_id}/agreement/"),
        ("ben", f"/contracts/{contract.public_id}/change-orders/"),
        ("ada", f"/contracts/{contract.public_id}/statement/"),
        ("ada", "/statements/"),
        ("ada", f"/milestones/{delivered.public_id}/release/"),
        ("ada", f"/disputes/{dispute.public_id}/"),
        ("ada", "/notices/"),
        ("ben", "/postings/"),
        ("ben", f"/bids/{bid.public_id}/edit/"),
        ("ben", f"/contracts/{contract.public_id}/"),
        ("ben", "/my/bids/"),
        ("ben", "/contracts/"),
        ("ben", "/profile/"),
        ("visitor", "/"),
        ("visitor", f"/people/{ben.public_id}/"),
        ("visitor", "/outbox/"),
        ("visitor", "/rules/decisions/"),
    ]


def _asked_for_more(contract: Contract, ada: User, ben: User) -> None:
    """One that ended, and an answer to it that waits; each with all that it may say."""
    more = [another(title=TITLE, amount=HALF, criteria=[LINE, f"{WORD} {WORD}"])]
    first = proposed(ben, *more, contract=contract, note=TEXT[:2_000])
    less = [another(title=TITLE, amount=HALF // 2, criteria=[f"{WORD} {WORD}"])]
    counter_change(order_id=first.pk, by=ada, wishes=less, note=LINE)


def _at_the_desk(posting: Posting, dispute: Dispute) -> list[tuple[str, str]]:
    """What Dora reads there, and has written."""
    dora = User.objects.get(email="dora@example.com")
    suspend_posting(posting_id=posting.pk, by=dora, reason=LINE, evidence=TEXT[:1_000], days=7)
    words = {"facts": TEXT, "rule": LINE, "reasons": TEXT}
    template = write_template(by=dora, name=LINE[:80], **words)
    pages = ["", *(f"{name}/" for name in LISTS), f"templates/{template.public_id}/"]
    return [("dora", f"/desk/{page}") for page in pages] + [("dora", dispute.desk_path)]


def _long_winded(user: User) -> User:
    return update_profile(
        user_id=user.pk, by=user, name=NAME, headline=TITLE[:120], about=TEXT, skills=[WORD[:40]]
    )


def _upload() -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{'annex-' * 40}.txt", b"Some notes.")
