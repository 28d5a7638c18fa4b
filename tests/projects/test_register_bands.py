"""Of an amount the register tells a band, and each currency has its own."""

import json
from datetime import UTC, datetime

import pytest
from babel.numbers import list_currencies
from hypothesis import given
from hypothesis import strategies as st

from marketplace.common.currencies import about_a_hundred, is_carried
from marketplace.common.money import MAX_AMOUNT, to_major
from projects.disputes.register.bands import band_of, bands_of, in_words
from projects.disputes.register.grouping import LEAST
from projects.disputes.register.models import RegisterEntry
from projects.disputes.register.selectors import published_from
from projects.tasks import publish_register
from tests.projects.register_world import again, entries
from tests.world import api_of, browser, reviewed_dispute, ruled

PAGE = "/rules/decisions/"
CARRIED = st.sampled_from([code for code in list_currencies() if is_carried(code)])


@pytest.mark.parametrize(
    ("amount", "currency", "band", "words"),
    [
        (99_99, "EUR", "0-100", "Under 100"),
        (100_00, "EUR", "100-1000", "100 to 1,000"),
        (9_999_99, "EUR", "1000-10000", "1,000 to 10,000"),
        (10_000_00, "EUR", "10000-", "10,000 and more"),
        # Nobody hides less money behind the same number of yen, nor more behind that of dinars.
        (9_999, "JPY", "0-10000", "Under 10,000"),
        (10_000, "JPY", "10000-100000", "10,000 to 100,000"),
        (999_999, "JPY", "100000-1000000", "100,000 to 1,000,000"),
        (1_000_000, "JPY", "1000000-", "1,000,000 and more"),
        (24_990, "KWD", "0-25", "Under 25"),
        (25_000, "KWD", "25-250", "25 to 250"),
        (2_499_990, "KWD", "250-2500", "250 to 2,500"),
        (2_500_000, "KWD", "2500-", "2,500 and more"),
    ],
)
def test_a_band_is_that_of_its_currency(amount, currency, band, words):
    assert band_of(amount, currency) == band
    assert in_words(band) == words


@given(currency=CARRIED, amount=st.integers(1, MAX_AMOUNT))
def test_every_amount_lies_in_the_one_band_that_says_so(currency, amount):
    bands = bands_of(currency)
    whole = to_major(amount, currency)
    bounds = [band.partition("-") for band in bands]
    in_it = [
        band
        for band, (low, _, high) in zip(bands, bounds, strict=True)
        if int(low) <= whole and (not high or whole < int(high))
    ]
    assert in_it == [band_of(amount, currency)]
    assert len(set(bands)) == 4
    field = RegisterEntry._meta.get_field("band")
    assert max(map(len, bands)) <= field.max_length


def test_what_is_about_a_hundred_is_so_of_each_currency():
    assert about_a_hundred("JPY") > about_a_hundred("EUR") > about_a_hundred("KWD")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "currency", "band", "said"),
    [
        (500_00, "EUR", "100-1000", "100 to 1,000 EUR"),
        (50_000, "JPY", "10000-100000", "10,000 to 100,000 JPY"),
        (100_000, "KWD", "25-250", "25 to 250 KWD"),
    ],
)
def test_the_page_and_the_data_say_it_in_whole_units(
    ada, ben, dora, time_machine, amount, currency, band, said
):
    """Five of them; four of the next band and one of the one after it are told without it."""
    time_machine.move_to(datetime(2027, 2, 10, 12, tzinfo=UTC), tick=False)
    dispute = ruled(reviewed_dispute(ada, ben, amount, currency=currency), dora, amount // 2)
    again(dispute, LEAST - 1)
    again(dispute, LEAST - 1, held=amount * 10, to_freelancer=amount * 5)
    again(dispute, 1, held=amount * 100, to_freelancer=amount * 50)
    time_machine.move_to(published_from(20271), tick=False)
    assert publish_register() == {"done": 1, "failed": 0}

    told = {one.band: one for one in RegisterEntry.objects.all()}
    assert {name: (one.currency, one.decisions) for name, one in told.items()} == {
        band: (currency, LEAST),
        "": ("", LEAST),
    }
    page = browser().get(PAGE).content.decode()
    assert f"{said}</p>" in page
    assert "Withheld: the amount" in page
    asked = {"band": band, "currency": currency}
    found = api_of().get("/api/v1/register/", asked).json()["results"]
    assert [(one["band"], one["currency"]) for one in found] == [(band, currency)]
    narrowed = browser().get(PAGE, asked).content.decode()
    assert narrowed.count(' id="rg_') == 1
    document = json.loads(
        b"".join(browser().get("/api/v1/register/register.json").streaming_content)
    )
    assert {one["band"] for one in document["entries"]} == set(told)
    assert document["bands"][currency] == bands_of(currency)


@pytest.mark.django_db
def test_the_page_offers_the_bands_of_the_currency_that_is_chosen():
    page = browser().get(PAGE).content.decode()
    assert "Of one currency: choose it first." in page
    assert "and more</option>" not in page
    page = browser().get(PAGE, {"currency": "KWD"}).content.decode()
    assert "choose it first" not in page
    assert '<option value="2500-">2,500 and more</option>' in page
    assert page.count("and more</option>") == 1


@pytest.mark.django_db
def test_a_band_finds_nothing_of_another_currency_with_the_same_numbers():
    for currency in ("USD", "EUR"):
        entries(1, band="100-1000", currency=currency)

    for currency in ("USD", "EUR"):
        asked = {"band": "100-1000", "currency": currency}
        found = api_of().get("/api/v1/register/", asked).json()["results"]
        assert [one["currency"] for one in found] == [currency]
        assert browser().get(PAGE, asked).content.decode().count(' id="rg_') == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        # So asked a link of before, and got what is of any of them.
        ({"band": "100-1000"}, "Choose the currency too: others have amounts of the same numbers."),
        ({"band": "no such"}, "Choose the currency too: others have amounts of the same numbers."),
        ({"band": "25-250", "currency": "USD"}, "This currency has no such amounts to choose."),
    ],
)
def test_a_band_of_no_currency_or_of_another_is_refused_in_words(asked, said):
    for currency in ("USD", "KWD"):
        entries(1, band="100-1000", currency=currency)

    page = browser().get(PAGE, asked)

    assert (page.status_code, page.content.decode().count(said)) == (400, 1)
    assert ' id="rg_' not in page.content.decode()
    answer = api_of().get("/api/v1/register/", asked)
    assert answer.status_code == 400
    assert (answer.json()["error"]["param"], answer.json()["error"]["message"]) == ("band", said)


@pytest.mark.django_db
def test_an_entry_from_before_each_currency_had_its_own_says_what_it_said():
    """What was published of yen is never changed: the page reads its bounds, whatever they are."""
    entries(1, band="100-1000", currency="JPY")
    assert "100 to 1,000 JPY" in browser().get(PAGE).content.decode()
    asked = {"band": "100-1000", "currency": "JPY"}
    found = api_of().get("/api/v1/register/", asked).json()["results"]
    assert [one["band"] for one in found] == ["100-1000"]
    assert browser().get(PAGE, asked).content.decode().count(' id="rg_') == 1
