"""The hosted pages: where a card is entered, and where an account is set up."""

from __future__ import annotations

import re
from collections.abc import Callable

from stripe_sandbox.errors import StripeError
from stripe_sandbox.forms import decode_form
from stripe_sandbox.pages import bank, dashboard, onboarding, pay
from stripe_sandbox.pages.layout import STYLE, Page, notice
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World, run_due_jobs

PAGES: tuple[tuple[str, str, Callable[[World, str, Obj], Page]], ...] = (
    ("GET", r"/pay/(cs_\w+)", pay.show),
    ("POST", r"/pay/(cs_\w+)", pay.submit),
    ("GET", r"/pay/(cs_\w+)/authenticate", bank.show_of_session),
    ("POST", r"/pay/(cs_\w+)/authenticate", bank.submit_of_session),
    ("GET", r"/authenticate/(\w+)", bank.show),
    ("POST", r"/authenticate/(\w+)", bank.submit),
    ("GET", r"/onboarding/(\w+)", onboarding.show),
    ("POST", r"/onboarding/(\w+)", onboarding.submit),
    ("GET", r"/dashboard/(\w+)", dashboard.show),
    ("POST", r"/dashboard/(\w+)", dashboard.submit),
)


def show(world: World, method: str, path: str, body: str) -> Page:
    if path == "/assets/sandbox.css":
        return Page(200, STYLE, content_type="text/css; charset=utf-8")
    for wanted, pattern, act in PAGES:
        match = re.fullmatch(pattern, path, re.ASCII)
        if match and method in (wanted, "HEAD" if wanted == "GET" else wanted):
            try:
                form = decode_form(body) if method == "POST" else {}
            except (StripeError, UnicodeDecodeError):
                return notice(400, "This cannot be read", "Please go back and try again.")
            run_due_jobs(world)
            with world.handling(None):
                return act(world, match[1], form)
    return notice(404, "There is nothing here", "The address is wrong, or the page is gone.")
