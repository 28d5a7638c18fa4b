"""Screening questions and their answers, through the pages and the API."""

from datetime import timedelta

import pytest

from marketplace.common.clock import now
from projects.bids.models import Bid
from projects.bids.services import edit_bid, withdraw_bid
from projects.screening.selectors import questions_of
from projects.screening.services import set_screening_questions
from tests.projects.screening_world import QUESTIONS, SHOWN, answers_to, asked, asking
from tests.projects.test_posting_and_bid_pages import typed_bid
from tests.test_growing_lists import grows_for_free
from tests.world import api_of, browser, open_posting, person, plan_of, submitted_bid

pytestmark = pytest.mark.django_db

SECRET = "In a lighthouse near Cork."


@pytest.fixture
def posting(ada):
    return asking(ada)


@pytest.fixture
def bid(posting, ben) -> Bid:
    return submitted_bid(posting, ben, answers=answers_to(posting, short_text=SECRET))


def sheet_of(*rows: dict) -> dict:
    """What the owner types, a dict for each row."""
    sent = {"question-TOTAL_FORMS": str(len(rows)), "question-INITIAL_FORMS": "0"}
    for place, row in enumerate(rows):
        typed = {"kind": "yes_no", "is_required": "on"} | row
        sent |= {f"question-{place}-{name}": text for name, text in typed.items()}
    return sent


def typed_answers(posting, **changed) -> dict:
    said = ["Cork", "", "no", "12", "Asia", ["Finnish"]]
    questions = asked(posting)
    return {"asked": " ".join(question.public_id for question in questions)} | {
        f"answers.{question.public_id}": changed.get(question.kind, answer)
        for question, answer in zip(questions, said, strict=True)
    }


# --- The owner's page ----------------------------------------------------------------------------


def test_the_owner_types_questions_and_everybody_reads_them(ada, ben):
    posting = open_posting(ada)
    page = f"{posting.path}screening-questions/"
    assert "You ask nothing yet." in browser(ada).get(posting.path).content.decode()
    assert "Asked of everybody" not in browser(ben).get(posting.path).content.decode()
    assert len(browser(ada).get(page).context["rows"].forms) == 2

    sent = sheet_of(
        {"text": "Can you <b>start</b> in March?"},
        {"text": ""},
        {"text": "Which?", "kind": "one_choice", "choices": "Red\n\n Blue \n"},
        {"text": "How long?", "kind": "whole_number", "least": "5", "unit": "hours"},
    )
    del sent["question-2-is_required"]
    answer = browser(ada).post(page, sent, follow=True)
    assert answer.redirect_chain[-1][0] == posting.path

    found = questions_of(posting)
    assert [(one.kind, one.is_required, one.choices, one.least) for one in found] == [
        ("yes_no", True, [], None),
        ("one_choice", False, ["Red", "Blue"], None),
        ("whole_number", True, [], 5),
    ]
    for reader in (None, ben):
        shown = browser(reader).get(posting.path).content.decode()
        assert "Can you &lt;b&gt;start&lt;/b&gt; in March?" in shown
        assert "Red · Blue" in shown
        assert "at least 5 hours" in shown


def test_an_emptied_row_is_dropped_and_there_is_always_room_for_more(posting, ada):
    page = f"{posting.path}screening-questions/"
    rows = browser(ada).get(page).context["rows"].forms
    assert len(rows) == len(QUESTIONS) + 2
    assert [row["text"].value() for row in rows[:2]] == [q["text"] for q in QUESTIONS[:2]]

    sent = sheet_of({"text": ""}, {"text": "And now?"}) | {"then": "more"}
    answer = browser(ada).post(page, sent, follow=True)
    assert answer.redirect_chain[-1][0] == page
    assert [one.text for one in questions_of(posting)] == ["And now?"]
    assert len(answer.context["rows"].forms) == 3


def test_ten_rows_are_enough(ada):
    posting = asking(ada, [{"kind": "yes_no", "text": f"No {place}?"} for place in range(9)])
    page = browser(ada).get(f"{posting.path}screening-questions/")
    assert len(page.context["rows"].forms) == 10
    sent = sheet_of(*[{"text": f"No {place}?"} for place in range(12)])
    answer = browser(ada).post(f"{posting.path}screening-questions/", sent)
    assert answer.status_code == 400
    assert len(questions_of(posting)) == 9


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"text": "x" * 301}, "text"),
        ({"text": "", "choices": "Red\nBlue"}, "text"),
        ({"text": "Why?", "kind": "essay"}, "kind"),
        ({"text": "Why?", "kind": "one_choice"}, "choices"),
        ({"text": "Why?", "kind": "one_choice", "choices": "Red\nred"}, "choices"),
        ({"text": "Why?", "choices": "Red\nBlue"}, "choices"),
        ({"text": "Why?", "unit": "days"}, "unit"),
        ({"text": "Why?", "kind": "whole_number", "least": "3", "most": "2"}, "most"),
        ({"text": "Why?", "kind": "whole_number", "least": "many"}, "least"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(row, field, ada):
    posting = asking(ada, [{"kind": "yes_no", "text": "Sure?"}])
    sent = sheet_of({"text": "Kept as typed?"}, {"text": ""}, row)
    answer = browser(ada).post(f"{posting.path}screening-questions/", sent)

    assert answer.status_code == 400
    assert list(answer.context["rows"].forms[2].errors) == [field]
    assert "Kept as typed?" in answer.content.decode()
    assert [one.text for one in questions_of(posting)] == ["Sure?"]


def test_a_form_without_its_rows_is_refused_in_words(posting, ada):
    answer = browser(ada).post(f"{posting.path}screening-questions/", {})
    assert answer.status_code == 400
    assert "Reload this page" in answer.content.decode()
    assert len(questions_of(posting)) == len(QUESTIONS)


def test_once_somebody_has_bid_the_page_says_that_they_stay(posting, bid, ada):
    page = browser(ada).get(f"{posting.path}screening-questions/").content.decode()
    assert "The questions stay now" in page
    assert "Which zone?" in page
    assert "Change the questions" not in browser(ada).get(posting.path).content.decode()
    answer = browser(ada).post(
        f"{posting.path}screening-questions/", sheet_of({"text": "Another?"}), follow=True
    )
    assert answer.status_code == 400
    assert len(questions_of(posting)) == len(QUESTIONS)


# --- The bidder's pages --------------------------------------------------------------------------


def test_a_bid_answers_on_its_page(posting, ada, ben):
    sent = typed_bid("800") | typed_answers(posting)
    answer = browser(ben).post(f"{posting.path}bid/", sent, follow=True)

    bid = Bid.objects.get()
    said = [bid.answers.get(question.public_id) for question in asked(posting)]
    assert said == ["Cork", None, False, 12, "Asia", ["Finnish"]]
    for reader in (ada, ben):
        shown = browser(reader).get(bid.path).content.decode()
        assert "12 hours" in shown
        assert "not answered" in shown
    assert "Your bid is with the client." in answer.content.decode()


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("short_text", ""),
        ("short_text", "x" * 201),
        ("yes_no", ""),
        ("yes_no", "perhaps"),
        ("whole_number", "41"),
        ("whole_number", "a few"),
        ("one_choice", "Africa"),
        ("several_choices", ["Latin"]),
    ],
)
def test_a_wrong_answer_stands_beside_its_question_and_nothing_is_lost(kind, typed, posting, ben):
    sent = typed_bid("800") | typed_answers(posting, **{kind: typed})
    answer = browser(ben).post(f"{posting.path}bid/", sent)

    assert answer.status_code == 400
    name = f"answers.{posting.screening_questions.get(kind=kind).public_id}"
    assert list(answer.context["form"].errors) == [name]
    assert not Bid.objects.exists()


@pytest.mark.parametrize("before", [[], QUESTIONS])
def test_a_form_from_before_the_questions_changed_asks_to_read_them_again(before, ada, ben):
    posting, page = asking(ada, before), browser(ben)
    opened = page.get(f"{posting.path}bid/").context["form"]
    optional = [{"kind": "yes_no", "text": "Is it yours?", "is_required": False}]
    set_screening_questions(posting_id=posting.pk, questions=optional, by=ada)

    stale = page.post(f"{posting.path}bid/", typed_bid("800") | {"asked": opened.asked})
    assert stale.status_code == 400
    form = stale.context["form"]
    assert form.non_field_errors() == ["The questions were changed meanwhile: read them again."]
    assert form["letter"].value() == typed_bid("800")["letter"]
    assert "Is it yours?" in stale.content.decode()
    assert not Bid.objects.exists()

    [question] = asked(posting)
    assert f'name="asked" value="{question.public_id}"' in stale.content.decode()
    page.post(f"{posting.path}bid/", typed_bid("800") | {"asked": form.asked})
    assert Bid.objects.get().answers == {}


def test_one_more_row_of_the_plan_loses_no_answer(posting, ben):
    sent = typed_bid("800") | typed_answers(posting) | {"then": "preview"}
    form = browser(ben).post(f"{posting.path}bid/", sent).context["form"]
    assert [field.value() for field in form.answers] == [
        "Cork",
        "",
        "no",
        "12",
        "Asia",
        ["Finnish"],
    ]


def test_an_edit_begins_with_what_was_answered_and_shows_the_difference(posting, bid, ada, ben):
    page = browser(ben).get(f"{bid.path}edit/")
    assert [field.value() for field in page.context["form"].answers] == [
        SECRET,
        SHOWN[1],
        "yes",
        20,
        "Europe",
        ["English", "German"],
    ]
    sent = typed_bid("800") | typed_answers(posting) | {"valid_days": ""}
    browser(ben).post(f"{bid.path}edit/", sent)
    shown = browser(ada).get(bid.path).content.decode()
    assert "What was changed" in shown
    assert SECRET in shown
    assert "Can you start in March?" in shown


# --- Sealed --------------------------------------------------------------------------------------


def test_answers_are_read_by_the_two_sides_alone(posting, bid, ada, ben, cleo, dora):
    rival = submitted_bid(posting, cleo, answers=answers_to(posting))
    doors = [
        posting.path,
        bid.path,
        rival.path,
        f"{posting.path}bids/",
        f"{posting.path}compare/?bid={bid.public_id}",
        f"{posting.path}screening-questions/",
        f"/api/v1/postings/{posting.public_id}/",
        f"/api/v1/postings/{posting.public_id}/bids/",
        f"/api/v1/postings/{posting.public_id}/screening-questions/",
        f"/api/v1/bids/{bid.public_id}/",
        f"/api/v1/bids/{bid.public_id}/versions/",
        "/api/v1/bids/",
    ]
    for stranger in (cleo, dora, None):
        for door in doors:
            client = api_of(stranger) if door.startswith("/api") else browser(stranger)
            assert SECRET not in client.get(door).content.decode(), (stranger, door)
    assert SECRET in browser(ben).get(bid.path).content.decode()
    assert SECRET in browser(ada).get(bid.path).content.decode()


def test_a_withdrawn_bid_keeps_its_answers_to_itself(posting, bid, ada, ben):
    start = posting.screening_questions.get(kind="yes_no").public_id
    withdraw_bid(bid_id=bid.pk, by=ben)

    assert SECRET in browser(ben).get(bid.path).content.decode()
    assert SECRET not in browser(ada).get(bid.path).content.decode()
    assert api_of(ada).get(f"/api/v1/bids/{bid.public_id}/").json()["answers"] is None
    narrowed = f"/api/v1/postings/{posting.public_id}/bids/?{start}=yes"
    assert api_of(ada).get(narrowed).json()["results"] == []
    assert len(api_of(ben).get(narrowed.split("?")[0]).json()["results"]) == 1


# --- Choosing ------------------------------------------------------------------------------------


def test_the_client_compares_answers_side_by_side_and_narrows_the_list(posting, bid, ada, cleo):
    other = submitted_bid(posting, cleo, answers=answers_to(posting, yes_no=False, long_text=None))
    page = browser(ada).get(f"{posting.path}compare/?bid={bid.public_id}&bid={other.public_id}")
    rows = {row["text"]: row["cells"] for row in page.context["answers"]}
    assert sorted(rows["Can you start in March?"]) == ["No", "Yes"]
    assert "" in rows["What was your last shop?"]
    assert "not answered" in page.content.decode()

    start = posting.screening_questions.get(kind="yes_no").public_id
    listed = browser(ada).get(f"{posting.path}bids/?{start}=no")
    assert [row["bid"] for row in listed.context["rows"]] == [other]
    assert len(listed.context["filters"]) == 3
    zone = posting.screening_questions.get(kind="one_choice").public_id
    nobody = browser(ada).get(f"{posting.path}bids/?{zone}=Asia").content.decode()
    assert "Nobody answers so" in nobody
    assert browser(ada).get(f"{posting.path}bids/?{start}=perhaps").status_code == 400


@pytest.mark.parametrize("path", ["{}bids/", "{}compare/", "/api/v1{}bids/"])
def test_answers_cost_no_query_a_bid(path, posting, ada):
    client = api_of(ada) if path.startswith("/api") else browser(ada)
    names, bids = iter("ABCDE"), []

    def grow() -> None:
        bidder = person(f"Kim {next(names)}")
        bids.append(submitted_bid(posting, bidder, answers=answers_to(posting)).public_id)

    grows_for_free(lambda: client.get(path.format(posting.path), {"bid": bids}), grow)


# --- For programs --------------------------------------------------------------------------------


def bid_in(**more) -> dict:
    return {
        "price": 80_000,
        "days": 20,
        "letter": "I can.",
        "plan": plan_of(80_000),
        "valid_until": (now() + timedelta(days=14)).isoformat(),
    } | more


def test_programs_set_read_and_answer_them(ada, ben):
    posting = open_posting(ada)
    path = f"/api/v1/postings/{posting.public_id}/screening-questions/"
    answer = api_of(ada).put(path, {"questions": QUESTIONS})
    assert answer.status_code == 200
    assert [one["text"] for one in answer.json()] == [one["text"] for one in QUESTIONS]
    assert answer.json()[3] == {
        "id": asked(posting)[3].public_id,
        "kind": "whole_number",
        "text": "How long a week?",
        "is_required": True,
        "unit": "hours",
        "least": 5,
        "most": 40,
        "choices": [],
    }
    assert api_of(ben).get(path).json() == answer.json()
    whole = api_of(ben).get(f"/api/v1/postings/{posting.public_id}/").json()
    assert whole["screening_questions"] == answer.json()

    bid = submitted_bid(posting, ben, answers=answers_to(posting))
    seen = api_of(ada).get(f"/api/v1/bids/{bid.public_id}/").json()
    assert seen["answers"] == bid.answers
    changed = bid.answers | {asked(posting)[0].public_id: "Tallinn"}
    edited = api_of(ben).patch(f"/api/v1/bids/{bid.public_id}/", {"answers": changed})
    assert edited.json()["answers"] == changed
    versions = api_of(ada).get(f"/api/v1/bids/{bid.public_id}/versions/").json()
    assert [one["answers"][asked(posting)[0].public_id] for one in versions] == ["Tallinn", "Cork"]

    late = api_of(ada).put(path, {"questions": []})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "bids_are_in")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "questions"),
        ({"questions": "all"}, "questions"),
        ({"questions": ["why"]}, "questions[0]"),
        ({"questions": [{"kind": "essay", "text": "Why?"}]}, "questions[0].kind"),
        ({"questions": [{"kind": "yes_no", "text": ""}]}, "questions[0].text"),
        ({"questions": [{"kind": "one_choice", "text": "?"}]}, "questions[0].choices"),
        (
            {"questions": [{"kind": "whole_number", "text": "?", "least": "1_0"}]},
            "questions[0].least",
        ),
        ({"questions": [{"kind": "yes_no", "text": f"{n}?"} for n in range(11)]}, "questions"),
    ],
)
def test_programs_are_told_what_is_wrong(body, param, ada):
    path = f"/api/v1/postings/{open_posting(ada).public_id}/screening-questions/"
    answer = api_of(ada).put(path, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith(param)


def test_a_program_that_bids_answers_in_one_call(posting, ben):
    path = f"/api/v1/postings/{posting.public_id}/bids/"
    first = asked(posting)[0].public_id

    for answers, param in [
        (None, f"answers.{first}"),
        ({}, f"answers.{first}"),
        ("Cork", "answers"),
        (answers_to(posting) | {first: None}, f"answers.{first}"),
        (answers_to(posting) | {"sq_none": True}, "answers.sq_none"),
    ]:
        more = {} if answers is None else {"answers": answers}
        refused = api_of(ben).post(path, bid_in(**more))
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
    made = api_of(ben).post(path, bid_in(answers=answers_to(posting)))
    assert made.status_code == 201
    assert made.json()["answers"][first] == "Cork"


def test_edits_of_other_terms_leave_the_answers(posting, bid, ben):
    edited = edit_bid(bid_id=bid.pk, by=ben, letter="Other words.")
    assert (edited.version, edited.answers) == (2, bid.answers)
