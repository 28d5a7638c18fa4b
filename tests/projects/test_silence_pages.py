"""The table where people and programs read it, and what it would make of a dispute that waits."""

from datetime import timedelta

import pytest

from marketplace.common.errors import InvalidInput
from payments.escrow.models import Escrow
from payments.policies.selectors import policy_in_force
from payments.policies.services import add_version
from projects.agreements.outlook import prospects_of
from projects.contracts.selectors import agreement_of
from projects.disputes.services import answer_dispute, open_dispute
from projects.disputes.silence.table import TABLES
from projects.messages.services import write_message
from tests.world import active_contract, api_of, browser, funded_milestone, submitted_milestone

pytestmark = pytest.mark.django_db

WORDS = {"reason": "not_delivered", "statement": "There is nothing."}


@pytest.fixture
def undelivered(ada, ben, later):
    """Four days over when it is disputed: 300.00 of 1,000.00 is what Ada would leave to Ben."""
    milestone = funded_milestone(ada, ben)
    later(days=24)
    return open_dispute(milestone_id=milestone.pk, by=ada, asked_for=30_000, **WORDS)


def strike_on(dispute):
    (strike,) = prospects_of(dispute.milestone.contract).of(dispute.milestone).outlook.strikes
    return strike


TABLE = "/api/v1/disputes/silence/"


def test_everybody_reads_the_same_tables(client):
    add_version({"silence_table": 1})
    add_version({"silence_table": 0})
    page = client.get("/rules/").text
    assert "Of version 1 of the rules." in page and "Of version 2 of the rules." in page
    for table, rows in TABLES.items():
        told = api_of().get(f"{TABLE}?table={table}").json()
        assert [row["number"] for row in told] == [row.number for row in rows]
        for row, out in zip(rows, told, strict=True):
            assert (out["table"], out["condition"]) == (table, row.condition)
            assert (out["outcome"], out["reason"]) == (row.outcome, row.reason)
            at = page.index(f'id="silence-{table}-{row.number}"')
            shown = page[at : page.index("</tr>", at)]
            assert row.condition in shown and row.reason in shown and row.outcome.words in shown
    assert api_of().get(TABLE).json() == api_of().get(f"{TABLE}?table={max(TABLES)}").json()


def test_of_the_first_table_it_is_said_that_a_sent_file_is_no_evidence(client):
    said, rule = "A file that was sent in a message is no evidence by this table", "never against"
    assert said not in client.get("/rules/").text
    add_version({"silence_table": 1})
    page = client.get("/rules/").text
    assert page.index('id="silence-1"') < page.index(said), "and nothing of that of the second one"
    assert rule not in page and "unless the opener asks for nothing" in page


def test_a_table_that_no_rules_name_judges_nobody_and_is_not_shown(client):
    assert 'id="silence-1"' not in client.get("/rules/").text
    for asked in ("1", "0", "3", "two", ""):
        assert api_of().get(f"{TABLE}?table={asked}").status_code == 404, asked


def test_it_is_a_value_of_the_rules_that_both_sign(ada, ben):
    assert policy_in_force().silence_table == 2
    signed = active_contract(ada, ben)
    assert '"silence_table":2' in agreement_of(signed).body
    add_version({"silence_table": 0})
    older = active_contract(ada, ben)

    for contract, is_said in ((signed, True), (older, False)):
        page = browser(ben).get(f"/contracts/{contract.public_id}/agreement/").text
        assert ("by table 2 of the published rules" in page) == is_said
    with pytest.raises(InvalidInput):
        add_version({"silence_table": 3})


def test_what_comes_of_silence_is_told_to_both_before_it_does(undelivered, ada, ben):
    strike = strike_on(undelivered)
    assert (strike.step, strike.at) == ("decide_by_rule", undelivered.answer_due_at)
    # 300.00 less 3 %, and 700.00 with the fee on them.
    assert (strike.to_freelancer, strike.fee, strike.to_client) == (29_100, 1_800, 72_100)
    for person in (ada, ben):
        told = api_of(person).get(f"/api/v1/milestones/{undelivered.milestone.public_id}/next/")
        (happens,) = told.json()["happens"]
        end = told.json()["if_nobody_acts"]
        assert end["kind"] == happens["kind"], "and not the provider's limit"
        assert end["at"] == (strike.at + timedelta(days=3)).isoformat().replace("+00:00", "Z")
        assert (end["step"], end["to_client"]) == ("carry_out", 72_100), "unless somebody appeals"
        assert (happens["step"], happens["to_client"]) == ("decide_by_rule", 72_100)
        assert "row 9 of the rules" in happens["text"]
        page = browser(person).get(undelivered.path).text
        assert '/rules/#silence-2-9">Row 9 of the rules' in page
        assert "$291.00" in page and "$721.00" in page


def test_what_a_rule_decides_is_carried_out_before_the_providers_limit(undelivered):
    limit_at = undelivered.answer_due_at + timedelta(days=2)
    Escrow.objects.update(limit_at=limit_at)

    outlook = prospects_of(undelivered.milestone.contract).of(undelivered.milestone).outlook

    assert [strike.step for strike in outlook.strikes] == ["decide_by_rule"], "and no refund there"
    # Three of thirteen parts of what is left: an appeal can be heard yet.
    carried_out_at = undelivered.answer_due_at + timedelta(days=1) * 3 / 13
    assert (outlook.end.step, outlook.end.at) == ("carry_out", carried_out_at)


def test_a_refund_that_comes_before_a_rule_decides_is_foretold(undelivered):
    """The limit has come nearer just now, and no sweep has pulled the time to answer yet."""
    Escrow.objects.update(limit_at=undelivered.answer_due_at - timedelta(hours=1))

    outlook = prospects_of(undelivered.milestone.contract).of(undelivered.milestone).outlook

    assert [strike.step for strike in outlook.strikes] == ["refund_limit", "decide_by_rule"]


def test_a_word_makes_it_a_mediators(undelivered, ben):
    bid_id = undelivered.milestone.contract.bid_id
    write_message(bid_id=bid_id, by=ben, text="The server is down.")

    strike = strike_on(undelivered)
    assert (strike.step, strike.to_freelancer, strike.to_client) == ("escalate", 0, 0)
    page = browser(ben).get(undelivered.path).text
    assert "it goes to a mediator, as things stand now" in page
    assert "Row 7 of the rules" in page


def test_it_is_judged_as_of_the_moment_at_which_the_answer_is_due(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    later(days=3)
    dispute = open_dispute(milestone_id=milestone.pk, by=ben, asked_for=100_000, **WORDS)

    # The time to review has four days left now, and will be over then.
    assert strike_on(dispute).to_freelancer == 97_000
    assert "Row 13 of the rules" in browser(ada).get(dispute.path).text


def test_nothing_is_foretold_of_one_that_was_answered(undelivered, ben):
    answer_dispute(dispute_id=undelivered.pk, by=ben, statement="Here I am.")

    page = browser(ben).get(undelivered.path).text
    assert "If nobody answers" not in page and "of the rules" not in page


def test_a_contract_of_before_is_a_mediators(undelivered, ada):
    contract = undelivered.milestone.contract
    contract.policy = add_version({"silence_table": 0})
    contract.save(update_fields=["policy"])

    assert "Row 1 of the rules" in browser(ada).get(undelivered.path).text
