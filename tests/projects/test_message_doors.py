"""The pages and calls of the workroom."""

import json

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts.notifications.models import Notification
from marketplace.common import doorbell
from projects.messages.models import Conversation, Message
from projects.messages.selectors import messages_on
from projects.messages.services import read_messages, write_message
from projects.milestones.services import release_milestone
from tests.world import SIGNED, active_contract, api_of, open_posting, opened_dispute, submitted_bid

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract(ada, ben):
    return active_contract(ada, ben)


def page_of(contract) -> str:
    return f"/contracts/{contract.public_id}/messages/"


def api_path_of(contract) -> str:
    return f"/api/v1{page_of(contract)}"


def a_file(body: bytes = b"<script>alert(1)</script>") -> SimpleUploadedFile:
    return SimpleUploadedFile("page.html", body, content_type="text/html")


# --- Pages ---------------------------------------------------------------------------------------


def test_an_empty_workroom_says_what_it_is_for(client, ada, contract):
    client.force_login(ada)
    page = client.get(page_of(contract)).content.decode()
    assert "Nothing written yet" in page
    assert not Conversation.objects.exists(), "looking writes nothing"


def test_a_message_is_sent_and_stands_there_as_safe_html(client, ada, ben, contract):
    client.force_login(ada)

    answer = client.post(
        page_of(contract), {"text": "**Yes** <script>x</script> [x](javascript:x)"}
    )

    assert (answer.status_code, answer["Location"]) == (302, f"{page_of(contract)}#newest")
    client.force_login(ben)
    page = client.get(page_of(contract)).content.decode()
    assert "<strong>Yes</strong>" in page
    assert "<script>x" not in page
    assert 'href="javascript' not in page


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(client, ada, contract):
    client.force_login(ada)
    empty = client.post(page_of(contract), {"text": ""})
    assert empty.status_code == 400
    assert "Write something, or add a file." in empty.content.decode()

    files = [SimpleUploadedFile("none.txt", b"")]
    refused = client.post(page_of(contract), {"text": "As promised.", "files": files})
    assert refused.status_code == 400
    assert "“none.txt” is empty." in refused.content.decode()
    assert "As promised.</textarea>" in refused.content.decode()
    assert not Message.objects.exists()


def test_a_file_is_a_download_whatever_it_claims_to_be(client, ada, ben, contract):
    client.force_login(ada)
    client.post(page_of(contract), {"text": "", "files": [a_file()]})
    message = Message.objects.get()
    path = f"/messages/{message.public_id}/files/{message.files.get().stored.public_id}/"

    client.force_login(ben)
    assert path in client.get(page_of(contract)).content.decode()
    answer = client.get(path)

    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert answer["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_the_newest_stand_last_and_the_earlier_a_page_before(client, ada, ben, contract):
    for number in range(1, 26):
        by = ada if number % 2 else ben
        write_message(bid_id=contract.bid_id, by=by, text=f"Message {number}.")
    client.force_login(ada)

    newest = client.get(page_of(contract))
    numbers = [line.message.number for line in newest.context["lines"]]
    assert numbers == list(range(6, 26))
    assert 'data-conversation="' in newest.content.decode()

    earlier = client.get(page_of(contract) + newest.context["page"].next_url)
    assert [line.message.number for line in earlier.context["lines"]] == [1, 2, 3, 4, 5]
    assert 'data-conversation="' not in earlier.content.decode(), "it stays where it is"
    assert client.get(f"{page_of(contract)}?cursor=nonsense").status_code == 400


def test_a_search_shows_what_was_found(client, ada, ben, contract):
    write_message(bid_id=contract.bid_id, by=ben, text="The keys lie under the mat.")
    write_message(bid_id=contract.bid_id, by=ben, text="Until tomorrow.")
    client.force_login(ada)

    page = client.get(page_of(contract), {"q": "key"}).content.decode()
    assert "under the mat" in page
    assert "Until tomorrow" not in page
    nothing = client.get(page_of(contract), {"q": '"><b>lamp'}).content.decode()
    assert "No message says that" in nothing
    assert "<b>lamp" not in nothing
    assert client.get(page_of(contract), {"q": "x" * 201}).status_code == 400


def test_looking_marks_nothing_and_the_form_does(client, ada, ben, contract):
    write_message(bid_id=contract.bid_id, by=ben, text="Done.")
    client.force_login(ada)
    page = client.get(page_of(contract))
    assert page.context["read_up_to"] == 1
    assert Conversation.objects.get().client_read == 0

    answer = client.post(f"{page_of(contract)}read/", {"up_to": "1"})

    assert answer["Location"] == page_of(contract)
    assert Conversation.objects.get().client_read == 1
    client.force_login(ben)
    assert "Read" in [
        "Read" if line.is_read else "Sent"
        for line in client.get(page_of(contract)).context["lines"]
    ]


@pytest.mark.parametrize("up_to", ["", "0", "2", "-1", "1.0", "²", "9" * 30])
def test_a_mark_of_nonsense_is_refused(client, ada, ben, contract, up_to):
    write_message(bid_id=contract.bid_id, by=ben, text="Done.")
    client.force_login(ada)
    assert client.post(f"{page_of(contract)}read/", {"up_to": up_to}).status_code == 400


def test_unread_messages_are_counted_on_the_contract_and_in_the_list(client, ada, ben, contract):
    for text in ("One.", "Two."):
        write_message(bid_id=contract.bid_id, by=ben, text=text)
    client.force_login(ada)

    shown = client.get(f"/contracts/{contract.public_id}/")
    assert shown.context["unread_messages"] == 2
    assert [row["unread"] for row in client.get("/contracts/").context["rows"]] == [2]

    read_messages(bid_id=contract.bid_id, by=ada, up_to=2)
    assert [row["unread"] for row in client.get("/contracts/").context["rows"]] == [0]


def test_an_open_page_looks_again_and_is_sent_only_what_it_has_not_seen(client, ada, ben, contract):
    write_message(bid_id=contract.bid_id, by=ben, text="One.")
    client.force_login(ada)
    seen = client.get(page_of(contract)).context["state"]
    look = {"path": page_of(contract), "data": {"state": seen}, "headers": {"HX-Request": "true"}}
    assert client.get(**look).status_code == 204

    write_message(bid_id=contract.bid_id, by=ben, text="Two.")
    fragment = client.get(**look).content.decode()
    assert fragment.lstrip().startswith('<section id="thread"')
    assert "Two." in fragment

    seen = client.get(page_of(contract)).context["state"]
    read_messages(bid_id=contract.bid_id, by=ada, up_to=2)
    client.force_login(ben)
    assert "Read" in client.get(page_of(contract)).content.decode()


def test_it_goes_on_where_the_bid_left_off(client, ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    client.force_login(ada)
    client.post(f"/bids/{bid.public_id}/messages/", {"text": "Can you start in May?"})
    assert f"/bids/{bid.public_id}/messages/" in client.get(bid.path).content.decode()

    answer = api_of(ada).post(f"/api/v1/bids/{bid.public_id}/award/", {"review_days": 7} | SIGNED)

    page = client.get(f"/contracts/{answer.json()['id']}/messages/").content.decode()
    assert "Can you start in May?" in page


# --- The API -------------------------------------------------------------------------------------


def test_a_program_writes_reads_and_pages(ada, ben, contract):
    path = api_path_of(contract)
    for number in range(3):
        assert api_of(ben).post(path, {"text": f"Message {number}."}).status_code == 201

    first = api_of(ada).get(path, {"limit": 2}).json()
    assert [one["number"] for one in first["results"]] == [3, 2]
    assert first["results"][0] == {
        "id": Message.objects.get(number=3).public_id,
        "number": 3,
        "by": ben.public_id,
        "name": "Ben",
        "role": "freelancer",
        "text": "Message 2.",
        "files": [],
        "created_at": first["results"][0]["created_at"],
        "read": False,
    }
    rest = api_of(ada).get(first["next"]).json()
    assert [one["number"] for one in rest["results"]] == [1]

    assert api_of(ada).post(f"{path}read/", {"up_to": 2}).json() == {"unread": 1}
    seen = api_of(ben).get(path).json()["results"]
    assert [(one["number"], one["read"]) for one in seen] == [(3, False), (2, True), (1, True)]
    assert [one["number"] for one in api_of(ada).get(path, {"q": "2"}).json()["results"]] == [3]


def test_a_program_sends_files(ada, ben, contract):
    path = api_path_of(contract)
    answer = api_of(ada).post(
        path, {"text": "Here.", "files": [a_file(b"one"), a_file(b"two")]}, format="multipart"
    )
    assert answer.status_code == 201
    first = answer.json()["files"][0]
    fetched = api_of(ben).get(first["url"])
    assert b"".join(fetched.streaming_content) == b"one"


def test_the_same_call_again_writes_nothing_again(ada, contract, ben):
    program, key = api_of(ada), {"HTTP_IDEMPOTENCY_KEY": "message-1"}
    first = program.post(api_path_of(contract), {"text": "Once."}, **key)
    again = program.post(api_path_of(contract), {"text": "Once."}, **key)
    other = program.post(api_path_of(contract), {"text": "Twice."}, **key)

    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")
    assert messages_on(contract.bid).count() == 1
    assert Notification.objects.filter(kind="message_written").count() == 1


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "x" * 5_001}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": None}, "text"),
    ],
)
def test_what_cannot_be_used_names_its_field(ada, contract, body, param):
    answer = api_of(ada).post(api_path_of(contract), body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("up_to", [0, 2, "x", None, 2**40, 1.5])
def test_a_mark_that_is_no_number_of_a_message(ada, ben, contract, up_to):
    write_message(bid_id=contract.bid_id, by=ben, text="Done.")
    answer = api_of(ada).post(f"{api_path_of(contract)}read/", {"up_to": up_to})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "up_to")


def test_too_many_a_minute_say_when_to_come_again(ada, contract):
    program = api_of(ada)
    for number in range(20):
        write_message(bid_id=contract.bid_id, by=ada, text=f"{number}")
    answer = program.post(api_path_of(contract), {"text": "One more."})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "throttled")
    assert 1 <= int(answer["Retry-After"]) <= 60


# --- The bell ------------------------------------------------------------------------------------


def test_open_pages_are_told_after_commit(
    ada, ben, contract, bells, django_capture_on_commit_callbacks
):
    bells.clear()
    with django_capture_on_commit_callbacks(execute=True):
        write_message(bid_id=contract.bid_id, by=ben, text="Done.")
        assert bells == []
    assert ("projects.tell_open_conversations", (Conversation.objects.get().pk,)) in bells


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_keeps_nobody_from_writing(ada, ben, monkeypatch):
    contract = active_contract(ada, ben)

    def silent(*_: object, **__: object) -> None:
        raise OSError("nobody is there")

    monkeypatch.setattr(doorbell.current_app._get_current_object(), "send_task", silent)
    with transaction.atomic():
        write_message(bid_id=contract.bid_id, by=ben, text="Done.")

    assert messages_on(contract.bid).get().text == "Done."


# --- The record ----------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["page", "api"])
def test_both_sides_save_the_same_document(client, ada, ben, contract, door):
    write_message(bid_id=contract.bid_id, by=ada, text="“Hello”, said Ada.\nAnd more.")
    sent = write_message(bid_id=contract.bid_id, by=ben, text="", files=[a_file(b"plan")])
    read_messages(bid_id=contract.bid_id, by=ben, up_to=1)
    saved = []
    for person in (ada, ben):
        client.force_login(person)
        visitor, path = (client, page_of(contract))
        if door == "api":
            visitor, path = api_of(person), api_path_of(contract)
        answer = visitor.get(f"{path}export/")
        assert answer.status_code == 200
        assert f"messages-{contract.public_id}.json" in answer["Content-Disposition"]
        saved.append(b"".join(answer.streaming_content))

    assert saved[0] == saved[1]
    said = json.loads(saved[0])
    assert (said["contract"], said["bid"]) == (contract.public_id, contract.bid.public_id)
    assert (said["client"]["name"], said["freelancer"]["name"]) == ("Ada", "Ben")
    assert (said["count"], said["read_by"]) == (2, {"client": 0, "freelancer": 1})
    first, second = said["messages"]
    assert (first["number"], first["text"]) == (1, "“Hello”, said Ada.\nAnd more.")
    stored = sent.files.get().stored
    assert second["files"] == [
        {"id": stored.public_id, "name": "page.html", "size": 4, "sha256": stored.sha256}
    ]


def test_each_member_of_the_document_is_described(ben, contract):
    write_message(bid_id=contract.bid_id, by=ben, text="Here.", files=[a_file(b"plan")])
    answer = api_of(ben).get(f"{api_path_of(contract)}export/")
    said = json.loads(b"".join(answer.streaming_content))
    described = (settings.BASE_DIR / "docs" / "messages.md").read_text()
    (message,) = said["messages"]
    (file,) = message["files"]

    for member in (*said, *message, *file, *said["client"], *said["read_by"], *message["by"]):
        assert f"`{member}`" in described or f'"{member}"' in described, member
    assert f'"format": "{said["format"]}"' in described


def test_an_empty_conversation_is_a_document_too(ada, contract):
    answer = api_of(ada).get(f"{api_path_of(contract)}export/")
    said = json.loads(b"".join(answer.streaming_content))
    assert (said["count"], said["messages"]) == (0, [])


# --- The desk ------------------------------------------------------------------------------------


def test_a_mediator_reads_along_only_while_the_dispute_is_open(client, ada, ben, dora):
    dispute = opened_dispute(ada, ben)
    contract = dispute.milestone.contract
    write_message(bid_id=contract.bid_id, by=ben, text="The shop is ready.", files=[a_file(b"it")])
    path, api_path = (f"{root}/desk/disputes/{dispute.public_id}/" for root in ("", "/api/v1"))
    client.force_login(dora)

    page = client.get(f"{path}messages/").content.decode()
    assert "The shop is ready." in page
    assert "messages-new" not in page, "nothing is news to a mediator"
    assert f"{path}messages/" in client.get(path).content.decode()
    (shown,) = api_of(dora).get(f"{api_path}messages/").json()["results"]
    file = api_of(dora).get(shown["files"][0]["url"])
    assert b"".join(file.streaming_content) == b"it"
    assert client.get(page_of(contract)).status_code == 404, "the sides' own room"

    release_milestone(milestone_id=dispute.milestone_id, by=ada)

    assert client.get(f"{path}messages/").status_code == 404
    assert api_of(dora).get(f"{api_path}messages/").status_code == 404
    assert api_of(dora).get(shown["files"][0]["url"]).status_code == 404
    assert f"{path}messages/" not in client.get(path).content.decode()
