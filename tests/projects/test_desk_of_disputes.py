"""The pages of disputes at the desk: nothing that a mediator wrote is lost, and who reads what."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.people.services import grant_staff_roles
from marketplace.common.audit import log_deed, search_entries
from marketplace.common.lifecycle import MODERATOR, SYSTEM
from projects.disputes.assigning.services import assign_dispute
from projects.disputes.models import Dispute
from projects.milestones.services import release_milestone
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.two_mediators import mediator, proposed
from tests.world import api_of, browser, person, reviewed_dispute, ruled, why

pytestmark = pytest.mark.django_db

MOST_QUERIES = 35
WRITTEN = {"to_freelancer": "400", **why("Half an hour of thought.")}


def another_takes_it(dispute: Dispute, ada, dora) -> None:
    assign_dispute(dispute_id=dispute.pk, by=dora, mediator=dora.public_id, instead_of="")


def a_bank_wants_it(dispute: Dispute, ada, dora) -> None:
    Bank(payment_of(dispute.milestone.escrow), 103_000).takes()


def the_client_gives_in(dispute: Dispute, ada, dora) -> None:
    release_milestone(milestone_id=dispute.milestone_id, by=ada)


@pytest.mark.parametrize("button", [{}, {"preview": "1"}, {"insert": "1"}])
@pytest.mark.parametrize(
    ("meanwhile", "status"),
    # Where nothing is held any more, no part of it is one.
    [(another_takes_it, 409), (a_bank_wants_it, 400), (the_client_gives_in, 400)],
)
def test_what_a_mediator_wrote_stands_there_though_it_is_not_theirs_any_more(
    ada, ben, dora, meanwhile, status, button
):
    emil, dispute = mediator("Emil"), reviewed_dispute(ada, ben)
    meanwhile(dispute, ada, dora)

    answer = browser(emil).post(f"{dispute.desk_path}rulings/", WRITTEN | button)

    shown = answer.content.decode()
    if button != {"insert": "1"}:  # of which none is there: then nothing was asked for
        assert answer.status_code == (200 if button else status)
        assert "This was not decided" in shown
        assert all(text in shown for text in ("Half an hour of thought.", "400"))
    assert not dispute.rulings.exists()


def test_a_refusal_of_a_field_stands_beside_it(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    answer = browser(dora).post(f"{dispute.desk_path}rulings/", WRITTEN | {"facts": ""})
    assert answer.status_code == 400
    assert "Half an hour of thought." in answer.content.decode()


@pytest.mark.parametrize("role", ["finance", "moderator"])
def test_who_reads_no_disputes_is_not_told_that_there_are_none(ada, ben, role):
    reviewed_dispute(ada, ben)
    other = grant_staff_roles(user_id=person("Otto").pk, roles={role}, by=SYSTEM)
    assert browser(other).get("/desk/disputes/").status_code == 404
    assert api_of(other).get("/api/v1/desk/disputes/").status_code == 404


def test_who_is_written_about_does_not_read_at_the_desk_who_did_it(dora):
    """As everybody, they have it on their account page, without a name."""
    emil = mediator("Emil")
    log_deed("hold", "us_1", "Held Emil.", by=dora, role=MODERATOR, about=[emil.pk])
    own = log_deed("hold", "us_2", "Held another.", by=emil, role=MODERATOR, about=[emil.pk])

    assert [one.subject for one in search_entries(reader=dora, deed="hold")] == ["us_2", "us_1"]
    assert list(search_entries(reader=emil, deed="hold")) == [own]
    assert "Held Emil" not in browser(emil).get("/desk/audit/").content.decode()
    body = str(api_of(emil).get("/api/v1/desk/audit/").json())
    assert "Held another" in body and "Held Emil" not in body
    assert "Held Emil" in str(api_of(emil).get("/api/v1/me/audit/").json())


def a_proposed_one(ada, ben, dora) -> Dispute:
    return proposed(ada, ben, dora).dispute


def a_closed_one(ada, ben, dora) -> Dispute:
    return ruled(reviewed_dispute(ada, ben), dora, 0, "Nothing came.")


@pytest.mark.parametrize(
    "begin", [lambda ada, ben, dora: reviewed_dispute(ada, ben), a_proposed_one, a_closed_one]
)
def test_the_page_of_a_case_asks_the_books_and_the_banks_once(ada, ben, dora, begin):
    dispute, emil = begin(ada, ben, dora), mediator("Emil")
    page = browser(emil)
    page.get(dispute.desk_path)  # what is read once for a process
    with CaptureQueriesContext(connection) as asked:
        assert page.get(dispute.desk_path).status_code == 200
    sql = [query["sql"] for query in asked]
    assert sum("FROM payments_ledgeraccount a" in one for one in sql) == 1
    assert sum('"payments_chargeback"."status" IN' in one for one in sql) <= 1
    assert sum('FROM "projects_agreement"' in one for one in sql) == 1
    assert len(sql) <= MOST_QUERIES, len(sql)
