"""Files of a bid over the page and the API; for everybody but its two sides they do not exist."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from marketplace.common.clock import now
from projects.agreements.services import accept_offer, award_bid, decline_offer
from projects.bids.models import Bid
from projects.bids.services import edit_bid, withdraw_bid
from projects.disputes.services import open_dispute
from projects.milestones.services import submit_work
from projects.postings.services import add_files
from tests.projects.counter_world import countered
from tests.projects.screening_world import answers_to, asking
from tests.projects.test_bid_files import PDF, PNG, a_file, id_of
from tests.projects.test_posting_and_bid_api import refused, sent_bid
from tests.projects.test_posting_and_bid_pages import browser_of, typed_bid
from tests.world import api_of, fund, open_posting, plan_of, submitted_bid

pytestmark = pytest.mark.django_db


@pytest.fixture
def posting(ada):
    return open_posting(ada)


@pytest.fixture
def bid(posting, ben) -> Bid:
    return submitted_bid(posting, ben, files=[a_file()])


def form_of(*files: SimpleUploadedFile, **changes) -> dict:
    """A bid as a program sends it in parts: the plan is JSON."""
    sent = sent_bid(**changes)
    return sent | {"plan": json.dumps(sent["plan"]), "files": list(files)}


def path_of(bid: Bid, file_id: str) -> str:
    return f"/bids/{bid.public_id}/files/{file_id}/"


# --- Programs ------------------------------------------------------------------------------------


def test_a_program_sends_a_bid_with_its_files(posting, ada, ben):
    api, path = api_of(ben), f"/api/v1/postings/{posting.public_id}/bids/"
    made = api.post(path, form_of(a_file(), a_file("a.txt", b"words")), format="multipart")

    assert made.status_code == 201, made.content
    bid = Bid.objects.get()
    assert bid.plan == plan_of(80_000)
    first, second = made.json()["files"]
    assert (first["name"], first["size"], second["name"]) == ("a.txt", 5, "plan.pdf")
    stored = bid.files.get(stored__name="plan.pdf").stored
    url = f"/api/v1/bids/{bid.public_id}/files/{stored.public_id}/"
    assert second == {
        "id": stored.public_id,
        "name": "plan.pdf",
        "size": len(PDF),
        "sha256": stored.sha256,
        "url": f"http://127.0.0.1:8000{url}",
    }
    assert api_of(ada).get(f"/api/v1/bids/{bid.public_id}/").json()["files"] == [first, second]
    assert b"".join(api_of(ada).get(url).streaming_content) == PDF


def test_a_program_edits_the_files_and_reads_every_wording(bid, ben):
    api, path = api_of(ben), f"/api/v1/bids/{bid.public_id}/"
    more = api.patch(path, {"files": [a_file("lamp.png", PNG)]}, format="multipart")
    assert more.status_code == 200, more.content
    assert (more.json()["version"], len(more.json()["files"])) == (2, 2)
    gone = api.patch(path, {"remove_files": [id_of(bid, "plan.pdf")]}, format="json")
    assert [file["name"] for file in gone.json()["files"]] == ["lamp.png"]
    both = {"files": [a_file()], "remove_files": [id_of(bid, "lamp.png")], "letter": "Short."}
    assert api.patch(path, both, format="multipart").json()["letter"] == "Short."

    wordings = api.get(f"{path}versions/").json()
    assert [[file["name"] for file in one["files"]] for one in wordings] == [
        ["plan.pdf"],
        ["lamp.png"],
        ["lamp.png", "plan.pdf"],
        ["plan.pdf"],
    ]
    first, last = wordings[-1]["files"][0], wordings[0]["files"][0]
    assert first["id"] != last["id"] and first["sha256"] == last["sha256"]


def test_answers_come_beside_the_files_as_json(ada, ben):
    posting = asking(ada)
    api, path = api_of(ben), f"/api/v1/postings/{posting.public_id}/bids/"
    form = form_of(a_file())
    refused(api.post(path, form | {"answers": "[1]"}, format="multipart"), 400, "answers")
    answers = answers_to(posting, several_choices=["Finnish"])
    made = api.post(path, form_of(a_file()) | {"answers": json.dumps(answers)}, format="multipart")
    assert made.json()["answers"] == answers
    path = f"/api/v1/bids/{made.json()['id']}/"
    answers = answers_to(posting, several_choices=["Finnish"], whole_number=30)
    changed = api.patch(path, {"answers": json.dumps(answers)}, format="multipart").json()
    assert (changed["answers"], changed["version"], len(changed["files"])) == (answers, 2, 1)


def test_the_same_key_sends_one_bid_with_one_set_of_files(posting, ben):
    api, path = api_of(ben), f"/api/v1/postings/{posting.public_id}/bids/"
    until = (now() + timedelta(days=14)).isoformat()
    for _ in range(2):
        body = form_of(a_file(), valid_until=until)
        answer = api.post(path, body, format="multipart", headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    assert Bid.objects.get().files.count() == 1
    other = form_of(a_file(body=PDF + b"!"), valid_until=until)
    answer = api.post(path, other, format="multipart", headers={"Idempotency-Key": "k1"})
    assert answer.json()["error"]["code"] == "key_reused"


@pytest.mark.parametrize(
    ("change", "param", "status"),
    [
        ({"files": [a_file("x.exe")]}, "files", 400),
        ({"files": [a_file("x.txt", b"")]}, "files", 400),
        ({"files": "words"}, "files[0]", 400),
        ({"plan": "["}, "plan", 400),
        ({"plan": "[" * 100_000}, "plan", 400),
        ({"plan": '[{"\\ud800": 1}]'}, "plan", 400),
        ({"answers": '{"\\ud800": 1}'}, "answers", 400),
        ({"plan": '[{"title": "\\ud800", "amount": 80000, "days": 5}]'}, "plan", 400),
        ({"plan": '[{"title": "A", "amount": NaN, "days": 5}]'}, "plan", 400),
        ({"plan": "{}"}, "plan", 400),
        ({"price": "1e5"}, "price", 400),
    ],
)
def test_a_program_hears_what_is_wrong(posting, ben, change, param, status):
    path = f"/api/v1/postings/{posting.public_id}/bids/"
    refused(api_of(ben).post(path, form_of() | change, format="multipart"), status, param)
    assert not Bid.objects.exists()


def test_only_a_file_of_the_bid_can_be_taken_off(bid, ben):
    path = f"/api/v1/bids/{bid.public_id}/"
    for strange in (["fi_nothing"], ["x" * 41], "words"):
        answer = api_of(ben).patch(path, {"remove_files": strange}, format="json")
        assert answer.json()["error"]["param"].startswith("remove_files"), strange


# --- People --------------------------------------------------------------------------------------


def test_a_person_sends_changes_and_compares_them(posting, ada, ben):
    browser = browser_of(ben)
    sent = browser.post(f"{posting.path}bid/", typed_bid() | {"files": [a_file(), a_file("a.md")]})
    bid = Bid.objects.get()
    assert sent.url == bid.path
    page = browser_of(ada).get(bid.path).content.decode()
    assert "plan.pdf" in page and bid.files.first().stored.sha256 in page
    assert "2 files" in browser_of(ada).get(f"{posting.path}bids/").content.decode()
    assert (
        "a.md"
        in browser_of(ada).get(f"{posting.path}compare/?bid={bid.public_id}").content.decode()
    )

    form = browser.get(f"{bid.path}edit/").content.decode()
    assert "Take off" in form and "More files" in form
    gone = id_of(bid, "a.md")
    changed = typed_bid(valid_days="") | {
        "files": [a_file("lamp.png", PNG)],
        "remove_files": [gone],
    }
    assert browser.post(f"{bid.path}edit/", changed).url == bid.path

    page = browser_of(ada).get(bid.path).content.decode()
    assert "lamp.png" in page and path_of(bid, gone) in page, "the earlier wording keeps its file"
    assert '<del class="rounded-sm bg-bad-soft px-1 text-bad">a.md</del>' in page
    answer = browser_of(ada).get(path_of(bid, gone))
    assert b"".join(answer.streaming_content) == PDF


def test_a_file_comes_as_a_download_and_nothing_else(bid, ada):
    answer = browser_of(ada).get(path_of(bid, id_of(bid, "plan.pdf")))
    assert answer["Content-Disposition"] == 'attachment; filename="plan.pdf"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"files": [a_file("x.exe")]}, "files"),
        ({"files": [a_file("x.txt", b"")]}, "files"),
        ({"files": [a_file(), a_file()]}, "files"),
        ({"remove_files": ["fi_nothing"]}, "remove_files"),
    ],
)
def test_a_refusal_stands_beside_the_field(bid, ben, typed, field):
    page = browser_of(ben).post(f"{bid.path}edit/", typed_bid(valid_days="") | typed)
    assert page.status_code == 400
    assert page.context["form"].errors[field]
    bid.refresh_from_db()
    assert bid.version == 1


def test_whoever_corrects_something_is_told_to_choose_the_files_again(posting, ben):
    browser = browser_of(ben)
    for change in ({"letter": ""}, {"then": "preview"}):
        page = browser.post(f"{posting.path}bid/", typed_bid(**change) | {"files": [a_file()]})
        assert "Choose your files again" in page.content.decode(), change
        page = browser.post(f"{posting.path}bid/", typed_bid(**change))
        assert "Choose your files again" not in page.content.decode(), change
    assert not Bid.objects.exists()


def test_a_preview_keeps_what_is_ticked(bid, ben):
    typed = typed_bid(then="preview", valid_days="") | {"remove_files": [id_of(bid, "plan.pdf")]}
    page = browser_of(ben).post(f"{bid.path}edit/", typed)
    assert page.context["form"]["remove_files"].value() == typed["remove_files"]


def test_other_terms_name_the_files_and_carry_none(bid, ada):
    path = f"/bids/{bid.public_id}/counter/"
    assert path_of(bid, id_of(bid, "plan.pdf")) in browser_of(ada).get(path).content.decode()
    counter = countered(bid, ada)
    assert "files" not in api_of(ada).get(f"/api/v1/counter-offers/{counter.public_id}/").json()


# --- Once it is awarded --------------------------------------------------------------------------


def test_the_contract_shows_the_files_that_were_signed(bid, ada, ben, cleo, dora):
    edit_bid(bid_id=bid.pk, by=ben, files=[a_file("lamp.png", PNG)])
    gone = id_of(bid, "plan.pdf")
    edit_bid(bid_id=bid.pk, by=ben, remove_files=[gone])
    assert (
        path_of(bid, id_of(bid, "lamp.png"))
        in browser_of(ada).get(f"{bid.path}award/").content.decode()
    )
    contract = award_bid(bid_id=bid.pk, by=ada)
    assert (
        "lamp.png"
        in browser_of(ben).get(f"/contracts/{contract.public_id}/accept/").content.decode()
    )
    accept_offer(contract_id=contract.pk, by=ben)
    path, file_id = f"/contracts/{contract.public_id}/", id_of(bid, "lamp.png")

    for person in (ada, ben):
        page = browser_of(person).get(path).content.decode()
        assert path_of(bid, file_id) in page and gone not in page
        (file,) = api_of(person).get(f"/api/v1{path}").json()["files"]
        assert (file["id"], file["name"]) == (file_id, "lamp.png")
        assert browser_of(person).get(path_of(bid, file_id)).status_code == 200
    for person in (cleo, dora):
        assert browser_of(person).get(path_of(bid, file_id)).status_code == 404


def test_an_offer_that_came_to_nothing_shows_the_files_of_then(bid, ada, ben):
    contract = award_bid(bid_id=bid.pk, by=ada)
    decline_offer(contract_id=contract.pk, by=ben, reason="terms")
    edit_bid(bid_id=bid.pk, by=ben, remove_files=[id_of(bid, "plan.pdf")])

    path = f"/contracts/{contract.public_id}/"
    assert "plan.pdf" in browser_of(ada).get(path).content.decode()
    assert [one["name"] for one in api_of(ada).get(f"/api/v1{path}").json()["files"]] == [
        "plan.pdf"
    ]


def test_whoever_decides_a_dispute_reads_the_files_that_were_signed(bid, ada, ben, dora, mona):
    edit_bid(bid_id=bid.pk, by=ben, files=[a_file("lamp.png", PNG)])
    gone, signed = (id_of(bid, name) for name in ("plan.pdf", "lamp.png"))
    edit_bid(bid_id=bid.pk, by=ben, remove_files=[gone])
    contract = award_bid(bid_id=bid.pk, by=ada)
    accept_offer(contract_id=contract.pk, by=ben)
    milestone = fund(contract.milestones.get())
    submit_work(milestone_id=milestone.pk, by=ben, note="Done.")
    words = {"reason": "late", "statement": "Late.", "asked_for": 0}
    dispute = open_dispute(milestone_id=milestone.pk, by=ada, **words)
    desk = f"/desk/disputes/{dispute.public_id}/"

    assert f"{desk}files/{signed}/" in browser_of(dora).get(desk).content.decode()
    answer = browser_of(dora).get(f"{desk}files/{signed}/")
    assert b"".join(answer.streaming_content) == PNG
    (file,) = api_of(dora).get(f"/api/v1{desk}agreement/").json()["files"]
    assert file["url"] == f"http://127.0.0.1:8000/api/v1{desk}files/{signed}/"
    assert api_of(dora).get(f"/api/v1{desk}files/{signed}/").status_code == 200
    for person, path in ((dora, gone), (mona, signed), (ada, signed)):
        assert browser_of(person).get(f"{desk}files/{path}/").status_code == 404
        assert api_of(person).get(f"/api/v1{desk}files/{path}/").status_code == 404
    assert browser_of(dora).get(path_of(bid, signed)).status_code == 404, "by the case alone"


# --- Nobody else ---------------------------------------------------------------------------------


def test_for_everybody_else_there_is_no_file_byte_for_byte(bid, posting, ada, cleo, dora, mona):
    file_id = id_of(bid, "plan.pdf")
    rival = submitted_bid(posting, cleo, files=[a_file("b.txt", b"mine")])
    for person in (cleo, dora, mona):
        api, browser = api_of(person), browser_of(person)
        real, guessed = (
            api.get(f"/api/v1{path_of(bid, an_id)}") for an_id in (file_id, "fi_nothing")
        )
        assert (real.status_code, real.content) == (404, guessed.content)
        assert browser.get(path_of(bid, file_id)).status_code == 404
    # Nor under the address of what one may see.
    for path in (path_of(rival, file_id), f"{posting.path}files/{file_id}/"):
        assert browser_of(cleo).get(path).status_code == 404
        assert api_of(cleo).get(f"/api/v1{path}").status_code == 404
    assert Client().get(path_of(bid, file_id)).status_code == 302
    assert api_of().get(f"/api/v1{path_of(bid, file_id)}").status_code == 401


def test_what_was_withdrawn_is_its_authors_alone_again(bid, ada, ben):
    file_id = id_of(bid, "plan.pdf")
    edit_bid(bid_id=bid.pk, by=ben, remove_files=[file_id])
    withdraw_bid(bid_id=bid.pk, by=ben)
    assert browser_of(ada).get(path_of(bid, file_id)).status_code == 404
    assert api_of(ada).get(f"/api/v1{path_of(bid, file_id)}").status_code == 404
    assert "plan.pdf" not in browser_of(ada).get(bid.path).content.decode()
    assert api_of(ada).get(f"/api/v1/bids/{bid.public_id}/").json()["files"] is None
    assert browser_of(ben).get(path_of(bid, file_id)).status_code == 200


def test_a_file_of_a_posting_is_no_file_of_a_bid(bid, posting, ada):
    (attached,) = add_files(posting_id=posting.pk, uploads=[a_file("b.txt", b"brief")], by=ada)
    assert browser_of(ada).get(path_of(bid, attached.stored.public_id)).status_code == 404
