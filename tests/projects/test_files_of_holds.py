"""Files that show why something is held: who sends them, who reads them, and what is refused."""

from hashlib import sha256

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, connection, transaction

from accounts.holds.models import Hold, HoldFile
from accounts.holds.services import appeal_hold
from accounts.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import InvalidInput, TooLarge
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import StoredFile
from projects.postings.models import Posting
from tests.against_the_rules import as_the_owner
from tests.projects.holds_world import KINDS, WHY, held, suspended
from tests.projects.test_exhibits import BOMB, a_file
from tests.projects.two_mediators import mediator
from tests.test_growing_lists import grows_for_free
from tests.world import GROUNDS, api_of, browser, open_posting, person

pytestmark = pytest.mark.django_db

LETTER = b"%PDF-1.7 the letter"
DESK, OWN = "/desk/holds/", "/account/holds/"


@pytest.fixture
def finance(db) -> User:
    return grant_staff_roles(user_id=person("Fay").pk, roles={"finance"}, by=SYSTEM)


@pytest.fixture
def support(db) -> User:
    return grant_staff_roles(user_id=person("Sue").pk, roles={"support"}, by=SYSTEM)


def letter(name: str = "letter.pdf") -> SimpleUploadedFile:
    return a_file(name, LETTER)


def names(hold: Hold) -> list[str]:
    return [one.stored.name for one in hold.files.order_by("stored__name")]


# --- Kept, and read by whom it concerns ----------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_held_they_come_with_it_and_whom_it_concerns_fetches_them(
    kind, ben, mona, finance
):
    hold = held(kind, ben, mona, finance, files=[letter("b.pdf"), letter("<i>.pdf")])

    assert names(hold) == ["<i>.pdf", "b.pdf"]
    kept = HoldFile.objects.get(stored__name="b.pdf").stored
    assert (kept.sha256, kept.uploaded_by) == (sha256(LETTER).hexdigest(), hold.placed_by)
    page = browser(ben).get(OWN).text
    path = f"{OWN}{hold.public_id}/files/{kept.public_id}/"
    assert f'href="{path}"' in page and kept.sha256 in page and "&lt;i&gt;.pdf" in page
    # Beside what is appealed against.
    assert page.index(path) < page.index(f"{OWN}{hold.public_id}/appeal/")
    sent = browser(ben).get(path)
    assert b"".join(sent.streaming_content) == LETTER
    assert sent["Content-Type"] == "application/octet-stream"
    assert sent["Content-Disposition"].startswith("attachment")


def test_a_payee_reads_them_where_the_payouts_wait(ben, mona, finance):
    hold = held("payouts", ben, mona, finance, files=[letter()])
    stored = hold.files.get().stored
    assert (
        f'href="{OWN}{hold.public_id}/files/{stored.public_id}/"'
        in browser(ben).get("/earnings/").text
    )


def test_they_stay_when_it_is_appealed_and_over(ben, mona):
    hold = suspended(ben, mona, files=[letter()])
    appeal_hold(hold_id=hold.pk, statement="It is forged.", by=ben)
    browser(mona).post(f"{DESK}{hold.public_id}/lift/")
    hold.refresh_from_db()
    assert hold.status == "lifted"
    stored = hold.files.get().stored
    for reader, page in ((ben, OWN), (mona, f"{DESK}{hold.public_id}/")):
        assert "letter.pdf" in browser(reader).get(page).text
    assert browser(ben).get(f"{OWN}{hold.public_id}/files/{stored.public_id}/").status_code == 200


def test_postgresql_lets_nobody_change_what_came_with_it(ben, mona):
    hold = suspended(ben, mona, files=[letter()])
    for change in (
        lambda: HoldFile.objects.update(stored_id=hold.files.get().stored_id),
        lambda: HoldFile.objects.all()._raw_delete("default"),
    ):
        is_refused = pytest.raises(InternalError, match="evidence of a hold is final")
        with is_refused, transaction.atomic():
            change()
    assert names(hold) == ["letter.pdf"]


def test_nor_empties_it_but_in_a_test(db):
    """The rule of its trigger, under the name of another database."""
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_functiondef('accounts_hold_files_are_final'::regproc)",
        )
        ((body,),) = cursor.fetchall()
        cursor.execute("TRUNCATE accounts_holdfile")  # here it is allowed
        cursor.execute(body.replace("current_database()", "'milepost'::text"))
        is_refused = pytest.raises(InternalError, match="final: TRUNCATE is refused")
        with is_refused, transaction.atomic():
            cursor.execute("TRUNCATE accounts_holdfile")


# --- Nobody else ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_staff_that_looks_after_it_fetches_them(
    kind, ada, ben, cleo, mona, finance, support
):
    hold = held(kind, ben, mona, finance, files=[letter()])
    file_id = hold.files.get().stored.public_id
    mine = f"{hold.public_id}/files/{file_id}/"
    looks_after_it = {finance, support} if kind == "payouts" else {mona, support}

    for reader in (ada, ben, cleo, mediator("Emil"), mona, finance, support):
        for base, readers in ((OWN, {ben}), (DESK, looks_after_it)):
            expected = 200 if reader in readers else 404
            assert browser(reader).get(f"{base}{mine}").status_code == expected, (reader, base)
            api = "/api/v1/holds/" if base == OWN else "/api/v1/desk/holds/"
            assert api_of(reader).get(f"{api}{mine}").status_code == expected, (reader, api)
    assert browser().get(f"{OWN}{mine}").status_code == 302
    assert api_of().get(f"/api/v1/holds/{mine}").status_code == 401


def test_a_file_of_one_hold_is_not_fetched_through_another(ada, ben, mona):
    of_ada, of_ben = suspended(ada, mona, files=[letter()]), suspended(ben, mona)
    file_id = of_ada.files.get().stored.public_id
    for reader, base in ((ben, OWN), (mona, DESK)):
        path = f"{base}{of_ben.public_id}/files/{file_id}/"
        assert browser(reader).get(path).status_code == 404
        api = "/api/v1/holds/" if base == OWN else "/api/v1/desk/holds/"
        path = f"{api}{of_ben.public_id}/files/{file_id}/"
        assert api_of(reader).get(path).status_code == 404


# --- Refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("page.html", b"<script>", "“page.html” are not taken"),
        ("logo.svg", b"<svg onload='alert(1)'/>", "“logo.svg” are not taken"),
        ("page.pdf", b"<html><script>", "not what its name says"),
        ("a.zip", BOMB[:-10], "“a.zip” is damaged"),
        ("a.pdf", b"", "“a.pdf” is empty"),
        ("letter.pdf", LETTER, "two files called"),
    ],
)
def test_what_is_not_taken_is_refused_in_words_and_nothing_is_held(
    kind, ben, mona, finance, name, body, words
):
    with pytest.raises(InvalidInput, match=words) as refusal, transaction.atomic():
        held(kind, ben, mona, finance, files=[letter(), a_file(name, body)])
    assert refusal.value.param == "files"
    assert not Hold.objects.exists() and not StoredFile.objects.exists()
    assert not Notification.objects.filter(recipient=ben).exists()
    assert not Posting.objects.filter(status="suspended").exists()


def test_there_is_room_for_so_much(ben, mona, settings):
    settings.MAX_ATTACHED_BYTES = 2 * len(LETTER)
    with pytest.raises(TooLarge, match="send smaller files"):
        suspended(ben, mona, files=[letter(f"{number}.pdf") for number in range(3)])
    settings.MAX_FILES = 1
    with pytest.raises(InvalidInput, match="room for 1 files"):
        suspended(ben, mona, files=[letter("a.pdf"), letter("b.pdf")])
    assert not Hold.objects.exists()


# --- Doors ---------------------------------------------------------------------------------------


def test_the_desk_takes_them_and_keeps_what_was_typed_where_one_is_refused(ben, mona):
    form = WHY | {"kind": "person", "who": ben.email, "links": "", "days": "3"}
    refused = browser(mona).post(DESK, form | {"files": [a_file("a.svg", b"<svg/>")]})
    assert refused.status_code == 400
    for said in ("Files like “a.svg” are not taken", "Choose your files again", WHY["evidence"]):
        assert said in refused.text
    assert not Hold.objects.exists()

    placed = browser(mona).post(DESK, form | {"files": [letter("a.pdf"), letter("b.pdf")]})
    hold = Hold.objects.get()
    assert placed["Location"] == f"{DESK}{hold.public_id}/"
    shown = browser(mona).get(placed["Location"]).text
    for one in hold.files.all():
        assert f'href="{DESK}{hold.public_id}/files/{one.stored.public_id}/"' in shown
    assert "Choose your files again" not in browser(mona).get(DESK).text


def test_the_page_that_suspends_a_posting_takes_them(ada, mona):
    posting = open_posting(ada)
    path = f"{posting.path}suspend/"
    form = GROUNDS | {"reason": "It asks for passwords.", "links": "", "days": "3"}
    refused = browser(mona).post(path, form | {"files": [a_file("a.html", b"<p>")]})
    assert (refused.status_code, "Choose your files again" in refused.text) == (400, True)
    assert "It asks for passwords." in refused.text
    posting.refresh_from_db()
    assert posting.status == "open"

    assert browser(mona).post(path, form | {"files": [letter()]}).status_code == 302
    assert names(Hold.objects.get()) == ["letter.pdf"]


def test_programs_send_them_with_a_form_and_read_where_they_are(ben, mona):
    form = WHY | {"kind": "person", "who": ben.public_id, "days": 3}
    form |= {"links": ["us_abcdefgh", "https://example.com/report"]}
    with_files = form | {"files": [letter("b.pdf"), letter("a.pdf")]}
    placed = api_of(mona).post("/api/v1/desk/holds/", with_files, format="multipart")
    assert placed.status_code == 201, placed.json()
    assert placed.json()["links"] == form["links"]
    sent = placed.json()["files"]
    assert [(one["name"], one["size"], one["sha256"]) for one in sent] == [
        (name, len(LETTER), sha256(LETTER).hexdigest()) for name in ("a.pdf", "b.pdf")
    ]
    told = api_of(ben).get("/api/v1/holds/").json()["results"][0]["files"]
    assert [one["name"] for one in told] == ["a.pdf", "b.pdf"]
    for reader, listed in ((mona, sent), (ben, told)):
        path = listed[0]["url"].removeprefix("http://127.0.0.1:8000")
        assert b"".join(api_of(reader).get(path).streaming_content) == LETTER
    appeal = f"/api/v1/holds/{placed.json()['id']}/appeal/"
    answer = api_of(ben).post(appeal, {"statement": "No."}).json()
    assert answer["files"] == told


def test_programs_are_refused_in_words(ada, ben, mona):
    form = WHY | {"kind": "person", "who": ben.public_id, "days": 3}
    page = a_file("a.html", b"<p>")
    refused = api_of(mona).post("/api/v1/desk/holds/", form | {"files": [page]}, format="multipart")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "files")
    path = f"/api/v1/postings/{open_posting(ada).public_id}/suspend/"
    form = GROUNDS | {"reason": "It asks for passwords.", "files": [a_file("a.html", b"<p>")]}
    refused = api_of(mona).post(path, form, format="multipart")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "wrong_type")
    assert not Hold.objects.exists()
    taken = api_of(mona).post(path, form | {"files": [letter()]}, format="multipart")
    assert taken.status_code == 200, taken.json()
    assert names(Hold.objects.get()) == ["letter.pdf"]


def test_the_page_of_one_asks_no_more_for_more_files(ben, mona):
    hold = suspended(ben, mona, files=[letter()])
    client = browser(mona)

    def grow() -> None:
        stored = StoredFile.objects.create(
            name="more.pdf",
            size=1,
            sha256="0" * 64,
            uploaded_by=mona,
            created_at=hold.created_at,
        )
        HoldFile.objects.create(hold=hold, stored=stored)

    grows_for_free(lambda: client.get(f"{DESK}{hold.public_id}/"), grow)
