"""What both sides proposed to each other is on file: for whoever decides, and in the bundle."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.agreements.changes.services import (
    accept_change,
    counter_change,
    decline_change,
    propose_change,
)
from projects.agreements.proposals.services import accept_proposal, decline_proposal, propose_ending
from projects.disputes.models import Dispute
from projects.disputes.sealed.services import seal_figure
from projects.disputes.services import close_moot_dispute, open_dispute
from projects.evidence.proposed import proposed_on
from projects.evidence.record import record_for
from tests.projects.change_world import another, wish
from tests.projects.evidence_world import bundled, contents, rich_dispute, seen
from tests.projects.statement_world import checked, saved, statement_of
from tests.world import active_contract, api_of, browser, fund

pytestmark = pytest.mark.django_db

NOTE, ANSWER, WANTED = "The Okapi is half done.", "More than half, says the Pangolin.", "A Serval."
CAUSE = {"reason": "other", "statement": "It is not so.", "asked_for": 10_000}
PAGES = ("record.json", "index.html")
DOORS = ("agreement", "timeline")
LINES = "money/lines.json"


@pytest.fixture
def dispute(ada, ben) -> Dispute:
    return rich_dispute(ada, ben)


def bargain(dispute: Dispute, ada, ben) -> None:
    milestone = dispute.milestone
    how = {"milestone_id": milestone.pk}
    propose_ending(**how, by=ada, to_freelancer=20_000, note=NOTE)
    answer = propose_ending(**how, by=ben, to_freelancer=30_000, note=ANSWER)
    decline_proposal(proposal_id=answer.pk, by=ada)
    wish = another(title="Another one", criteria=[WANTED])
    order = propose_change(
        contract_id=milestone.contract_id, by=ada, wishes=[wish], note="For a Serval, too."
    )
    other = counter_change(order_id=order.pk, by=ben, wishes=[wish])
    decline_change(order_id=other.pk, by=ada)


def test_it_is_in_the_record_with_its_notes_and_answers(dispute, ada, ben):
    bargain(dispute, ada, ben)
    inside = contents(bundled(seen(dispute, ada)))
    record, index = json.loads(inside["record.json"]), inside["index.html"].decode()

    first, second = record["proposals"]
    assert (first["by"], first["role"], first["note"]) == ("Ada", "client", NOTE)
    assert (first["to_freelancer"], first["status"]) == (20_000, "countered")
    assert (second["note"], second["status"]) == (ANSWER, "declined")
    assert second["answered_at"] and first["milestone"] == 1
    asked, other = record["changes"]
    assert (asked["status"], other["status"]) == ("countered", "declined")
    assert other["counters"] == asked["id"]
    assert asked["changes"][0]["add"]["criteria"] == [WANTED]
    assert {"title": "Another one", "what": "Done means", "before": "", "after": WANTED} in asked[
        "difference"
    ]
    assert "What both sides proposed" in index
    assert all(words in index for words in (NOTE, ANSWER, WANTED, "$200.00 of $500.00"))
    assert bundled(seen(dispute, ada)) == bundled(seen(dispute, ben))


def test_outsiders_read_that_it_was_and_no_word(dispute, ada, ben):
    bargain(dispute, ada, ben)
    inside = contents(bundled(seen(dispute, ada), redacted=True))
    record = json.loads(inside["record.json"])

    assert [one["status"] for one in record["proposals"]] == ["countered", "declined"]
    assert [one["note"] for one in record["proposals"]] == [None, None]
    everything = b"\n".join(inside.values()).decode()
    for words in (NOTE, ANSWER, WANTED, "Serval", "Another one"):
        assert words not in everything


def test_a_record_without_any_is_as_it_always_was(dispute):
    data = record_for(dispute, with_messages=True).data
    assert not {"proposals", "changes"} & set(data)
    assert "What both sides proposed" not in contents(bundled(dispute))["index.html"].decode()


def test_whoever_decides_reads_it_and_sealed_figures_stay_sealed(dispute, ada, ben, dora):
    bargain(dispute, ada, ben)
    seal_figure(dispute_id=dispute.pk, by=ada, amount=12_347)
    path = f"/api/v1/desk/disputes/{dispute.public_id}/proposals/"

    page = browser(dora).get(dispute.desk_path).content.decode()
    body = api_of(dora).get(path).json()
    assert [one["note"] for one in body["proposals"]] == [NOTE, ANSWER]
    assert [one["note"] for one in body["changes"]] == ["For a Serval, too.", ""]
    for words in (NOTE, ANSWER, WANTED, "For a Serval, too."):
        assert words in page
    assert "123.47" not in page and "12347" not in json.dumps(body)
    for side in (ada, ben):
        assert api_of(side).get(path).status_code == 404


def ended_by_both(ada, ben, later) -> Dispute:
    """Since yesterday, on a contract that goes on."""
    first = active_contract(ada, ben, [50_000, 70_000]).milestones.order_by("position").first()
    dispute = open_dispute(milestone_id=fund(first).pk, by=ada, **CAUSE)
    ending = propose_ending(milestone_id=first.pk, by=ada, to_freelancer=20_000, note=NOTE)
    accept_proposal(proposal_id=ending.pk, by=ben)
    later(days=1)
    return dispute


def test_what_is_proposed_after_the_end_is_not_for_staff(ada, ben, dora, later):
    dispute = ended_by_both(ada, ben, later)
    contract = dispute.milestone.contract
    propose_change(contract_id=contract.pk, by=ada, wishes=[another()], note=WANTED)

    def texts_for_staff() -> list[str]:
        api = f"/api/v1{dispute.desk_path}"
        bundles = (
            browser(dora).get(f"{dispute.desk_path}evidence.zip").getvalue(),
            api_of(dora).get(f"{api}evidence/").getvalue(),
        )
        return [
            browser(dora).get(dispute.desk_path).text,
            api_of(dora).get(f"{api}proposals/").text,
            *(contents(one)[name].decode() for one in bundles for name in PAGES),
        ]

    # From the moment that the milestone ends, and once the sweep has written it down.
    for is_written in (False, True):
        if is_written:
            close_moot_dispute(dispute_id=dispute.pk)
        for text in texts_for_staff():
            assert NOTE in text and WANTED not in text
        for side in (ada, ben):
            own = contents(bundled(seen(dispute, side)))
            assert all(
                NOTE in own[name].decode() and WANTED in own[name].decode() for name in PAGES
            )


def test_nor_what_is_agreed_after_the_end(ada, ben, dora, later):
    dispute = ended_by_both(ada, ben, later)
    order = propose_change(
        contract_id=dispute.milestone.contract_id, by=ada, wishes=[another(criteria=[WANTED])]
    )
    accept_change(order_id=order.pk, by=ben)

    for is_written in (False, True):
        if is_written:
            close_moot_dispute(dispute_id=dispute.pk)
        inside = contents(browser(dora).get(f"{dispute.desk_path}evidence.zip").getvalue())
        record = json.loads(inside["record.json"])
        assert WANTED.encode() not in b"\n".join(inside.values())
        assert [one["version"] for one in record["agreements"]] == [1]
        kinds = [line["kind"] for line in record["timeline"]]
        assert {"dispute_opened", "ending_accepted"} <= set(kinds)
        assert not any(kind.startswith("change_") for kind in kinds)
        assert ("dispute_closed" in kinds) is is_written
        own = contents(bundled(seen(dispute, ada)))
        assert WANTED in own["record.json"].decode()
        assert len(json.loads(own["record.json"])["agreements"]) == 2
        newest = dispute.milestone.contract.agreements.get(version=2)
        page = browser(dora).get(dispute.desk_path)
        assert "Agreement 1, policy" in page.text and "a new version" not in page.text
        assert "agreed and did on the contract after the end" in page.text
        answers = [api_of(dora).get(f"/api/v1{dispute.desk_path}{one}/") for one in DOORS]
        for answer in (page, *answers):
            assert answer.status_code == 200
            assert WANTED not in answer.text and newest.sha256 not in answer.text
        agreed, happened = (one.json() for one in answers)
        assert agreed["version"] == 1
        assert [line["kind"] for line in happened["results"]] == kinds
        shown = [line["what"].text for line in page.context["timeline"]]
        assert [line["text"] for line in happened["results"]] == shown


def test_nor_what_became_afterwards_of_something_else_that_waited(ada, ben, dora, later):
    contract = active_contract(ada, ben, [50_000, 70_000])
    first, second = contract.milestones.order_by("position")
    dispute = open_dispute(milestone_id=fund(first).pk, by=ada, **CAUSE)
    waits = propose_ending(milestone_id=fund(second).pk, by=ada, to_freelancer=10_000, note=WANTED)
    ending = propose_ending(milestone_id=first.pk, by=ada, to_freelancer=20_000, note=NOTE)
    accept_proposal(proposal_id=ending.pk, by=ben)
    later(days=1)
    accept_proposal(proposal_id=waits.pk, by=ben)

    for is_written in (False, True):
        if is_written:
            close_moot_dispute(dispute_id=dispute.pk)
        api = f"/api/v1{dispute.desk_path}"
        bundle = contents(browser(dora).get(f"{dispute.desk_path}evidence.zip").getvalue())
        record = json.loads(bundle["record.json"])
        for rows in (api_of(dora).get(f"{api}proposals/").json(), record):
            shown = {
                one["id"]: (one["status"], bool(one["answered_at"])) for one in rows["proposals"]
            }
            assert shown == {
                waits.public_id: ("proposed", False),
                ending.public_id: ("accepted", True),
            }
        accepted = [line for line in record["timeline"] if line["kind"] == "ending_accepted"]
        assert len(accepted) == 1
        own = json.loads(contents(bundled(seen(dispute, ada)))["record.json"])
        assert [one["status"] for one in own["proposals"]] == ["accepted", "accepted"]


def test_nor_what_moved_or_was_priced_after_the_end(ada, ben, dora, later, tmp_path):
    """The money ends there as well, and proves itself: alone, and as the beginning of the whole."""
    dispute = ended_by_both(ada, ben, later)
    contract = dispute.milestone.contract
    second = contract.milestones.get(position=2)
    wishes = [wish(second, amount=90_000), another(title=WANTED, amount=30_000)]
    order = propose_change(contract_id=contract.pk, by=ada, wishes=wishes)
    accept_change(order_id=order.pk, by=ben)
    third = contract.milestones.get(position=3)
    rest = {"milestone_id": fund(third).pk, "to_freelancer": 10_000, "into_id": fund(second).pk}
    accept_proposal(proposal_id=propose_ending(**rest, by=ada).pk, by=ben)
    close_moot_dispute(dispute_id=dispute.pk)
    first, *_, newest = contract.agreements.order_by("version")
    whole = statement_of(contract)

    path = f"{dispute.desk_path}evidence.zip"
    inside = contents(browser(dora).get(path).getvalue())
    outside = contents(browser(dora).get(path, {"redacted": "1"}).getvalue())
    for one in (inside, outside):
        everything = b"\n".join(one.values())
        for later_word in (
            WANTED,
            newest.sha256,
            third.escrow.public_id,
            whole["books"][0]["head"],
        ):
            assert later_word.encode() not in everything, later_word
    money, lines = (json.loads(one) for one in (inside["money/statement.json"], outside[LINES]))
    assert money["agreement"] == {"version": 1, "sha256": first.sha256}
    ended, other = money["milestones"]
    assert (ended["agreed"], ended["status"]) == (50_000, "split")
    assert (other["agreed"], other["adjusted"], other["status"]) == (70_000, 0, "awaiting")
    assert {"refund", "release"} <= {line["kind"] for line in money["lines"]}, (
        "its own end is there"
    )
    assert [line["hash"] for line in lines] == [line["hash"] for line in money["lines"]]
    then, later_on = saved(tmp_path, money, whole)
    for beside in (later_on, _file(tmp_path, first.body)):
        status, said = checked([then, beside])
        assert (status, said.count("WRONG")) == (0, 0), said

    own = json.loads(contents(bundled(seen(dispute, ada)))["money/statement.json"])
    assert (own["lines"], own["agreement"]) == (whole["lines"], whole["agreement"])


def _file(folder: Path, text: str) -> Path:
    path = folder / "agreement.json"
    path.write_text(text)
    return path


def test_it_takes_as_many_queries_for_many(dispute, ada, ben):
    assert dispute.milestone.contract, "read before"
    bargain(dispute, ada, ben)
    with CaptureQueriesContext(connection) as few:
        proposed_on(dispute)
    for _ in range(3):
        bargain(dispute, ada, ben)
    with CaptureQueriesContext(connection) as many:
        rows = proposed_on(dispute)
    assert (len(rows["proposals"]), len(rows["changes"])) == (8, 8)
    assert len(many) == len(few) == 3


def test_every_clock_of_the_case_stands_in_it(dispute, ada, ben):
    ends, missed = dispute.created_at + timedelta(days=2), dispute.created_at + timedelta(days=3)
    Dispute.objects.update(
        reply_until=ends, negotiation_ends_at=ends, ruling_missed_at=missed, appealed_by="client"
    )
    escrow = dispute.milestone.escrow
    escrow.limit_at = dispute.created_at + timedelta(days=80)
    escrow.save(update_fields=["limit_at"])
    record = record_for(seen(dispute, ada), with_messages=True)
    index = contents(bundled(seen(dispute, ada)))["index.html"].decode()

    clocks = record.data["dispute"]
    assert (clocks["ruling_missed_at"], clocks["held_until"]) == (missed, escrow.limit_at)
    assert record.as_of == missed, "what lies ahead says nothing of when a thing was added"
    for label in (
        "Time to negotiate ends",
        "Time to reply to the appeal ends",
        "Told that it is overdue",
        "Held by the payment provider until",
    ):
        assert label in index


def test_a_clock_that_never_ran_has_no_key(dispute):
    dispute.milestone.escrow.limit_at = None
    assert not {"ruling_missed_at", "held_until"} & set(
        record_for(dispute, with_messages=True).data["dispute"]
    )
