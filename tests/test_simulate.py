"""A dozen contracts, played by many people at once against the whole running marketplace."""

import io
import json
import re
import socket
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import F

from accounts.people.models import User
from marketplace.common.clock import now
from payments.chargebacks.models import Chargeback
from payments.escrow.selectors import held_in
from projects.contracts.models import Contract
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.models import Dispute, Ruling
from projects.management.simulation import http, lives, payees
from projects.management.simulation.disputes import ENDS
from projects.management.simulation.http import Instance, Person, Surprise
from projects.management.simulation.outcomes import outcomes_of
from projects.postings.models import Posting
from tests.chaos.told import what_is_not_so
from tests.projects.statement_world import checked, saved, statement_of


def played(market, **how: object) -> str:
    """What whoever runs it reads, of one that ended well."""
    said = io.StringIO()
    try:
        call_command("simulate", **how, base_url=market.url, stdout=said, stderr=said)
    except CommandError as failure:
        pytest.fail(f"{failure}\n{said.getvalue()[-4_000:]}")
    return said.getvalue()


def met(said: str) -> set[str]:
    """What its runs have met, by whole names: one may be the beginning of another."""
    found = ", ".join(re.findall(r"^Met: (.*)$", said, re.MULTILINE))
    return {counted.partition(" × ")[2] for counted in found.split(", ")}


@pytest.mark.timeout(400)
def test_every_manner_of_contract_ends_and_the_books_are_clean(market, tmp_path, settings):
    # Its own processes check what people sign with, and know nothing quicker.
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]

    told = tmp_path / "told.jsonl"

    said = played(market, contracts=12, seed=7, told=told)

    assert "Every contract ended, and the books are clean." in said
    assert Contract.objects.filter(closed_at=None).count() == 0
    assert Contract.objects.count() >= 12  # more where two were chosen for one posting
    call_command("reconcile")
    assert market.errors() == []
    assert what_is_not_so(told) == []
    everything = [*Contract.objects.all(), *User.objects.all()]
    status, said = checked(saved(tmp_path, *map(statement_of, everything)))
    assert (status, said.count("WRONG")) == (0, 0), said


@pytest.mark.timeout(600)
def test_a_dispute_ends_in_each_of_the_ways_there_are(market, settings):
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]

    said = played(market, contracts=len(ENDS), seed=5, manner="disputing")
    said += played(market, contracts=1, seed=5, manner="disputing in vain")

    disputes = Dispute.objects.all()
    # As people see it: of the last ones the sweep may not have written it down yet.
    assert {dispute.state for dispute in disputes.select_related("milestone")} == {"closed"}
    unruled, first = disputes.filter(rulings=None), Ruling.objects.filter(number=1)
    second = Ruling.objects.filter(number=2)
    carried_out = Ruling.objects.exclude(carried_out_at=None)
    for way, found in {
        "approved": unruled.filter(milestone__status="released", to_freelancer=None),
        "given back": unruled.filter(milestone__status="cancelled", to_freelancer=None),
        "agreed": unruled.filter(milestone__status="split", to_freelancer=None),
        "settled": unruled.exclude(to_freelancer=None),
        "by rule": first.filter(by=None, dispute__appealed_by=""),
        "accepted": first.exclude(dispute__accepted_by=""),
        "standing": first.exclude(by=None)
        .filter(dispute__accepted_by="", dispute__appealed_by="")
        .exclude(carried_out_at=None),
        "at the limit": unruled.filter(milestone__status="refunded"),
        "appealed": second.exclude(carried_out_at=None).exclude(dispute__rulings__by=None),
        "rule appealed": second.exclude(carried_out_at=None).filter(dispute__rulings__by=None),
        "appealed in vain": first.exclude(dispute__appealed_by="").exclude(carried_out_at=None),
        "approved after a decision": first.filter(
            carried_out_at=None, dispute__appealed_by="", dispute__milestone__status="released"
        ),
        "settled after an appeal": first.exclude(dispute__appealed_by="")
        .exclude(dispute__to_freelancer=None)
        .filter(carried_out_at=None)
        .exclude(dispute__in=second.values("dispute")),
        "overdue": first.exclude(dispute__ruling_missed_at=None).exclude(carried_out_at=None),
        "ruled: all": carried_out.filter(
            to_freelancer=F("held"), dispute__milestone__status="released"
        ),
        "ruled: a part": carried_out.filter(
            to_freelancer__range=(1, F("held") - 1), dispute__milestone__status="split"
        ),
        "ruled: nothing": carried_out.filter(
            to_freelancer=0, dispute__milestone__status="refunded"
        ),
    }.items():
        assert found.exists(), f"none was {way}"
        # Whoever runs it reads the same.
        assert f"dispute {way}" in met(said), way
    assert {"waited for a bank", "dispute kept by a bank"} <= met(said)
    for status, taken in ((Chargeback.Status.WON, 0), (Chargeback.Status.LOST, 1)):
        at_banks = Chargeback.objects.filter(status=status).values("payment__paid_for")
        ruled = first.filter(dispute__milestone__escrow__public_id__in=at_banks)
        assert ruled.exclude(carried_out_at=None).exists(), status
        for ruling in ruled:
            escrow = ruling.dispute.milestone.escrow
            assert (escrow.taken_back > 0) == taken, status
            assert (0 < ruling.held < escrow.amount) == taken, status
            # Both sides, and the bank: nothing is left, and nothing was divided twice.
            assert (held_in(escrow), escrow.kept) == (0, ruling.to_freelancer), status
    assert Chargeback.objects.exclude(status__in=("won", "lost")).count() == 0
    for ruling in second:
        assert ruling.by_id != first.get(dispute=ruling.dispute).by_id
    assert market.errors() == []


@pytest.mark.timeout(400)
def test_two_mediators_decide_about_much_and_a_posting_has_two_awards(market, settings):
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]
    for manner, expected in {
        "disputing much": [
            "decision returned",
            "dispute confirmed",
            "dispute accepted",
            "dispute confirmed on appeal",
        ],
        "two awards": ["two awards made"],
    }.items():
        said = played(market, contracts=2, seed=3, manner=manner)
        assert set(expected) <= met(said), said[-4_000:]

    returned, confirmed = ProposedRuling.Status.RETURNED, ProposedRuling.Status.CONFIRMED
    for dispute in Dispute.objects.all():
        written = list(dispute.proposed_rulings.order_by("pk"))
        appeals = [confirmed] if dispute.appealed_by else []
        assert [one.status for one in written] == [returned, confirmed, *appeals]
        hands = [{one.by_id, one.answered_by_id} for one in written]
        assert [len(two) for two in hands] == [2] * len(hands)
        assert not appeals or hands[2].isdisjoint(hands[0] | hands[1])
        last = dispute.rulings.latest("number")
        assert (last.by_id, last.confirmed_by_id) == (written[-1].by_id, written[-1].answered_by_id)
        assert last.carried_out_at
    sides = Dispute.objects.values_list("appealed_by", flat=True)
    assert "" in sides
    assert set(sides) != {""}
    for posting in Posting.objects.filter(awards=2):
        completed = Contract.objects.filter(bid__posting=posting, status="completed")
        assert completed.values("freelancer").distinct().count() == 2
    assert Posting.objects.filter(awards=2).exists()
    assert market.errors() == []


@pytest.mark.parametrize(
    ("ended", "appealed_by", "settled", "told"),
    [
        ("released", "", None, "approved after a decision"),
        ("cancelled", "", None, "given back after a decision"),
        ("split", "client", None, "agreed after an appeal"),
        ("split", "client", 500, "settled after an appeal"),
    ],
)
def test_an_ordinary_end_after_a_decision_is_told_as_none_of_the_decision(
    ended, appealed_by, settled, told
):
    ruling = {"by": "Mia", "carried_out_at": None, "confirmed_by": None}
    shown = {"rulings": [ruling], "to_freelancer": settled, "appealed_by": appealed_by}
    milestone = {"status": ended, "money": {"charged_back": 0}}
    assert list(outcomes_of(shown, milestone)) == [told]


def test_whose_card_is_refused_pays_with_another(monkeypatch):
    """A bank has won against it: the money goes back, and nothing would ever be held."""
    codes: list[str] = []
    monkeypatch.setattr(lives, "pay", lambda *_, code: codes.append(code) or True)
    client = _Client(["refunded", "succeeded"])
    life = lives.Life(
        number=1, random=Random(1), client=client, freelancer=client, other_freelancer=client,
        mediators=[], work={}, manner="", acts=lambda *_: iter(()), present=now,
    )  # fmt: skip

    for _ in life.fund("ms_1"):
        client.is_held = len(codes) == 2

    assert len(codes) == len(set(codes)) == 2
    assert life.met == {"card refused": 1}


class _Client:
    """Nothing is held until somebody says so; of each payment it is told what became of it."""

    def __init__(self, statuses: list[str]) -> None:
        self.statuses, self.is_held, self.instance = statuses, False, Instance("http://nowhere")

    def post(self, path: str) -> dict:
        payment = {"id": f"py_{self.statuses.pop(0)}", "url": "http://nowhere", "amount": 10_000}
        return {"payment": payment}

    def get(self, path: str) -> dict:
        return {"status": path.strip("/").split("_")[-1], "money": {"to_fund": not self.is_held}}


@pytest.mark.django_db
@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "nonsense", "http://"])
def test_where_nobody_answers_it_says_so_and_makes_nobody(settings, base_url):
    settings.SANDBOX = True

    with pytest.raises(CommandError, match="Nobody answers at"):
        call_command("simulate", contracts=1, base_url=base_url)

    assert User.objects.count() == 0


# --- People who ask again ------------------------------------------------------------------------


@pytest.fixture
def rough():
    """A house that answers by a list: a status each, or None for a line that breaks."""
    answers, asked = deque(), []

    class House(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.headers["Idempotency-Key"])
            answer = answers.popleft()
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, body = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), House)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    server.answers, server.asked = answers, asked
    yield server
    server.shutdown()
    server.server_close()


def somebody(rough, **how) -> Person:
    return Person(Instance(f"http://127.0.0.1:{rough.server_address[1]}", **how), "Ada", "mp_x")


DONE = (200, b'{"id": "ms_1", "status": "released"}')
UNDER_WAY = (409, b'{"error": {"code": "idempotency_in_progress"}}')
TOO_LATE = (409, b'{"error": {"message": "It is released already."}}')


def test_who_has_patience_asks_again_under_the_same_key(rough, tmp_path, monkeypatch):
    monkeypatch.setattr(http.time, "sleep", lambda _: None)
    rough.answers.extend([None, (503, b"{}"), UNDER_WAY, DONE])
    ada = somebody(rough, patience=10, told=tmp_path / "told.jsonl")

    assert ada.post("milestones/ms_1/release/")["status"] == "released"

    assert (len(rough.asked), len(set(rough.asked))) == (4, 1)
    assert ada.instance.failures == []
    told = json.loads((tmp_path / "told.jsonl").read_text())
    assert (told["id"], told["status"]) == ("ms_1", "released")


def test_a_refusal_after_a_lost_answer_is_a_failure_of_the_house(rough, monkeypatch):
    """The key would have found the lost answer: the deed was not done, and now it cannot be."""
    monkeypatch.setattr(http.time, "sleep", lambda _: None)
    rough.answers.extend([None, TOO_LATE])

    with pytest.raises(Surprise):
        somebody(rough, patience=10).post("milestones/ms_1/release/")


@pytest.mark.parametrize("answer", [None, (503, b"{}")])
def test_without_patience_trouble_is_a_failure(rough, answer):
    rough.answers.append(answer)

    with pytest.raises(Surprise):
        somebody(rough).post("milestones/ms_1/release/")

    assert len(rough.asked) == 1


# --- People who are to be paid -------------------------------------------------------------------


class Payee:
    """A freelancer to whom the house says what it is told to; what they do is noted."""

    name = "Ben"
    instance = None

    def __init__(self, *, account: str, owed: int = 0, failed: bool = False) -> None:
        steps = ["retry", "cancel"] if failed else []
        earned = {"available": 60, "clearing": 30, "on_its_way": 5, "least": 95, "owed": owed}
        self.said = {
            "payout-account/": {"status": account},
            "payouts/": {"results": [{"id": "po_1", "currency": "USD", "next_steps": steps}]},
            "earnings/": {"currencies": [{"currency": "USD"} | earned]},
        }
        self.done: list[str] = []

    def get(self, path: str, **_: object) -> dict:
        return self.said[path]

    def post(self, path: str, *_: object, **__: object) -> dict:
        self.done.append(path)
        return {"url": "https://provider.example/"}


@pytest.mark.parametrize(
    ("found", "done"),
    [
        ({"account": "active"}, []),
        ({"account": "pending"}, []),
        ({"account": "restricted"}, ["payout-account/", "handed in"]),
        (
            {"account": "active", "failed": True},
            ["payout-account/", "handed in", "payouts/po_1/retry/"],
        ),
        (
            {"account": "active", "failed": True, "owed": 1},
            ["payout-account/", "handed in", "payouts/po_1/cancel/"],
        ),
    ],
)
def test_a_payee_puts_right_what_stands_in_the_way_of_their_money(monkeypatch, found, done):
    ben = Payee(**found)
    monkeypatch.setattr(payees, "set_up_payouts", lambda *_, **__: ben.done.append("handed in"))

    payees.put_right(("DE", ben))

    assert ben.done == done


def test_less_than_a_bank_is_sent_is_not_waited_for():
    ben = Payee(account="active")
    assert payees.not_yet_paid(ben) == 95

    ben.said["earnings/"]["currencies"][0]["least"] = 96
    assert payees.not_yet_paid(ben) == 0
