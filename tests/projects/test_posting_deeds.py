"""Writing, publishing, editing and ending a posting."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, NotThere, TooLarge, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import StoredFile
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.bids.declining.services import close_bidding, expire_bidding
from projects.bids.selectors import expired_posting_ids
from projects.bids.services import offer_bid, withdraw_bid
from projects.postings import services
from projects.postings.importing.services import import_postings
from projects.postings.models import Posting
from projects.tasks import expire_postings
from tests.world import GROUNDS, draft_posting, open_posting, submitted_bid

pytestmark = pytest.mark.django_db


# --- Writing -------------------------------------------------------------------------------------


def test_a_draft_needs_no_more_than_a_title(ada):
    posting = services.create_posting(by=ada, title="  Lamp   shop ")

    assert (posting.title, posting.status, posting.description) == ("Lamp shop", "draft", "")
    assert posting.client.name == "Ada"


def test_its_page_is_where_notices_lead(ada):
    posting = draft_posting(ada)
    assert posting.path == reverse("posting", args=[posting.public_id])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"title": ""}, "title"),
        ({"title": "ab"}, "title"),
        ({"title": "x" * 151}, "title"),
        ({"title": "Lamps\nand shades"}, "title"),
        ({"title": "Lamps\0"}, "title"),
        ({"title": "Lamps \ud800"}, "title"),
        ({"title": None}, "title"),
        ({"description": "x" * 20_001}, "description"),
        ({"description": "a\x1bb"}, "description"),
        ({"description": 5}, "description"),
        ({"skills": "Python"}, "skills"),
        ({"skills": [f"skill {n}" for n in range(16)]}, "skills"),
        ({"skills": ["x" * 41]}, "skills"),
        ({"skills": [7]}, "skills"),
        ({"kind": "daily"}, "kind"),
        ({"kind": ["fixed"]}, "kind"),
        ({"visibility": "secret"}, "visibility"),
        ({"visibility": ["unlisted"]}, "visibility"),
        ({"visibility": None}, "visibility"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": "usd"}, "currency"),
        ({"budget_least": 0}, "budget_least"),
        ({"budget_least": -5}, "budget_least"),
        ({"budget_most": 10.5}, "budget_most"),
        ({"budget_most": 10**12}, "budget_most"),
        ({"budget_least": 200, "budget_most": 100}, "budget_most"),
        ({"awards": 0}, "awards"),
        ({"awards": -1}, "awards"),
        ({"awards": 21}, "awards"),
        ({"awards": 10**30}, "awards"),
        ({"awards": 1.0}, "awards"),
        ({"awards": True}, "awards"),
        ({"awards": "2"}, "awards"),
        ({"awards": None}, "awards"),
        ({"awards": [2]}, "awards"),
        ({"wished_deadline": date(2020, 1, 1)}, "wished_deadline"),
        ({"wished_deadline": date(9999, 1, 1)}, "wished_deadline"),
        ({"wished_deadline": "soon"}, "wished_deadline"),
        ({"bids_close_at": now() - timedelta(seconds=1)}, "bids_close_at"),
        ({"bids_close_at": now() + timedelta(days=91)}, "bids_close_at"),
        ({"bids_close_at": "tomorrow"}, "bids_close_at"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(ada, fields, param):
    with pytest.raises(InvalidInput) as refusal:
        services.create_posting(by=ada, **({"title": "A lamp shop"} | fields))

    assert refusal.value.param == param
    assert not Posting.objects.exists()


def test_a_skill_counts_once_whatever_its_capitals(ada):
    posting = draft_posting(ada, skills=["Python", "python ", "", "Web Design"])
    assert posting.skills == ["Python", "Web Design"]


def test_nobody_writes_for_somebody_else(ada, ben):
    with pytest.raises(NotAllowed):
        services.create_posting(by=ben, party=draft_posting(ada).client, title="A lamp shop")


# --- Publishing ----------------------------------------------------------------------------------


def test_publishing_opens_it_once(ada):
    posting = draft_posting(ada)

    posting = services.publish_posting(posting_id=posting.pk, by=ada)
    assert posting.status == "open"
    assert posting.published_at is not None

    with pytest.raises(WrongState):
        services.publish_posting(posting_id=posting.pk, by=ada)


def test_publishing_needs_a_description(ada):
    posting = draft_posting(ada, description="")

    with pytest.raises(InvalidInput) as refusal:
        services.publish_posting(posting_id=posting.pk, by=ada)

    assert refusal.value.param == "description"
    posting.refresh_from_db()
    assert posting.status == "draft"


def test_a_draft_whose_times_have_passed_is_not_published(ada, time_machine):
    posting = draft_posting(ada, bids_close_at=now() + timedelta(days=1))
    time_machine.move_to(now() + timedelta(days=2))

    with pytest.raises(InvalidInput) as refusal:
        services.publish_posting(posting_id=posting.pk, by=ada)
    assert refusal.value.param == "bids_close_at"


def test_what_cannot_be_published_at_once_is_not_made(ada):
    with pytest.raises(InvalidInput):
        services.create_posting(by=ada, title="A lamp shop", publish=True)
    assert not Posting.objects.exists()


# --- Editing -------------------------------------------------------------------------------------


def test_editing_a_draft_leaves_no_trace(ada):
    posting = draft_posting(ada)

    posting = services.edit_posting(
        posting_id=posting.pk, by=ada, title="A shop for lamps", currency="EUR", budget_most=None
    )
    assert (posting.title, posting.currency, posting.budget_most) == (
        "A shop for lamps",
        "EUR",
        None,
    )
    assert posting.edited_at is None


def test_editing_an_open_one_shows(ada):
    posting = services.edit_posting(posting_id=open_posting(ada).pk, by=ada, title="A lamp shop")
    assert posting.edited_at is not None


def test_the_same_words_again_are_no_edit(ada):
    posting = open_posting(ada)
    posting = services.edit_posting(posting_id=posting.pk, by=ada, title=posting.title)
    assert posting.edited_at is None


@pytest.mark.parametrize("change", [{"currency": "EUR"}, {"kind": "hourly"}, {"description": ""}])
def test_what_bids_refer_to_stays_once_it_is_published(ada, change):
    posting = open_posting(ada)

    with pytest.raises(InvalidInput) as refusal:
        services.edit_posting(posting_id=posting.pk, by=ada, **change)
    assert refusal.value.param == next(iter(change))


def test_a_range_is_judged_as_it_will_stand(ada):
    posting = draft_posting(ada, budget_least=500, budget_most=900)

    with pytest.raises(InvalidInput):
        services.edit_posting(posting_id=posting.pk, by=ada, budget_most=400)


def test_a_deadline_that_has_passed_does_not_block_other_edits(ada, time_machine):
    posting = open_posting(ada, wished_deadline=now().date() + timedelta(days=2))
    time_machine.move_to(now() + timedelta(days=9))

    posting = services.edit_posting(
        posting_id=posting.pk,
        by=ada,
        title="A lamp shop",
        wished_deadline=posting.wished_deadline,
    )
    assert posting.title == "A lamp shop"


# --- Files ---------------------------------------------------------------------------------------


def _upload(name: str = "plan.txt", content: bytes = b"lamps") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_files_come_and_go_while_it_can_be_edited(ada):
    posting = open_posting(ada)

    added = services.add_files(
        posting_id=posting.pk, uploads=[_upload(), _upload("../../b\u202e.txt")], by=ada
    )
    assert [one.stored.name for one in added] == ["plan.txt", "b.txt"]

    services.remove_file(posting_id=posting.pk, file_public_id=added[0].stored.public_id, by=ada)
    assert posting.files.count() == 1
    with pytest.raises(NotThere):
        services.remove_file(
            posting_id=posting.pk, file_public_id=added[0].stored.public_id, by=ada
        )


def test_one_bad_file_keeps_all_out(ada, settings):
    settings.MAX_FILE_BYTES = 10
    posting = draft_posting(ada)

    with pytest.raises(TooLarge):
        services.add_files(
            posting_id=posting.pk, uploads=[_upload(), _upload(content=b"x" * 11)], by=ada
        )
    with pytest.raises(InvalidInput):
        services.add_files(posting_id=posting.pk, uploads=[_upload(content=b"")], by=ada)
    with pytest.raises(InvalidInput):
        services.add_files(posting_id=posting.pk, uploads=[], by=ada)
    assert not posting.files.exists()
    assert not StoredFile.objects.exists()


def test_there_is_an_end_to_files(ada, settings):
    settings.MAX_FILES = 2
    posting = draft_posting(ada)
    services.add_files(posting_id=posting.pk, uploads=[_upload(), _upload("b.txt")], by=ada)

    with pytest.raises(InvalidInput):
        services.add_files(posting_id=posting.pk, uploads=[_upload()], by=ada)


# --- Ending --------------------------------------------------------------------------------------


def test_closing_gives_the_bids_back_with_its_reason(ada, ben, cleo):
    posting = open_posting(ada)
    bens, cleos = submitted_bid(posting, ben), submitted_bid(posting, cleo)
    withdraw_bid(bid_id=cleos.pk, by=cleo)

    close_bidding(posting_id=posting.pk, reason="We do it ourselves.", by=ada)

    bens.refresh_from_db()
    cleos.refresh_from_db()
    assert (bens.status, bens.declined_for) == ("declined", "nobody_hired")
    assert cleos.status == "withdrawn"
    notice = Notification.objects.get(kind="bid_given_back")
    assert notice.recipient == ben
    assert notice.text.endswith("nobody was hired: We do it ourselves.")


def test_closing_waits_for_an_offer(ada, ben):
    posting = open_posting(ada)
    offer_bid(bid_id=submitted_bid(posting, ben).pk, by=ada)

    with pytest.raises(WrongState):
        close_bidding(posting_id=posting.pk, reason="", by=ada)
    posting.refresh_from_db()
    assert posting.status == "open"


def test_it_expires_when_its_time_is_over_and_no_bid_stands(ada, ben, time_machine):
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=3))
    bid = submitted_bid(posting, ben, valid_until=now() + timedelta(days=10))
    assert expire_postings() == {"done": 0, "failed": 0}

    time_machine.move_to(now() + timedelta(days=4))
    assert expired_posting_ids() == []  # Ada may still choose Ben's
    with pytest.raises(WrongState):
        expire_bidding(posting_id=posting.pk, by=SYSTEM)

    withdraw_bid(bid_id=bid.pk, by=ben)
    assert expire_postings() == {"done": 1, "failed": 0}
    assert expire_postings() == {"done": 0, "failed": 0}

    posting.refresh_from_db()
    assert posting.status == "expired"
    assert Notification.objects.get(kind="posting_expired").recipient == ada


def test_it_does_not_expire_before_its_time(ada):
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=3))
    with pytest.raises(WrongState):
        expire_bidding(posting_id=posting.pk, by=SYSTEM)


def test_without_an_end_of_its_own_it_takes_bids_for_ninety_days(ada, time_machine):
    typed = open_posting(ada)
    import_postings(by=ada, rows=[{"title": "From a file", "description": "Much."}], publish=True)
    time_machine.move_to(now() + timedelta(days=89))
    assert expired_posting_ids() == []

    time_machine.move_to(now() + timedelta(days=2))
    assert set(expired_posting_ids()) == {
        typed.pk,
        Posting.objects.get(title="From a file").pk,
    }


def test_no_edit_makes_it_stay_open_for_ever(ada):
    posting = open_posting(ada)
    services.edit_posting(posting_id=posting.pk, by=ada, bids_close_at=None, title="Another title")
    posting.refresh_from_db()
    assert posting.bids_close_at is not None


def test_a_file_that_an_offer_names_stays_while_the_offer_is_out(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    uploads = [SimpleUploadedFile("brief.txt", b"The measures.")]
    (file,) = services.add_files(posting_id=bid.posting_id, uploads=uploads, by=ada)
    offer_bid(bid_id=bid.pk, by=ada)

    with pytest.raises(WrongState, match="offer is out"):
        services.remove_file(
            posting_id=bid.posting_id, file_public_id=file.stored.public_id, by=ada
        )


def test_a_file_that_comes_or_goes_is_an_edit_that_bidders_see(ada):
    posting = open_posting(ada)
    assert posting.edited_at is None
    uploads = [SimpleUploadedFile("brief.txt", b"The measures.")]

    (file,) = services.add_files(posting_id=posting.pk, uploads=uploads, by=ada)
    posting.refresh_from_db()
    added_at = posting.edited_at
    assert added_at is not None

    services.remove_file(posting_id=posting.pk, file_public_id=file.stored.public_id, by=ada)
    posting.refresh_from_db()
    assert posting.edited_at > added_at


def test_a_moderator_takes_it_out_of_sight_and_shows_it_again(ada, mona):
    posting = open_posting(ada)

    posting = suspend_posting(
        **GROUNDS,
        posting_id=posting.pk,
        reason="Asks for work unpaid.",
        by=mona,
    )
    assert (posting.status, posting.status_reason) == ("suspended", "Asks for work unpaid.")
    assert Notification.objects.get(kind="posting_suspended").recipient == ada

    posting = restore_posting(posting_id=posting.pk, by=mona)
    assert (posting.status, posting.status_reason) == ("open", "")


def test_a_suspension_has_a_reason(ada, mona):
    with pytest.raises(InvalidInput):
        suspend_posting(
            **GROUNDS,
            posting_id=open_posting(ada).pk,
            reason=" ",
            by=mona,
        )
