"""An agreement as PDF: all that was agreed is on it, whatever people have written."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pypdf import PdfReader

from accounts.people.services import create_person
from projects.agreements.changes.services import accept_change
from projects.agreements.paper.typeface import MISSING, readable
from projects.agreements.paper.writing import paper_of
from projects.agreements.services import award_bid
from projects.contracts.selectors import agreement_of
from tests.projects.change_world import price_to
from tests.projects.ending_world import contract_at_work, to_end
from tests.world import (
    PASSWORD,
    active_contract,
    api_of,
    funded_milestone,
    offered_contract,
    open_posting,
    plan_of,
    submitted_bid,
)

pytestmark = pytest.mark.django_db


def read(paper: bytes) -> str:
    """The words on it, whatever its lines are broken at."""
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(paper)).pages)
    return re.sub(r"\s+", " ", text)


def test_all_that_was_agreed_is_on_it(ada, ben):
    plan = plan_of(50_000, 70_000, criteria=["It works on a phone", "A guide is included"])
    contract = active_contract(
        ada, ben, plan=plan, review_days=9, ownership="stays", confidentiality_years=3
    )
    agreement = agreement_of(contract)
    words = read(paper_of(agreement))

    for said in (
        *("Ada", "Ben", contract.public_id, "Part 1", "Part 2", "A guide is included"),
        *("$500.00", "$515.00", "$485.00", "$1,200.00", "$1,236.00", "$1,164.00"),
        *("reviewed within 9 days", "stays the freelancer's", "3 years after"),
        *("I have built three shops like this one.", "A small shop with a basket"),
        *(" on top for Ada", "10 days after acceptance", "accepted by both", "1 / "),
    ):
        assert said in words, (said, words)
    bare = words.replace(" ", "")
    assert agreement.sha256 in bare and agreement.seal.signature in bare
    assert agreement.seal.key_id in bare and MISSING not in words


def test_the_files_of_the_bid_are_on_it(ada, ben):
    files = [SimpleUploadedFile("plan.txt", b"three steps")]
    bid = submitted_bid(open_posting(ada), ben, files=files)
    agreement = agreement_of(award_bid(bid_id=bid.pk, by=ada))
    stored = bid.files.get().stored
    bare = read(paper_of(agreement)).replace(" ", "")
    assert f"plan.txt,11bytes,SHA-256{stored.sha256}" in bare
    browser = Client()
    browser.force_login(ben)
    page = browser.get(f"/contracts/{agreement.contract.public_id}/agreement/").content.decode()
    assert "plan.txt" in page and stored.sha256 in page


def test_who_signed_and_how_is_on_it(ada, ben):
    order = price_to(70_000, funded_milestone(ada, ben), ben)
    accept_change(order_id=order.pk, by=ada, confirmed_with="password")
    words = read(paper_of(agreement_of(order.contract)))
    assert "by Ada, confirmed with their password" in words
    assert "Changes version 1" in words and "$700.00" in words


def test_how_it_ends_is_on_it(ada, ben):
    contract = contract_at_work(ada, ben)
    assert "How it ends" not in read(paper_of(agreement_of(contract)))
    accept_change(order_id=to_end(contract, ada, {1: 40_000}).pk, by=ben)
    words = read(paper_of(agreement_of(contract)))
    for said in (
        "How it ends",
        "1 Part 1 $1,030.00 $400.00 $618.00",
        "2 Part 2 $1,030.00 $0.00 $1,030.00",
        "4 Part 4 $0.00 $0.00 $0.00",
        "In all $3,090.00 $400.00 $2,678.00",
    ):
        assert said in words, (said, words)


def test_an_offer_is_not_taken_for_an_agreement(ada, ben):
    words = read(paper_of(agreement_of(offered_contract(ada, ben))))
    assert "an offer, not accepted yet" in words and "not signed" in words
    assert "The platform has not signed this version." in words


def test_what_the_typeface_does_not_have_is_a_box_and_said_so(ben):
    ada = create_person(
        email="ada@example.com", name="Ada 漢字 Łukasz Жанна", password=PASSWORD, verified=True
    )
    plan = plan_of(50_000, criteria=["مرحبا", "Ünïcode €", "emoji 🎉"])
    words = read(paper_of(agreement_of(active_contract(ada, ben, plan=plan))))
    assert f"Ada {MISSING}{MISSING} Łukasz Жанна" in words
    assert "Ünïcode €" in words and f"emoji {MISSING}" in words
    assert "does not have stand as" in words


@pytest.mark.parametrize(
    ("text", "set_as"),
    [
        ("a\x00b\x1f\x7fc", "ab c"),
        ("a\u200b\u202eb\ufeff", "ab"),
        ("e\u0301", "é"),
        ("a\r\nb\tc", "a\nb c"),
        ("\u3000", " "),
        ("𝔸", MISSING),
    ],
)
def test_nothing_typed_can_break_the_paper(text, set_as):
    assert readable(text) == set_as


def test_the_longest_of_everything_fits(ada, ben):
    criteria = ["W" * 300, *[f"{number} " + "long words " * 26 for number in range(9)]]
    plan = [
        part | {"title": "M" * 120, "criteria": criteria}
        for part in plan_of(*[10**8] * 20, days=20)
    ]
    contract = active_contract(ada, ben, plan=plan, currency="JPY")
    pages = PdfReader(io.BytesIO(paper_of(agreement_of(contract)))).pages
    assert 5 < len(pages) < 60


def test_both_sides_get_it_by_page_and_api_of_each_version(ada, ben):
    order = price_to(70_000, funded_milestone(ada, ben), ben)
    accept_change(order_id=order.pk, by=ada)
    name = order.contract.public_id
    browser = Client()
    browser.force_login(ben)
    for ask, path in ((browser.get, "/contracts/"), (api_of(ada).get, "/api/v1/contracts/")):
        newest = ask(f"{path}{name}/agreement.pdf")
        assert newest["Content-Type"] == "application/pdf"
        assert f'filename="agreement-{name}-v2.pdf"' in newest["Content-Disposition"]
        assert "$700.00" in read(newest.getvalue())
        assert "$1,000.00" in read(ask(f"{path}{name}/agreement.pdf?version=1").getvalue())
        for version in ("3", "0", "x", "9" * 40, "\x7f"):
            assert ask(f"{path}{name}/agreement.pdf", {"version": version}).status_code == 404
