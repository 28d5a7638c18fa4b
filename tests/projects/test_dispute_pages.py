"""Pages of disputes and of the desk, as a browser without a script sees them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments.fundings.models import Payment
from payments.incoming.models import WebhookEvent
from payments.refunds.models import Refund
from projects.disputes.models import Dispute, Statement
from projects.disputes.services import answer_dispute, open_dispute
from projects.milestones.models import SubmissionFile
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone, submit_work
from tests.world import (
    funded_milestone,
    opened_dispute,
    person,
    reviewed_dispute,
    ruled,
    to_mediator,
    why,
)
from tests.world import submitted_milestone as submitted

pytestmark = pytest.mark.django_db

FORM = {"reason": "late", "statement": "Two weeks late.", "asked_for": "300.50"}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def browse(client: Client):
    """``browse(ada).get(path)``"""

    def as_(user) -> Client:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return as_


def create_path(milestone) -> str:
    return f"/milestones/{milestone.public_id}/dispute/"


def test_that_it_costs_nothing_is_said_where_people_decide_and_in_the_rules(browse, ada, ben):
    """And it is so: test_decide_dispute.py divides to the unit."""
    milestone = submitted(ada, ben)
    rules = browse(ada).get("/rules/").text
    card = rules[rules.index('id="dispute-costs"') :].partition("</p>")[0]
    assert "Nothing, for either side: not to open one, to answer it" in card

    page = browse(ada).get(create_path(milestone)).text
    assert "<strong>A dispute costs nothing</strong>, for either side" in page
    assert 'href="/rules/#dispute-costs"' in page
    browse(ada).post(create_path(milestone), FORM)
    assert "it costs nothing." in browse(ben).get(Dispute.objects.get().path).text


def test_of_a_milestone_that_was_released_in_part_the_rest_is_at_stake(browse, ada, ben, dora):
    milestone = submitted(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=30_000)

    page = browse(ben).get(create_path(milestone)).text
    assert 'value="700.00"' in page, "all that is left, and not the whole price"
    browse(ben).post(create_path(milestone), FORM)
    dispute = Dispute.objects.get()
    answer_dispute(dispute_id=dispute.pk, by=ada, statement="It is not done.")
    dispute = to_mediator(dispute, ada, ben)
    case = f"/desk/disputes/{dispute.public_id}/"
    for reader, path in ((ada, dispute.path), (ben, dispute.path), (dora, case)):
        page = browse(reader).get(path).text
        assert all(sum_ in page for sum_ in ("$700.00", "$721.00", "$399.50")), path
        assert "$1,030.00" not in page, "what is held no longer"

    ruled(dispute, dora, 40_000)
    for reader, path in ((ada, dispute.path), (ben, dispute.path), (dora, case)):
        page = browse(reader).get(path).text
        assert "Was held, with Ada’s fee" in page and "$721.00" in page
        assert "$1,030.00" not in page


def test_the_whole_way_by_plain_forms(browse, ada, ben, dora):
    milestone = submitted(ada, ben)
    page = browse(ada).get(create_path(milestone))
    assert page.status_code == 200

    answer = browse(ada).post(create_path(milestone), FORM)
    dispute = Dispute.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, dispute.path)
    assert dispute.asked_for == 30_050
    assert "Ben has to answer" in browse(ada).get(dispute.path).text

    page = browse(ben).get(dispute.path).text
    assert "Answer the dispute" in page
    assert browse(ben).post(f"{dispute.path}answer/", {"statement": "Rain."}).status_code == 302
    assert browse(ada).post(f"{dispute.path}statements/", {"statement": "Sun."}).status_code == 302
    for side in (ada, ben):
        assert browse(side).post(f"{dispute.path}mediation/").status_code == 302
        page = browse(side).get(dispute.path).text
        assert all(word in page for word in ("Two weeks late.", "Rain.", "Sun.", "mediator"))

    case = f"/desk/disputes/{dispute.public_id}/"
    assert case in browse(dora).get("/desk/").text
    page = browse(dora).get(case).text
    assert all(word in page for word in ("Two weeks late.", "Rain.", "Sun.", "Here it is."))
    ruling = {"to_freelancer": "400", **why("Late, but usable.")}
    assert browse(dora).post(f"{case}rulings/", ruling).status_code == 302
    for reader, path in ((ada, dispute.path), (ben, dispute.path), (dora, case)):
        page = browse(reader).get(path).text
        assert all(word in page for word in ("$388.00", "$618.00", "Late, but usable."))
    assert "No money has moved yet" in browse(ada).get(dispute.path).text
    for side in (ada, ben):
        assert browse(side).post(f"{dispute.path}acceptance/").status_code == 302
    for reader, path in ((ada, dispute.path), (ben, dispute.path), (dora, case)):
        page = browse(reader).get(path).text
        assert all(word in page for word in ("$388.00", "$618.00", "Late, but usable."))
        assert "carried out" in page


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reason", "revenge"),
        ("reason", ""),
        ("statement", ""),
        ("statement", "a\x00b"),
        ("statement", "a\u202eb"),
        ("statement", "x" * 10_001),
        ("asked_for", ""),
        ("asked_for", "-1"),
        ("asked_for", "1000.01"),
        ("asked_for", "0.001"),
        ("asked_for", "1e9"),
        ("asked_for", "NaN"),
        ("asked_for", "ten"),
        ("asked_for", "9" * 60),
        ("asked_for", SCRIPT),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(browse, ada, ben, name, value):
    milestone = submitted(ada, ben)

    answer = browse(ada).post(create_path(milestone), FORM | {name: value})

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [name]
    assert SCRIPT not in answer.text
    assert not Dispute.objects.exists()


def test_words_of_strangers_stay_words(browse, ada, ben, dora):
    dispute = opened_dispute(ada, ben, statement=SCRIPT)

    for reader, path in (
        (ada, dispute.path),
        (dora, f"/desk/disputes/{dispute.public_id}/"),
    ):
        page = browse(reader).get(path).text
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page


def test_a_preview_draws_and_does_nothing(browse, ada, ben, dora):
    milestone = submitted(ada, ben)
    body = {"preview": "1", "asked_for": "300.50", "statement": "Half a"}

    page = browse(ada).post(create_path(milestone), body)
    assert "$699.50" in page.text
    assert "Half a" in page.text
    assert page.context["form"].errors == {}
    fragment = browse(ada).post(create_path(milestone), body, headers={"HX-Request": "true"})
    assert fragment.text.strip().startswith('<div id="division"')
    assert not Dispute.objects.exists()

    dispute = reviewed_dispute(ada, ben)
    decide = f"/desk/disputes/{dispute.public_id}/rulings/"
    for headers in ({}, {"HX-Request": "true"}):
        ahead = {"preview": "1", "to_freelancer": "400"}
        page = browse(dora).post(decide, ahead, headers=headers)
        assert page.status_code == 200
        assert all(sum_ in page.text for sum_ in ("$388.00", "$12.00", "$618.00", "$1,030.00"))
    wrong = browse(dora).post(decide, {"preview": "1", "to_freelancer": "1000.01"})
    assert "not more" in wrong.text
    dispute.refresh_from_db()
    assert dispute.status == "under_review"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("to_freelancer", ""),
        ("to_freelancer", "-1"),
        ("to_freelancer", "1000.01"),
        ("to_freelancer", "1.001"),
        ("facts", ""),
        ("rule", " "),
        ("reasons", ""),
        ("reasons", "\x00"),
    ],
)
def test_a_ruling_that_cannot_be_used_is_said_beside_its_field(browse, ada, ben, dora, name, value):
    dispute = reviewed_dispute(ada, ben)
    form = {"to_freelancer": "400", **why("Because.")} | {name: value}

    answer = browse(dora).post(f"/desk/disputes/{dispute.public_id}/rulings/", form)

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [name]
    dispute.refresh_from_db()
    assert dispute.status == "under_review"


def test_wrong_people_and_wrong_times_have_their_own_pages(browse, ada, ben, dora):
    dispute = opened_dispute(ada, ben)
    words = {"statement": "Mine."}
    ruling = {"to_freelancer": "400", **why("Because.")}

    assert browse(ada).post(f"{dispute.path}answer/", words).status_code == 403
    assert browse(ben).post(f"{dispute.path}statements/", words).status_code == 409
    decide = f"/desk/disputes/{dispute.public_id}/rulings/"
    assert browse(dora).post(decide, ruling).status_code == 409
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"support"}, by=SYSTEM)
    assert browse(emil).post(decide, ruling).status_code == 403
    assert Statement.objects.count() == 1

    assert browse(ada).get(create_path(dispute.milestone)).status_code == 409
    release_milestone(milestone_id=dispute.milestone_id, by=ada)
    assert "Closed without a ruling" in browse(ben).get(dispute.path).text
    assert browse(ben).post(f"{dispute.path}answer/", words).status_code == 409


def test_a_side_is_not_at_the_desk_of_its_own_case(browse, ada, ben):
    ada = grant_staff_roles(user_id=ada.pk, roles={"mediator"}, by=SYSTEM)
    dispute = reviewed_dispute(ada, ben)

    assert dispute.public_id not in browse(ada).get("/desk/").text
    assert browse(ada).get(f"/desk/disputes/{dispute.public_id}/").status_code == 404


def test_the_desk_hands_out_files_of_the_case_only(browse, ada, ben, dora):
    ours, other = funded_milestone(ada, ben), funded_milestone(ada, ben)
    for milestone in (ours, other):
        upload = SimpleUploadedFile("work.zip", milestone.public_id.encode())
        submit_work(milestone_id=milestone.pk, by=ben, note="", files=[upload])
    words = {"reason": "late", "statement": "Late.", "asked_for": 0}
    case = open_dispute(milestone_id=ours.pk, by=ada, **words)
    own, foreign = (
        SubmissionFile.objects.get(submission__milestone=milestone).stored
        for milestone in (ours, other)
    )
    folder = f"/desk/disputes/{case.public_id}/files"

    answer = browse(dora).get(f"{folder}/{own.public_id}/")
    assert b"".join(answer.streaming_content) == ours.public_id.encode()
    assert answer["Content-Disposition"].startswith("attachment")
    assert browse(dora).get(f"{folder}/{foreign.public_id}/").status_code == 404
    assert browse(ada).get(f"{folder}/{own.public_id}/").status_code == 404


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("support", "disputes refunds payouts chargebacks holds deeds differences events mails"),
        ("mediator", "disputes mails"),
        ("finance", "refunds payouts chargebacks holds deeds differences events mails"),
        ("moderator", "holds mails"),
    ],
)
def test_everybody_sees_the_piles_they_look_after(browse, role, seen):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={role}, by=SYSTEM)

    queues = browse(emil).get("/desk/").context["queues"]

    assert [queue.name for queue in queues] == seen.split()


def test_the_desk_shows_what_went_wrong_and_finance_tries_again(browse, ada, ben, dora, bells):
    dispute = reviewed_dispute(ada, ben)
    ruled(dispute, dora, 0, "Nothing came.")
    refund = Refund.objects.get()
    Refund.objects.update(status="failed", failure_code="lost_or_stolen_card", next_check_at=None)
    WebhookEvent.objects.create(
        remote_id="evt_1", kind="charge.updated", payload={}, problem=SCRIPT, next_try_at=None
    )
    Notification.objects.filter(recipient=ben).update(
        mail_due_at=None,
        mail_attempts=5,
        mail_failure="550 no such mailbox",
        mail_failed_at=now(),
    )

    page = browse(dora).get("/desk/").text
    for words in ("Lost or stolen card", "$1,030.00", "charge.updated", "ben@example.com"):
        assert words in page
    assert "550 no such mailbox" in page
    assert SCRIPT not in page
    retry = f"/desk/refunds/{refund.public_id}/retry/"
    mediator = grant_staff_roles(user_id=person("Emil").pk, roles={"mediator"}, by=SYSTEM)
    assert browse(mediator).post(retry).status_code == 403

    assert browse(dora).post(retry).status_code == 302
    refund.refresh_from_db()
    assert (refund.status, refund.attempt) == ("requested", 2)
    assert browse(dora).post(retry).status_code == 404
    assert Payment.objects.get().refunded == 103_000


def test_what_is_due_for_a_ruling_is_never_hidden_by_what_waits_for_an_answer(
    browse, ada, ben, dora
):
    for _ in range(10):
        opened_dispute(ada, ben)
    pressing = reviewed_dispute(ada, ben)

    (queue, *_) = browse(dora).get("/desk/").context["queues"]

    assert queue.entries[0] == pressing
    assert (len(queue.entries), queue.count) == (10, "11")


def test_the_desk_lists_every_dispute_by_cursor(browse, ada, ben, dora):
    closed = reviewed_dispute(ada, ben)
    ruled(closed, dora, 0, "Nothing came.")
    opened = [opened_dispute(ada, ben) for _ in range(21)]

    page = browse(dora).get("/desk/disputes/")
    assert [case.pk for case in page.context["page"].items] == [d.pk for d in opened[:20]]
    rest = browse(dora).get(f"/desk/disputes/{page.context['page'].next_url}")
    assert [case.pk for case in rest.context["page"].items] == [opened[20].pk]
    everything = browse(dora).get("/desk/disputes/?state=all").context["page"]
    assert everything.next_url
    assert browse(ada).get("/desk/disputes/").status_code == 404


def test_a_longer_desk_costs_no_more_queries(browse, ada, ben, dora):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browse(dora).get("/desk/").status_code == 200
        return len(queries)

    reviewed_dispute(ada, ben)
    cost()
    few = cost()
    for _ in range(4):
        opened_dispute(ada, ben)
    assert cost() == few
