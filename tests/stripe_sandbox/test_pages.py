"""The hosted pages, as a browser gets them."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import requests
import stripe

from tests.stripe_sandbox.play import DAY, Play

VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Enough of a page to ask it about its headings, labels, fields and nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.labelled: set[str] = set()
        self.fields: dict[str, dict] = {}
        self.buttons: list[dict] = []
        self.tags: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        elif tag == "label":
            self.labelled.add(values["for"])
        elif tag in ("input", "select"):
            self.fields[values["id"]] = values
        elif tag == "button":
            self.buttons.append(values)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag


def get(url: str) -> requests.Response:
    return requests.get(url, allow_redirects=False, timeout=5)


def looked_at(answer: requests.Response) -> Page:
    page = Page(answer.text)
    assert "Sandbox: no real money" in answer.text
    assert page.headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(page.headings))
    assert set(page.fields) <= page.labelled
    assert "script" not in page.tags
    assert not re.search(r"\son\w+=|\sstyle=", answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    return page


def test_the_pay_page_shows_what_is_paid_and_offers_test_cards(play: Play):
    session = play.session(123_456, name="Milestone 1: sketches")

    answer = get(session.url)

    page = looked_at(answer)
    assert answer.status_code == 200
    assert "Milestone 1: sketches" in answer.text
    assert "1,234.56 USD" in answer.text
    assert page.fields["card_number"]["value"] == "4242 4242 4242 4242"
    offered = {one["value"] for one in page.buttons if one.get("name") == "test_card"}
    assert offered >= {"4242424242424242", "4000000000000002", "4000000000009995",
                       "4000000000003220", "4000000000000259", "4000000000005126"}  # fmt: skip
    assert 'href="http://platform.test/cancel"' in answer.text


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("jpy", 1_234_567, "1,234,567 JPY"), ("kwd", 1_234_560, "1,234.560 KWD"),
     ("eur", 5_005, "50.05 EUR")],
)  # fmt: skip
def test_amounts_have_the_places_of_their_currency(play: Play, currency, amount, shown):
    assert shown in get(play.session(amount, currency).url).text


def test_forms_may_lead_to_the_platform_and_nowhere_else(play: Play):
    policy = get(play.session().url).headers["Content-Security-Policy"]

    assert policy.endswith("form-action 'self' http://platform.test")


HOSTILE = """<script>alert(1)</script> "quoted' & <b>"""


def test_hostile_names_are_only_text(play: Play):
    session = play.session(name=HOSTILE, cancel_url='http://platform.test/"><script>x</script>')
    account = play.account(display_name=HOSTILE, contact_email='"><script>x</script>@a.test')
    link = play.link(account.id)
    bad_card = play.submit(session.url, card_number='"><script>x</script>')
    bad_bank = play.submit(link.url, legal_name=HOSTILE, country="<i>", account_number="<script>")

    for answer in (get(session.url), get(link.url), bad_card, bad_bank):
        looked_at(answer)
        assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in get(session.url).text
    assert (bad_card.status_code, bad_bank.status_code) == (402, 422)


def test_another_security_code_is_another_card(play: Play):
    """Everybody has the same few numbers here; a platform tells cards by their fingerprints."""
    prints = []
    for code in ("123", "", "4321", "4321", "987"):
        session = play.session()
        play.submit(session.url, card_number="4242424242424242", cvc=code)
        charge = play.stripe.v1.charges.list({"limit": 1}).data[0]
        prints.append(charge.payment_method_details.card.fingerprint)

    assert prints == ["sandbox4242"] * 2 + ["sandbox42424321"] * 2 + ["sandbox4242987"]


def test_a_page_of_nobody_takes_no_payment(play: Play):
    for path in ("/pay/cs_nobody", "/pay/cs_nobody/authenticate", "/authenticate/pi_nobody"):
        answer = play.submit(f"{play.url}{path}", card_number="4242424242424242")
        assert answer.status_code == get(f"{play.url}{path}").status_code == 404
        looked_at(answer)


def test_a_decline_is_said_next_to_the_form(play: Play):
    session = play.session()

    answer = play.submit(session.url, test_card="4000000000009995", card_number="4242424242424242")

    page = looked_at(answer)
    assert 'role="alert"' in answer.text
    assert "insufficient funds" in answer.text
    assert page.fields["card_number"]["aria-describedby"] == "problem"


@pytest.mark.parametrize(
    ("form", "said_"),
    [
        ({"card_number": "1234"}, "card number is incorrect"),
        ({"card_number": "4242424242424242", "exp": "13/30"}, "expiration date is invalid"),
        ({"card_number": "4242424242424242", "exp": "01 / 20"}, "year is in the past"),
        ({"card_number": "4242424242424242", "cvc": "12"}, "security code is invalid"),
        ({}, "card number is incorrect"),
    ],
)
def test_a_slip_of_the_pen_charges_nothing(play: Play, form, said_):
    session = play.session()

    answer = play.submit(session.url, **form)

    assert answer.status_code == 402
    assert said_ in answer.text
    assert play.stripe.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_the_bank_asks_on_a_page_of_its_own(play: Play):
    session = play.session(5_000)
    assert get(f"{session.url}/authenticate").headers["Location"] == session.url
    play.submit(session.url, test_card="4000000000003220")

    answer = get(f"{session.url}/authenticate")

    page = looked_at(answer)
    assert [one["value"] for one in page.buttons] == ["complete", "fail"]
    assert "50.00 USD" in answer.text


def test_a_session_that_is_over_says_so(play: Play):
    paid, expired = play.session(), play.session()
    play.submit(paid.url, card_number="4242424242424242")
    play.advance(DAY)

    done, late = get(paid.url), get(expired.url)

    assert "This payment is complete" in done.text
    assert f"http://platform.test/ok?session={paid.id}" in done.text
    assert (late.status_code, "has expired" in late.text) == (410, True)
    for answer in (done, late, get(f"{play.url}/pay/cs_test_nothing")):
        looked_at(answer)


def test_the_onboarding_page_asks_for_little(play: Play):
    link = play.link(play.account(identity={"country": "fr"}).id)

    page = looked_at(get(link.url))

    assert set(page.fields) == {"legal_name", "country", "account_number"}
    assert page.fields["account_number"]["value"] == "000123456789"
    assert '<option value="FR" selected>' in get(link.url).text
    assert {one["value"] for one in page.buttons if "name" in one} == {
        "000111111116",
        "000111111113",
        "000777777777",
        "000888888888",
        "000999999999",
    }


def test_an_incomplete_onboarding_can_be_corrected(play: Play):
    link = play.link(play.account().id)

    answer = play.submit(link.url, legal_name="  ", country="US", account_number="000123456789")
    assert (answer.status_code, "legal name" in answer.text) == (422, True)

    good = {"legal_name": "Ben Weber", "country": "US", "account_number": "000 123 456 789"}
    assert play.submit(link.url, **good).headers["Location"] == "http://platform.test/return"


def test_an_account_of_which_nothing_is_asked_is_sent_back_from_onboarding(play: Play):
    ben = play.freelancer()
    bank = play.stripe.v2.core.accounts.retrieve(ben, {"include": ["defaults"]}).defaults
    link = play.link(ben)
    form = {"legal_name": "Ben", "country": "US", "account_number": "000111111116"}
    for answer in (get(link.url), play.submit(link.url, **form)):
        assert answer.headers["Location"] == "http://platform.test/return"
    after = play.stripe.v2.core.accounts.retrieve(ben, {"include": ["defaults"]}).defaults
    assert after.to_dict() == bank.to_dict()


def test_the_dashboard_changes_the_bank_account_once(play: Play):
    ben = play.freelancer()
    link = play.stripe.v1.accounts.login_links.create(ben)
    page = looked_at(get(link.url))
    assert set(page.fields) == {"account_number"}
    assert play.submit(link.url, account_number="12").status_code == 422
    saved = play.submit(link.url, account_number="000111111116")
    assert (saved.status_code, "Saved" in saved.text) == (200, True)
    assert play.submit(link.url, account_number="000123456789").status_code == 404
    assert get(f"{play.url}/dashboard/nothing").status_code == 404


def test_who_was_never_asked_anything_has_no_dashboard(play: Play):
    with pytest.raises(stripe.InvalidRequestError, match="has not completed onboarding"):
        play.stripe.v1.accounts.login_links.create(play.account().id)


def test_the_style_is_served_apart(play: Play):
    answer = get(f"{play.url}/assets/sandbox.css")

    assert answer.headers["Content-Type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in answer.text
    assert get(f"{play.url}/nothing").status_code == 404


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_text_can_be_read_in_light_and_dark(play: Play):
    style = get(f"{play.url}/assets/sandbox.css").text
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    )
    pairs = [("text", "card"), ("text", "page"), ("soft", "card"), ("on-accent", "accent"),
             ("accent", "card"), ("on-ribbon", "ribbon"), ("bad", "bad-page")]  # fmt: skip

    for colours in (light, dark):
        for text, ground in pairs:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
