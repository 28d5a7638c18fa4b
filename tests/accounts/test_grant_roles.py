"""How an operator makes somebody staff."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.people.models import User
from accounts.people.selectors import staff_roles_of

pytestmark = pytest.mark.django_db


def told(*words: str) -> str:
    said = StringIO()
    call_command("roles", *words, stdout=said)
    return said.getvalue().strip()


def roles_of(user: User) -> set[str]:
    return set(staff_roles_of(User.objects.get(pk=user.pk)))


def test_the_operator_makes_somebody_staff_with_exactly_these_roles(ada, client):
    assert told("Ada@Example.com", "support", "mediator") == "ada@example.com: mediator, support"
    assert told("ada@example.com", "finance") == "ada@example.com: finance"

    assert roles_of(ada) == {"finance"}
    client.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/desk/").status_code == 200


def test_without_roles_it_only_tells(dora, ada):
    assert told(dora.email) == "dora@example.com: finance, mediator"
    assert told(ada.email) == "ada@example.com: no staff role"

    assert roles_of(dora) == {"finance", "mediator"}


def test_all_roles_are_taken_away_by_saying_so(dora):
    assert told(dora.email, "--none") == "dora@example.com: no staff role"

    assert roles_of(dora) == set()
    assert not User.objects.get(pk=dora.pk).is_staff


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["nobody@example.com", "support"], "Nobody has signed up as nobody@example.com."),
        (["ada@example.com", "king"], "There is no role king. There are: support, moderator"),
        (["ada@example.com", "support", "--none"], "Name roles or say --none, not both."),
    ],
)
def test_what_cannot_be_is_refused_in_words(ada, words, refusal):
    with pytest.raises(CommandError, match=refusal):
        told(*words)

    assert roles_of(ada) == set()


def test_there_is_no_superuser_but_a_way_to_roles():
    with pytest.raises(CommandError, match=r"manage\.py roles EMAIL"):
        call_command("createsuperuser", "--no-input", email="root@example.com", name="Root")

    assert not User.objects.exists()
