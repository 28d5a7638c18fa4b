"""Fill an empty marketplace through its own front door: the services that everybody else uses."""

from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.access.confirming import confirm_by_password
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.services import change_preferences
from accounts.people.models import StaffRole, User
from accounts.people.services import create_person, grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from projects.agreements.services import accept_offer, award_bid
from projects.bids.counters.services import counter_counter, propose_counter
from projects.bids.models import Bid
from projects.bids.services import shortlist_bid, submit_bid
from projects.confidentiality.models import hash_of
from projects.confidentiality.services import accept_confidentiality, set_confidentiality
from projects.disputes.templates.services import write_template
from projects.invitations.services import decline_invitation, invite_person
from projects.management.demo.sample import (
    ADA,
    BEN,
    CLEO,
    DORA,
    NEIGHBOURS,
    PASSWORD,
    TALK_AFTER,
    TALK_BEFORE,
    SamplePerson,
)
from projects.management.demo.sample_postings import POSTINGS, SamplePosting
from projects.management.demo.templates import TEMPLATES
from projects.messages.services import read_messages, write_message
from projects.milestones.models import Milestone
from projects.postings.models import Posting
from projects.postings.services import add_files, create_posting, publish_posting
from projects.questions.services import answer_question, ask_question
from projects.screening.services import set_screening_questions

_HOW_I_WORK = """# How I work

One call in the first days, one message a week, and everything in a repository of yours.
Before the larger half begins you have seen and tried the smaller one.
"""
CAST = {"client": ADA, "freelancer": BEN, "passer-by": CLEO, "staff": DORA}


def seed() -> bool:
    """Make the sample people and postings; False where they were there before."""
    if User.objects.filter(email=ADA.email).exists():
        return False
    people = {_short(person): _make(person) for person in (*CAST.values(), *NEIGHBOURS)}
    # Hears once a day of what need not be mailed, at eight in the evening.
    change_preferences(
        user_id=people["hugo"].pk,
        by=people["hugo"],
        mail=dict.fromkeys(OPTIONAL, "daily"),
        digest_hour=20,
    )
    roles = set(StaffRole.values)
    people["dora"] = grant_staff_roles(user_id=people["dora"].pk, roles=roles, by=SYSTEM)
    for name, facts, rule, reasons in TEMPLATES:
        write_template(by=people["dora"], name=name, facts=facts, rule=rule, reasons=reasons)
    # Oldest first, so that the newest on the page is the first of the sample.
    for sample in reversed(POSTINGS):
        _post(sample, people)
    _agree_on_one(people)
    return True


def _short(person: SamplePerson) -> str:
    return person.email.partition("@")[0]


def _make(person: SamplePerson) -> User:
    return create_person(
        email=person.email,
        name=person.name,
        password=PASSWORD,
        verified=True,
        headline=person.headline,
        about=person.about,
        skills=list(person.skills),
        rate=person.rate and person.rate * 100,
        rate_currency="USD" if person.rate else "",
        country=person.country,
        time_zone=person.time_zone,
    )


def _post(sample: SamplePosting, people: dict[str, User]) -> Posting:
    client = people[sample.client]
    least, most = sample.budget or (None, None)
    posting = create_posting(
        by=client,
        title=sample.title,
        description=sample.description,
        skills=list(sample.skills),
        kind=sample.kind,
        visibility=sample.visibility,
        currency=sample.currency,
        awards=sample.awards,
        budget_least=least and least * 100,
        budget_most=most and most * 100,
        wished_deadline=(now() + timedelta(days=60)).date(),
        bids_close_at=now() + timedelta(days=30),
    )
    brief = f"# {sample.title}\n\n{sample.description}\n"
    add_files(posting_id=posting.pk, uploads=[_text("brief.md", brief)], by=client)
    publish_posting(posting_id=posting.pk, by=client)
    asked = set_screening_questions(
        posting_id=posting.pk, questions=list(sample.screening), by=client
    )
    if sample.confidentiality:
        text, details = sample.confidentiality
        _keep_secret(posting, text, details, [people[name] for name, *_ in sample.bids])
    for name, price, days in sample.bids:
        said = zip(asked, sample.answers.get(name, ()), strict=True)
        submit_bid(
            posting_id=posting.pk,
            by=people[name],
            price=price * 100,
            days=days,
            letter=(
                "I have done work of this kind before and would start within the week. The plan "
                "below is in two steps, so that you see something real before the larger half."
            ),
            plan=_plan(price * 100, days),
            valid_until=now() + timedelta(days=21),
            answers={question.public_id: answer for question, answer in said},
            files=[_text("how-i-work.md", _HOW_I_WORK)],
        )
    for name in sample.hired:
        _agree(posting, client, people[name])
    for name, note, no in sample.invited:
        whom = people[name].public_id
        sent = invite_person(posting_id=posting.pk, whom=whom, note=note, by=client)
        if no:
            decline_invitation(invitation_id=sent.pk, reason=no, by=people[name])
    for name, text, answer in sample.questions:
        question = ask_question(posting_id=posting.pk, text=text, by=people[name])
        if answer:
            answer_question(question_id=question.pk, answer=answer, by=client)
    return posting


def _keep_secret(posting: Posting, text: str, details: str, bidders: list[User]) -> None:
    """Whoever bids has accepted it."""
    client = posting.client.memberships.get().user
    set_confidentiality(posting_id=posting.pk, text=text, details=details, by=client)
    for person in bidders:
        accept_confidentiality(
            posting_id=posting.pk,
            sha256=hash_of(text),
            confirmed_with=confirm_by_password(person, PASSWORD),
            by=person,
        )


def _text(name: str, words: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, words.encode())


def _plan(price: int, days: int) -> list[dict]:
    first = price * 2 // 5
    return [
        {
            "title": "A first version to try",
            "amount": first,
            "days": max(1, days // 2),
            "criteria": ["It can be tried by you without help", "The open questions are listed"],
        },
        {
            "title": "Finished and handed over",
            "amount": price - first,
            "days": days,
            "criteria": ["Everything of the description is there", "A short guide is included"],
        },
    ]


def answers_to(milestone: Milestone, *how: str) -> list[dict]:
    """Both criteria are met, in these words."""
    assert len(how) == len(milestone.criteria)
    return [{"criterion": n, "met": True, "how": words} for n, words in enumerate(how, start=1)]


def _agree(posting: Posting, client: User, freelancer: User) -> None:
    """Both sign what the freelancer has bid."""
    bid = posting.bids.get(freelancer__memberships__user=freelancer)
    signed = confirm_by_password(client, PASSWORD)
    contract = award_bid(bid_id=bid.pk, by=client, confirmed_with=signed)
    signed = confirm_by_password(freelancer, PASSWORD)
    accept_offer(contract_id=contract.pk, by=freelancer, confirmed_with=signed)


def _agree_on_one(people: dict[str, User]) -> None:
    """One contract that waits for its first funding, and two shortlists to compare."""
    hugo, ben = people["hugo"], people["ben"]
    bid = Bid.objects.get(
        posting__client__memberships__user=hugo, freelancer__memberships__user=ben
    )
    for name, text in TALK_BEFORE:
        write_message(bid_id=bid.pk, by=people[name], text=text)
    _agree(bid.posting, hugo, ben)
    for reader in (hugo, ben):
        read_messages(bid_id=bid.pk, by=reader, up_to=len(TALK_BEFORE))
    for name, text in TALK_AFTER:
        write_message(bid_id=bid.pk, by=people[name], text=text)
    titles = [posting.title for posting in POSTINGS[:2]]
    for bid in Bid.objects.filter(posting__title__in=titles):
        shortlist_bid(bid_id=bid.pk, by=people["ada"])
    _negotiate(people["ada"], people["ben"], POSTINGS[0].title)


def _negotiate(client: User, bidder: User, title: str) -> None:
    """Two rounds about a bid; the client has the word."""
    bid = Bid.objects.get(posting__title=title, freelancer__memberships__user=bidder)
    first = propose_counter(
        bid_id=bid.pk,
        by=client,
        price=480_000,
        days=bid.days,
        plan=_plan(480_000, bid.days),
        note="Our board has agreed to 4,800 this year. Could the label printing wait?",
    )
    second, third = _plan(500_000, bid.days)
    second["criteria"].append("Your packers have tried it with twenty orders")
    third["criteria"].append("Labels are printed from the order list")
    counter_counter(
        counter_id=first.pk,
        by=bidder,
        price=500_000,
        days=bid.days,
        plan=[second, third],
        note="At 5,000 I would keep the labels: they save you a day a week.",
    )
