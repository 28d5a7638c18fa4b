"""A new person, and what is refused before there is one."""

import pytest

from accounts.parties.models import Party
from accounts.parties.selectors import own_party_of, people_of
from accounts.people.models import User
from accounts.people.services import create_person
from marketplace.common.errors import InvalidInput
from tests.races import at_once
from tests.world import PASSWORD, api_of, person

pytestmark = pytest.mark.django_db


def test_a_person_has_a_party_of_their_own():
    ada = person("Ada")

    party = own_party_of(ada)
    assert (party.name, party.kind) == ("Ada", Party.Kind.PERSON)
    assert list(people_of(party)) == [ada]
    assert ada.public_id.startswith("us_")


def test_only_a_proven_address_is_marked_so():
    ada = person("Ada")
    ben = create_person(email="ben@example.com", name="Ben", password=PASSWORD)

    assert ada.emailaddress_set.get().verified
    assert not ben.emailaddress_set.get().verified


def test_without_a_password_only_tokens_open():
    ada = create_person(email="ada@example.com", name="Ada", password=None, verified=True)
    body = {"email": "ada@example.com", "password": PASSWORD}

    assert api_of(ada).get("/api/v1/me/").status_code == 200
    assert api_of().post("/api/v1/auth/tokens/", body).status_code == 400


def test_an_address_is_kept_in_small_letters():
    assert person("ADA").email == "ada@example.com"


@pytest.mark.parametrize(
    "name", ["Zoë O’Neil-Smith", "李明", "Мария Иванова", "محمد", "प्रिया", "Ada & Co. 2", "A"]
)
def test_names_of_all_scripts_are_names(name):
    assert create_person(email="a@example.com", name=f" {name} ", password=PASSWORD).name == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 81),
        ("name", "12345"),
        ("name", "Ada\0"),
        ("name", "Ada\nBcc: x"),
        ("name", "Ada\u202eneB"),
        ("name", "<script>alert(1)</script>"),
        ("name", None),
        ("email", ""),
        ("email", "no address"),
        ("email", "ada@example.com\r\nBcc: x@example.com"),
        ("email", f"{'x' * 250}@example.com"),
        ("email", "ada\0@example.com"),
        ("email", 5),
        ("password", ""),
        ("password", "short"),
        ("password", "password123"),
        ("password", "nul nul nul \0"),
        ("password", "x" * 100_000),
        ("password", 12_345_678_901),
        ("skills", "python"),
        ("skills", ["x" * 41]),
        ("skills", [f"skill {n}" for n in range(31)]),
        ("skills", [3]),
        ("rate", 0),
        ("rate", -5),
        ("rate", 10**15),
        ("rate", 12.5),
        ("rate", "12"),
        ("rate", True),
        ("country", "XX"),
        ("country", "Germany"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", None),
        ("language", "tlh"),
        ("headline", "x" * 121),
        ("about", "x" * 5_001),
        ("about", "nul\0"),
        ("is_staff", True),
    ],
)
def test_bad_input_is_refused_with_its_field_and_nothing_is_kept(field, value):
    given = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD} | {field: value}
    if field == "rate":
        given["rate_currency"] = "USD"

    with pytest.raises(InvalidInput) as refusal:
        create_person(**given)

    assert refusal.value.param == field
    assert not User.objects.exists()
    assert not Party.objects.exists()


def test_an_address_belongs_to_one_person_whatever_its_capitals():
    person("Ada")

    with pytest.raises(InvalidInput) as refusal:
        create_person(email="ADA@Example.com", name="Ada", password=PASSWORD)

    assert refusal.value.param == "email"
    assert Party.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_sign_ups_at_once_make_one_person():
    outcomes = at_once(*[lambda: person("Ada")] * 8)

    assert sorted(outcomes) == ["address_taken"] * 7 + ["done"]
    assert Party.objects.count() == 1
