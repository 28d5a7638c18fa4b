"""A dozen contracts, played by many people at once against the whole running marketplace."""

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.people.models import User
from projects.contracts.models import Contract
from tests.projects.statement_world import checked, saved, statement_of


@pytest.mark.timeout(400)
def test_every_manner_of_contract_ends_and_the_books_are_clean(market, tmp_path):
    said = io.StringIO()

    call_command("simulate", contracts=12, seed=7, base_url=market.url, stdout=said, stderr=said)

    assert "Every contract ended, and the books are clean." in said.getvalue()
    assert Contract.objects.exclude(closed_at=None).count() == 12
    call_command("reconcile", stdout=said, stderr=said)
    assert market.errors() == []
    everything = [*Contract.objects.all(), *User.objects.all()]
    status, said = checked(saved(tmp_path, *map(statement_of, everything)))
    assert (status, said.count("WRONG")) == (0, 0), said


@pytest.mark.django_db
@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "nonsense", "http://"])
def test_where_nobody_answers_it_says_so_and_makes_nobody(settings, base_url):
    settings.SANDBOX = True

    with pytest.raises(CommandError, match="Nobody answers at"):
        call_command("simulate", contracts=1, base_url=base_url)

    assert User.objects.count() == 0
