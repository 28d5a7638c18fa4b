"""The pages and calls of what people were told."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.notifications.models import Notification
from accounts.notifications.selectors import counted, unread
from accounts.notifications.services import notify, read_notifications_about
from marketplace.common.clock import now
from marketplace.common.words import Words
from tests.world import api_of

pytestmark = pytest.mark.django_db


def tell(person, text="Ben made a bid."):
    notify(to=person, kind="bid_placed", text=Words.of_others(text), path="/profile/")
    return person.notifications.latest("pk")


def test_a_notice_is_escaped_and_waits_to_be_read(client, ada):
    tell(ada, "<script>alert(1)</script>")
    client.force_login(ada)

    page = client.get("/notices/").content.decode()

    assert "&lt;script&gt;alert(1)" in page
    assert ada.notifications.get().read_at is None  # looking writes nothing


def test_opening_a_notice_marks_it_and_leads_on(client, ada):
    notice = tell(ada)
    client.force_login(ada)
    path = f"/notices/{notice.public_id}/reading/"
    assert client.get(path).status_code == 405

    answer = client.post(path)

    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    notice.refresh_from_db()
    first = notice.read_at
    client.post(path)
    notice.refresh_from_db()
    assert notice.read_at == first


def test_all_are_read_at_once_but_only_mine(client, ada, ben):
    tell(ada), tell(ada), tell(ben)
    client.force_login(ada)

    client.post("/notices/readings/")

    assert not ada.notifications.filter(read_at=None).exists()
    assert ben.notifications.filter(read_at=None).exists()


def test_what_is_unread_is_found_by_its_index_to_be_read_and_to_be_counted(ada):
    """Behind a long past, of which all is read but what is new; half of that does not count."""
    for _ in range(6):
        tell(ada)
    first, *_, last = ada.notifications.order_by("pk")
    past = [
        Notification(recipient=ada, kind="bid_placed", key=f"{number}", written="x", path="/past/")
        for number in range(2_000)
    ]
    Notification.objects.bulk_create(past)
    ada.notifications.filter(path="/past/").update(read_at=now())
    ada.notifications.filter(pk__in=[first.pk, last.pk]).update(is_counted=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_notification")

    for asked in (
        unread(ada.notifications.all()),
        unread(ada.notifications.filter(path="/profile/")).order_by("pk"),
        counted(ada.notifications.all()),
    ):
        assert "notices_unread" in asked.explain()
    with CaptureQueriesContext(connection) as queries:
        assert read_notifications_about(path="/profile/", by=ada) == 6
    (locking,) = [one["sql"] for one in queries if "FOR NO KEY UPDATE" in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + locking)
        assert "notices_unread" in str(cursor.fetchall())


def test_a_notice_of_somebody_else_does_not_exist(client, ada, ben):
    notice = tell(ada)
    client.force_login(ben)

    assert client.post(f"/notices/{notice.public_id}/reading/").status_code == 404
    assert api_of(ben).post(f"/api/v1/notifications/{notice.public_id}/read/").status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_a_page_without_notices_says_so(client, ada):
    client.force_login(ada)

    assert "Nothing yet" in client.get("/notices/").content.decode()


def test_pages_are_cut_by_cursor(client, ada):
    for number in range(45):
        tell(ada, f"notice number {number:02}")
    client.force_login(ada)
    seen, url = [], "/notices/"
    while url:
        page = client.get(url).context["page"]
        seen += [notice.text for notice in page.items]
        url = page.next_url and f"/notices/{page.next_url}"

    assert seen == [f"notice number {number:02}" for number in reversed(range(45))]


@pytest.mark.parametrize("cursor", ["x", "%00", "cD0yMDI2", "'" * 50])
def test_a_forged_cursor_is_refused(client, ada, cursor):
    client.force_login(ada)

    assert client.get(f"/notices/?cursor={cursor}").status_code == 400


def test_the_list_takes_the_same_queries_however_long(client, ada, django_assert_num_queries):
    client.force_login(ada)
    tell(ada)
    client.get("/notices/")
    with CaptureQueriesContext(connection) as short:
        client.get("/notices/")
    for _ in range(30):
        tell(ada)

    with django_assert_num_queries(len(short)):
        client.get("/notices/")


def test_the_badge_counts_to_nine(client, ada):
    client.force_login(ada)
    for expected in (0, 1):
        assert client.get("/profile/").context["unread_notices"] == expected
        tell(ada)
    for _ in range(10):
        tell(ada)

    assert client.get("/profile/").context["unread_notices"] == "9+"


# --- API -----------------------------------------------------------------------------------------


def test_the_api_lists_newest_first_in_pages(ada, ben):
    for number in range(3):
        tell(ada, f"number {number}")
    tell(ben)
    program = api_of(ada)

    first = program.get("/api/v1/notifications/?limit=2").json()
    second = program.get(first["next"]).json()

    assert [n["text"] for n in first["results"]] == ["number 2", "number 1"]
    assert [n["text"] for n in second["results"]] == ["number 0"]
    assert second["next"] is None


def test_the_api_marks_one_and_all(ada):
    notice = tell(ada)
    tell(ada), tell(ada)
    program = api_of(ada)

    one = program.post(f"/api/v1/notifications/{notice.public_id}/read/")

    assert one.json()["read_at"] is not None
    assert program.post("/api/v1/notifications/read-all/").json() == {"read": 2}
    assert program.post("/api/v1/notifications/read-all/").json() == {"read": 0}


def test_the_api_lists_those_alone_that_are_unread_and_says_how_many_they_are(ada, ben):
    read, *_ = [tell(ada, f"number {number}") for number in range(4)]
    tell(ben)
    program = api_of(ada)
    program.post(f"/api/v1/notifications/{read.public_id}/read/")

    def unread() -> tuple[int, list[str]]:
        texts, path = [], "/api/v1/notifications/?unread=1&limit=2"
        while path:
            page = program.get(path).json()
            texts += [notice["text"] for notice in page["results"]]
            path = page["next"]
        return program.get("/api/v1/me/").json()["unread_notifications"], texts

    assert unread() == (3, ["number 3", "number 2", "number 1"])
    for everything in ("", "?unread=0", "?unread="):
        assert len(program.get(f"/api/v1/notifications/{everything}").json()["results"]) == 4
    program.post("/api/v1/notifications/read-all/")
    assert unread() == (0, [])


@pytest.mark.parametrize("bad", ["perhaps", "2", "1&unread=x"])
def test_what_is_neither_yes_nor_no_is_refused(ada, bad):
    refused = api_of(ada).get(f"/api/v1/notifications/?unread={bad}")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["param"]) == (400, "invalid_input", "unread")
