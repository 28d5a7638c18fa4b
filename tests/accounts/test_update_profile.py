"""What people say about themselves."""

import pytest

from accounts.parties.selectors import own_party_of
from accounts.people.services import create_person, update_profile
from marketplace.common.errors import InvalidInput, NotAllowed
from tests.world import PASSWORD, api_of

pytestmark = pytest.mark.django_db

FORM = {
    "name": "Ada Lovelace",
    "headline": "Engines & poems",
    "about": "I *compute*.\n\n<script>alert(1)</script>",
    "skills": "Python, python ,  Analytical   engines,,",
    "rate": "85.50",
    "rate_currency": "EUR",
    "country": "GB",
    "time_zone": "Europe/London",
    "language": "en",
}


def change(user, **profile):
    return update_profile(user_id=user.pk, by=user, **profile)


# --- The deed ------------------------------------------------------------------------------------


def test_what_is_not_given_stays(ada):
    change(ada, headline="Engines", rate=8_550, rate_currency="EUR")

    ada = change(ada, about="I compute.")

    assert (ada.headline, ada.about, ada.rate) == ("Engines", "I compute.", 8_550)


def test_skills_are_trimmed_and_each_is_named_once(ada):
    ada = change(ada, skills=["  Python ", "python", "", "Straße", "STRASSE", "A  B"])

    assert ada.skills == ["Python", "Straße", "A B"]


def test_a_new_name_is_the_name_of_the_party(ada):
    change(ada, name="Ada Lovelace")

    assert own_party_of(ada).name == "Ada Lovelace"


def test_a_rate_needs_a_currency_and_goes_with_it(ada):
    with pytest.raises(InvalidInput) as refusal:
        change(ada, rate=100)
    assert refusal.value.param == "rate_currency"

    change(ada, rate=100, rate_currency="JPY")
    ada = change(ada, rate=None)

    assert (ada.rate, ada.rate_currency) == (None, "")


def test_a_currency_that_we_do_not_trade_in_is_refused(ada):
    with pytest.raises(InvalidInput) as refusal:
        change(ada, rate=100, rate_currency="XXX")

    assert refusal.value.param == "rate_currency"


def test_nobody_changes_the_profile_of_another(ada, ben):
    with pytest.raises(NotAllowed):
        update_profile(user_id=ada.pk, by=ben, name="Mallory")


# --- Pages ---------------------------------------------------------------------------------------


def test_the_page_saves(client, ada):
    client.force_login(ada)

    assert client.post("/profile/edit/", FORM).status_code == 302

    ada.refresh_from_db()
    assert ada.skills == ["Python", "Analytical engines"]
    assert (ada.rate, ada.rate_currency) == (8_550, "EUR")
    page = client.get("/profile/").content.decode()
    assert "€85.50" in page
    assert "United Kingdom" in page
    assert "<em>compute</em>" in page
    assert "<script>alert" not in page


def test_the_page_shows_again_what_was_saved(client, ada):
    client.force_login(ada)
    client.post("/profile/edit/", FORM)

    page = client.get("/profile/edit/").content.decode()

    assert 'value="85.50"' in page
    assert 'value="Python, Analytical engines"' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "<script>"),
        ("headline", "x" * 121),
        ("about", "x" * 5_001),
        ("about", "nul\0"),
        ("skills", ",".join(f"skill {n}" for n in range(31))),
        ("skills", "x" * 41),
        ("rate", "0"),
        ("rate", "-1"),
        ("rate", "1.005"),
        ("rate", "much"),
        ("rate", "NaN"),
        ("rate", "1e400"),
        ("rate", "9" * 20),
        ("rate_currency", ""),
        ("rate_currency", "XXX"),
        ("country", "XX"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", ""),
        ("language", "tlh"),
    ],
)
def test_the_page_says_which_field_is_wrong_and_keeps_what_was_typed(client, ada, field, value):
    client.force_login(ada)

    answer = client.post("/profile/edit/", FORM | {field: value})

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert "Engines &amp; poems" in answer.content.decode() or field == "headline"
    ada.refresh_from_db()
    assert ada.headline == ""


def test_everybody_sees_a_public_profile_but_not_the_address(client, ada):
    change(ada, headline="Engines & poems", skills=["Python"])

    page = client.get(f"/people/{ada.public_id}/")

    assert page.status_code == 200
    assert "Engines &amp; poems" in page.content.decode()
    assert "ada@example.com" not in page.content.decode()


def test_who_has_not_proven_an_address_or_has_left_is_not_there(client, ada):
    new = create_person(email="new@example.com", name="New", password=PASSWORD)
    ada.is_active = False
    ada.save()

    for person in (new, ada):
        assert client.get(f"/people/{person.public_id}/").status_code == 404
        assert api_of().get(f"/api/v1/people/{person.public_id}/").status_code == 404
    assert client.get("/people/us_nobody/").status_code == 404


@pytest.mark.parametrize("path", ["/profile/", "/profile/edit/", "/notices/", "/account/tokens/"])
def test_a_visitor_is_asked_to_log_in(client, db, path):
    answer = client.get(path)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


# --- API -----------------------------------------------------------------------------------------


def test_the_api_changes_what_is_given(ada):
    program = api_of(ada)

    answer = program.patch("/api/v1/me/", {"rate": 5_000, "rate_currency": "JPY", "skills": ["A"]})

    assert answer.status_code == 200
    me = program.get("/api/v1/me/").json()
    assert me == answer.json()
    assert (me["rate"], me["rate_currency"], me["skills"]) == (5_000, "JPY", ["A"])
    assert me["party"] == own_party_of(ada).public_id
    assert (me["staff_roles"], me["second_factor"]) == ([], False)


def test_the_api_says_who_is_staff(dora):
    assert api_of(dora).get("/api/v1/me/").json()["staff_roles"] == ["finance", "mediator"]


def test_the_public_twin_holds_nothing_private(ada):
    answer = api_of().get(f"/api/v1/people/{ada.public_id}/").json()

    assert answer["name"] == "Ada"
    assert not {"email", "language", "party", "staff_roles", "second_factor"} & set(answer)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "<i>"}, "name"),
        ({"name": {"a": 1}}, "name"),
        ({"skills": "python"}, "skills"),
        ({"skills": ["x"] * 101}, "skills"),
        ({"skills": [["x"]]}, "skills[0]"),
        ({"skills": ["x" * 41]}, "skills"),
        ({"skills": ["nul\0"]}, "skills[0]"),
        ({"rate": 1.5, "rate_currency": "USD"}, "rate"),
        ({"rate": True, "rate_currency": "USD"}, "rate"),
        ({"rate": 0, "rate_currency": "USD"}, "rate"),
        ({"rate": 10**18, "rate_currency": "USD"}, "rate"),
        ({"rate": 10**40, "rate_currency": "USD"}, "rate"),
        ({"rate": 100}, "rate_currency"),
        ({"rate": 100, "rate_currency": "XXX"}, "rate_currency"),
        ({"rate": 100, "rate_currency": "DOLLARS"}, "rate_currency"),
        ({"country": "XX"}, "country"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
    ],
)
def test_the_api_names_the_field_at_fault(ada, body, param):
    answer = api_of(ada).patch("/api/v1/me/", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    before = (ada.name, ada.rate)
    ada.refresh_from_db()
    assert (ada.name, ada.rate) == before


def test_half_a_letter_is_refused(ada):
    answer = api_of(ada).patch(
        "/api/v1/me/", '{"about": "\\ud800"}', content_type="application/json"
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_input"
    ada.refresh_from_db()
    assert ada.about == ""


def test_nobody_makes_themselves_staff(ada):
    api_of(ada).patch("/api/v1/me/", {"is_staff": True, "is_superuser": True, "email": "x@x.org"})

    ada.refresh_from_db()
    assert (ada.is_staff, ada.is_superuser, ada.email) == (False, False, "ada@example.com")


def test_without_a_token_there_is_no_me(db):
    answer = api_of().get("/api/v1/me/")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"]
