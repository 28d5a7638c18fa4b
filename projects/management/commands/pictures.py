"""``manage.py pictures``: the README's pictures, taken from the demo that runs in this checkout.

First the sample contracts are played a little, so that there is something to see; then a browser
looks at them as the people concerned.
"""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from accounts.access.confirming import confirm_by_password
from accounts.models import User
from marketplace.common import clock
from projects.agreements.services import accept_offer, award_bid
from projects.disputes.models import Dispute
from projects.management.demo.dispute import pay_for
from projects.management.demo.sample import PASSWORD
from projects.management.demo.seed import answers_to
from projects.milestones.services import release_milestone, submit_work
from projects.models import Bid, Posting

WIDE: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}


class Command(BaseCommand):
    help = "Take the README's pictures from the running demo, into docs/pictures."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Start the demo first: make demo")
        clock.refresh()
        # The browser keeps an event loop, in which the ORM refuses to work: so it comes last.
        paths = play_a_little()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("BROWSER_PATH", "/usr/bin/chromium"),
                args=["--no-sandbox", "--disable-background-networking", "--disable-gpu"],
            )
            for picture in look_around(browser, paths):
                self.stdout.write(f"{picture.name}  {picture.stat().st_size // 1024} KB")
            browser.close()


def play_a_little() -> dict[str, str]:
    """Award, fund and deliver through the services; the paths of the pages worth seeing."""
    ada, ben = (User.objects.get(email=f"{name}@milepost.example") for name in ("ada", "ben"))
    shop = Posting.objects.get(title__startswith="Online shop")
    if not shop.contracts.exists():
        _play_the_shop(shop, ada=ada, ben=ben)
    # Still open, with bids on its shortlist: those of the shop are decided by now.
    compared = Posting.objects.get(title__startswith="Illustrations")
    return {
        "compare": f"{compared.path}compare/",
        "contract": f"/contracts/{shop.contracts.get().public_id}/",
        "case": f"/desk/disputes/{Dispute.objects.earliest('pk').public_id}/",
    }


def _play_the_shop(shop: Posting, *, ada: User, ben: User) -> None:
    bid = Bid.objects.get(posting=shop, freelancer__members=ben)
    contract = award_bid(bid_id=bid.pk, by=ada, confirmed_with=confirm_by_password(ada, PASSWORD))
    accept_offer(contract_id=contract.pk, by=ben, confirmed_with=confirm_by_password(ben, PASSWORD))
    first, second = contract.milestones.order_by("position")
    pay_for(first, by=ada)
    submit_work(
        milestone_id=first.pk,
        by=ben,
        note="The catalogue, the basket and the stock by weight are up for you to try.",
        links=["https://seeds.example/preview"],
        criteria=answers_to(first, "Open the preview and order a bag.", "They are in the note."),
    )
    release_milestone(milestone_id=first.pk, by=ada)
    pay_for(second, by=ada)
    submit_work(
        milestone_id=second.pk,
        by=ben,
        note="Everything is in place, with a guide.",
        criteria=answers_to(second, "All five points, and the stock.", "Four pages, as a PDF."),
    )


def look_around(browser: Browser, paths: dict[str, str]) -> list[Path]:
    """The pages as the people concerned see them; one dark, one on a phone."""
    cleo = browser.new_context(viewport=WIDE).new_page()
    ada, ben = _logged_in(browser, "ada"), _logged_in(browser, "ben")
    return [
        _take(cleo, "landing", "/"),
        _take(cleo, "browse", "/postings/"),
        _take(ada, "contract", paths["contract"], whole=True),
        _take(ada, "compare", paths["compare"]),
        _take(ben, "earnings", "/earnings/"),
        _take(_logged_in(browser, "dora", color_scheme="dark"), "desk", paths["case"]),
        _take(_logged_in(browser, "ada", viewport=PHONE), "phone", paths["contract"]),
    ]


def _logged_in(browser: Browser, name: str, **looks: Any) -> Page:
    looks.setdefault("viewport", WIDE)
    page = browser.new_context(**looks).new_page()
    page.goto(f"{settings.SITE_URL}/account/login/")
    page.get_by_label("Email").fill(f"{name}@milepost.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "login" not in url)
    return page


def _take(page: Page, name: str, path: str, *, whole: bool = False) -> Path:
    picture = settings.BASE_DIR / "docs" / "pictures" / f"{name}.png"
    picture.parent.mkdir(exist_ok=True)
    page.goto(settings.SITE_URL + path)
    page.screenshot(path=picture, full_page=whole)
    return picture
