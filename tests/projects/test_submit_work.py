"""Handing in the work: note, links and files."""

import hashlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput, NotAllowed, TooLarge, WrongState
from marketplace.common.models import StoredFile
from projects.contracts.models import Event
from projects.milestones.models import Submission, SubmissionFile
from projects.milestones.services import return_work, start_work, submit_work
from tests.races import at_once
from tests.world import api_of, funded_milestone, planned_milestone, submitted_milestone

pytestmark = pytest.mark.django_db


def a_file(name: str = "plan.pdf", body: bytes = b"plan") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def test_the_review_period_starts(ada, ben):
    milestone = funded_milestone(ada, ben, review_days=3)

    submission = submit_work(
        milestone_id=milestone.pk,
        by=ben,
        note=" All of it. ",
        links=["https://shop.example/new?a=1&b=2"],
        files=[a_file()],
    )

    milestone.refresh_from_db()
    assert milestone.status == "submitted"
    assert milestone.review_ends_at - milestone.submitted_at < timedelta(days=3, seconds=1)
    assert milestone.review_ends_at - milestone.submitted_at >= timedelta(days=3)
    assert milestone.started_at == milestone.submitted_at, "who delivers has started"
    assert (submission.version, submission.note) == (1, "All of it.")
    assert submission.links == ["https://shop.example/new?a=1&b=2"]
    stored = submission.files.get().stored
    assert (stored.name, stored.size) == ("plan.pdf", 4)
    assert stored.sha256 == hashlib.sha256(b"plan").hexdigest()
    assert Notification.objects.get(kind="work_submitted").recipient == ada
    assert Event.objects.get(kind="work_submitted").detail == {"version": 1}


def test_versions_are_counted_and_earlier_ones_stay(ada, ben):
    milestone = submitted_milestone(ada, ben)
    return_work(milestone_id=milestone.pk, by=ada, answer="More.")

    submit_work(milestone_id=milestone.pk, by=ben, note="Again.")

    first, second = Submission.objects.order_by("version")
    assert (first.version, first.note, first.answer) == (1, "Here it is.", "More.")
    assert (second.version, second.note, second.answer) == (2, "Again.", "")


def test_what_was_delivered_is_not_delivered_again(ada, ben):
    milestone = submitted_milestone(ada, ben)
    with pytest.raises(WrongState):
        submit_work(milestone_id=milestone.pk, by=ben, note="Again.")
    assert Submission.objects.count() == 1


def test_nothing_is_delivered_before_it_is_funded(ada, ben):
    milestone = planned_milestone(ada, ben)
    for deed in (
        lambda: submit_work(milestone_id=milestone.pk, by=ben, note="Early."),
        lambda: start_work(milestone_id=milestone.pk, by=ben),
    ):
        with pytest.raises(WrongState):
            deed()


@pytest.mark.parametrize("name", ["ada", "cleo", "dora"])
def test_only_the_freelancer_may(ada, ben, name, request):
    milestone, by = funded_milestone(ada, ben), request.getfixturevalue(name)
    with pytest.raises(NotAllowed):
        submit_work(milestone_id=milestone.pk, by=by, note="Mine.")
    with pytest.raises(NotAllowed):
        start_work(milestone_id=milestone.pk, by=by)


def test_work_is_started_once(ada, ben):
    milestone = funded_milestone(ada, ben)
    started = start_work(milestone_id=milestone.pk, by=ben).started_at
    with pytest.raises(WrongState):
        start_work(milestone_id=milestone.pk, by=ben)
    milestone.refresh_from_db()
    assert milestone.started_at == started
    assert Notification.objects.get(kind="work_started").recipient == ada


@pytest.mark.parametrize(
    ("delivery", "param"),
    [
        ({"note": "   "}, "note"),
        ({"note": "x" * 10_001}, "note"),
        ({"note": "a\x00b"}, "note"),
        ({"note": "", "links": ["javascript:alert(1)"]}, "links"),
        ({"note": "", "links": ["ftp://files.example/a"]}, "links"),
        ({"note": "", "links": ["https://"]}, "links"),
        ({"note": "", "links": ["https://a.example/" + "x" * 500]}, "links"),
        ({"note": "", "links": ["https://a.example"] * 11}, "links"),
        ({"note": "", "links": ["https://a.example/\x00"]}, "links"),
        ({"note": "x", "files": [a_file(body=b"")]}, "files"),
        ({"note": "x", "files": [a_file() for _ in range(11)]}, "files"),
    ],
)
def test_a_delivery_that_cannot_be_used_changes_nothing(ada, ben, delivery, param):
    milestone = funded_milestone(ada, ben)

    with pytest.raises(InvalidInput) as refusal:
        submit_work(milestone_id=milestone.pk, by=ben, **delivery)

    assert refusal.value.param == param
    milestone.refresh_from_db()
    assert milestone.status == "planned"
    assert not Submission.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_file_that_is_too_large_takes_the_others_with_it(ada, ben, settings):
    settings.MAX_FILE_BYTES = 10
    milestone = funded_milestone(ada, ben)
    with pytest.raises(TooLarge):
        submit_work(
            milestone_id=milestone.pk,
            by=ben,
            note="x",
            files=[a_file(), a_file("large.bin", b"x" * 11)],
        )
    assert not StoredFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_deliver_once(ada, ben, bells):
    milestone = funded_milestone(ada, ben)

    outcomes = at_once(*[lambda: submit_work(milestone_id=milestone.pk, by=ben, note="x")] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Submission.objects.count() == 1


# --- The API -------------------------------------------------------------------------------------


def test_the_api_takes_a_delivery_as_json_and_shows_it(ada, ben):
    milestone = funded_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}"
    steps = api_of(ben).post(f"{url}/start/").json()["next_steps"]
    assert steps == ["submit", "cancel", "propose_ending", "dispute"]

    answer = api_of(ben).post(
        f"{url}/submissions/", {"note": "Done.", "links": ["https://shop.example"]}
    )

    assert answer.status_code == 201
    assert answer.json()["version"] == 1
    assert api_of(ada).get(f"{url}/submissions/").json()["results"] == [answer.json()]
    shown = api_of(ada).get(f"{url}/").json()
    assert shown["status"] == "submitted"
    assert shown["next_steps"] == [
        "return",
        "release",
        "release_part",
        "propose_ending",
        "dispute",
    ]
    assert shown["clocks"]["review_ends_at"] is not None


def test_the_api_takes_files_and_gives_them_out_as_attachments(ada, ben, cleo):
    milestone = funded_milestone(ada, ben)
    body = {
        "note": "See the files.",
        "files": [
            a_file("../../etc/passwd\r\nSet-Cookie: a=b.html", b"<script>alert(1)</script>"),
            a_file("b.txt", b"b"),
        ],
    }

    answer = api_of(ben).post(
        f"/api/v1/milestones/{milestone.public_id}/submissions/", body, format="multipart"
    )

    assert answer.status_code == 201
    first, second = answer.json()["files"]
    assert second["sha256"] == hashlib.sha256(b"b").hexdigest()
    assert "/" not in first["name"] and "\n" not in first["name"]
    path = first["url"].removeprefix("http://127.0.0.1:8000")
    got = api_of(ada).get(path)
    assert b"".join(got.streaming_content) == b"<script>alert(1)</script>"
    assert got["Content-Type"] == "application/octet-stream"
    assert got["Content-Disposition"].startswith("attachment")
    assert "sandbox" in got["Content-Security-Policy"]
    assert api_of(cleo).get(path).status_code == 404


def test_a_plain_form_is_no_language_of_the_api(ada, ben):
    milestone = funded_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/submissions/"
    endless = f"links[{'9' * 5_000}]=x"

    answer = api_of(ben).generic(
        "POST", url, endless, content_type="application/x-www-form-urlencoded"
    )

    assert answer.status_code == 415
    assert answer.json()["error"]["message"]


def test_the_same_key_hands_in_once_and_other_bytes_are_another_request(ada, ben):
    milestone = funded_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/submissions/"

    def hand_in(content: bytes):
        body = {"note": "Here.", "files": [a_file("a.txt", content)]}
        return api_of(ben).post(url, body, format="multipart", headers={"Idempotency-Key": "once"})

    first, again, other = hand_in(b"one"), hand_in(b"one"), hand_in(b"two")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    (file,) = SubmissionFile.objects.all()
    assert file.stored.sha256 == hashlib.sha256(b"one").hexdigest()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "note"),
        ({"note": None}, "note"),
        ({"note": {"a": 1}}, "note"),
        ({"note": "a\x00"}, "note"),
        ({"note": "x" * 10_001}, "note"),
        ({"note": "x", "links": "https://a.example"}, "links"),
        ({"note": "x", "links": [{"a": 1}]}, "links[0]"),
        ({"note": "x", "links": ["nonsense"]}, "links"),
        ({"note": "x", "links": ["https://a.example"] * 11}, "links"),
        ([], None),
        ("x", None),
    ],
)
def test_the_api_refuses_nonsense_by_its_field(ada, ben, body, param):
    milestone = funded_milestone(ada, ben)
    answer = api_of(ben).post(f"/api/v1/milestones/{milestone.public_id}/submissions/", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert not Submission.objects.exists()


def test_the_api_refuses_an_empty_file_and_a_body_that_is_cut(ada, ben):
    milestone = funded_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/submissions/"
    api = api_of(ben)

    empty = api.post(url, {"note": "x", "files": [a_file(body=b"")]}, format="multipart")
    cut = api.generic("POST", url, b"--x\r\nnonsense", content_type="multipart/form-data")
    broken = api.generic("POST", url, b"{", content_type="application/json")

    assert (empty.status_code, empty.json()["error"]["param"]) == (400, "files")
    assert (cut.status_code, broken.status_code) == (400, 400)
    assert not Submission.objects.exists()


# --- The page ------------------------------------------------------------------------------------


def test_the_page_takes_links_by_the_line_and_several_files(ada, ben, client):
    milestone = funded_milestone(ada, ben)
    client.force_login(ben)
    url = f"/milestones/{milestone.public_id}/submit/"
    assert client.get(url).status_code == 200

    answer = client.post(
        url,
        {
            "note": "**Done.** <script>alert(1)</script>",
            "links": " https://a.example \r\n\r\nhttps://b.example",
            "files": [a_file("a.txt", b"a"), a_file("b.txt", b"b")],
        },
    )

    assert answer.url.startswith(f"/contracts/{milestone.contract.public_id}/")
    submission = Submission.objects.get()
    assert submission.links == ["https://a.example", "https://b.example"]
    assert [f.stored.name for f in submission.files.order_by("pk")] == ["a.txt", "b.txt"]
    page = client.get(answer.url.split("#")[0]).content.decode()
    assert "<strong>Done.</strong>" in page
    assert "<script>alert" not in page
    file = submission.files.first()
    got = client.get(f"/submissions/{submission.public_id}/files/{file.stored.public_id}/")
    assert b"".join(got.streaming_content) == b"a"
    assert client.get(url).status_code == client.post(url).status_code == 409


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"note": ""}, "note"),
        ({"note": "x" * 10_001}, "note"),
        ({"note": "a\x00b"}, "note"),
        ({"note": "x", "links": "nonsense"}, "links"),
        ({"note": "x", "links": "https://a.example\n" * 11}, "links"),
        ({"note": "x", "files": a_file(body=b"")}, "files"),
    ],
)
def test_the_page_refuses_nonsense_beside_the_field(ada, ben, client, typed, field):
    milestone = funded_milestone(ada, ben)
    client.force_login(ben)
    answer = client.post(f"/milestones/{milestone.public_id}/submit/", typed)
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    assert not Submission.objects.exists()


def test_files_of_others_are_not_there(ada, ben, cleo, client):
    milestone = funded_milestone(ada, ben)
    submission = submit_work(milestone_id=milestone.pk, by=ben, note="x", files=[a_file()])
    other = submit_work(
        milestone_id=funded_milestone(ada, ben).pk, by=ben, note="x", files=[a_file()]
    )
    file, strange = submission.files.get().stored, other.files.get().stored
    client.force_login(cleo)
    url = f"/submissions/{submission.public_id}/files/"
    assert client.get(f"{url}{file.public_id}/").status_code == 404
    client.force_login(ada)
    assert client.get(f"{url}{file.public_id}/").status_code == 200
    assert client.get(f"{url}{strange.public_id}/").status_code == 404, "not of this delivery"
