"""The pay page of a checkout session."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlsplit

from stripe_sandbox.instruments import (
    BANK_ACCOUNTS,
    CARDS,
    SHOWN,
    SHOWN_ACCOUNTS,
    Instrument,
    card_of,
    spaced,
)
from stripe_sandbox.money import written
from stripe_sandbox.objects import paying
from stripe_sandbox.objects.charges import instrument_of
from stripe_sandbox.objects.methods import this_year
from stripe_sandbox.objects.wallet import blank_method
from stripe_sandbox.pages.layout import Page, alert, frame, notice, redirect
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World

CODE = "123"
EXPIRY = re.compile(r"\s*(0?[1-9]|1[0-2])\s*/\s*(?:20)?(\d\d)\s*\Z", re.ASCII)


def show(world: World, id: str, form: Obj) -> Page:
    session = session_of(world, id)
    return closed(session) or _form(session)


def submit(world: World, id: str, form: Obj) -> Page:
    session = session_of(world, id)
    if session.get("status") == "complete":
        return redirect(success_url(session))  # a second click on an open form
    if (page := closed(session)) is not None:
        return page
    number = str(form.get("test_card") or form.get("card_number") or "")
    chosen, problem = _chosen(session, number), _problem(world, form)
    if chosen is None:
        problem = "Your card number is incorrect. The sandbox takes its test cards only."
    if chosen is None or problem:
        return _form(session, problem, number)
    intent = paying.intent_of_session(world, session)
    method = blank_method(world, chosen, email=session["customer_email"], mark=_mark(form))
    page_of_bank = f"{session['url']}/authenticate"
    outcome = paying.attempt(
        world, intent, method, page=page_of_bank, return_url=success_url(session)
    )
    if outcome == "authenticate":
        return redirect(page_of_bank)
    return after(world, session, outcome)


def after(world: World, session: Obj, outcome: str) -> Page:
    """Where an attempt leads: on, or back to the form with what was said of it."""
    if outcome in ("paid", "processing"):
        return redirect(success_url(session))
    intent = paying.intent_of_session(world, session)
    error = intent["last_payment_error"]
    method = world.store.get(error["payment_method"]["id"])
    assert method is not None
    return _form(session, error["message"], instrument_of(method).number)


def _chosen(session: Obj, number: str) -> Instrument | None:
    one = card_of(number) or BANK_ACCOUNTS.get(number)
    return one if one and one.kind in session["payment_method_types"] else None


def _mark(form: Obj) -> str:
    """Whoever writes another security code than the page proposes pays with another card."""
    code = str(form.get("cvc") or CODE).strip()
    return "" if code == CODE else code


def session_of(world: World, id: str) -> Obj:
    session = world.store.get(id)
    return session if session and session["object"] == "checkout.session" else {}


def closed(session: Obj) -> Page | None:
    """What to say if there is nothing to pay here, or no longer."""
    if not session:
        return notice(404, "No such payment", "The address is wrong. Please go back to the shop.")
    if session["status"] == "complete":
        paid = session["payment_status"] == "paid"
        return notice(
            200,
            "This payment is complete",
            "It was paid already, and nothing more is due."
            if paid
            else "A bank was asked to pay. Nothing more can be done here.",
            link=(success_url(session), "Continue"),
        )
    if session["status"] == "expired":
        back = session["cancel_url"]
        return notice(
            410,
            "This payment page has expired",
            "Nothing was charged. Please go back and start again.",
            link=(back, "Go back") if back else None,
        )
    return None


def _problem(world: World, form: Obj) -> str:
    expiry, code = form.get("exp"), form.get("cvc")
    if expiry and (match := EXPIRY.match(str(expiry))) is None:
        return "Your card's expiration date is invalid. Write it as month / year."
    if expiry and match and 2000 + int(match[2]) < this_year(world):
        return "Your card's expiration year is in the past."
    if code and not re.fullmatch(r"\d{3,4}", str(code).strip(), re.ASCII):
        return "Your card's security code is invalid."
    return ""


def success_url(session: Obj) -> str:
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def merchant(session: Obj) -> str:
    return escape(urlsplit(session["success_url"]).netloc)


def _form(session: Obj, problem: str = "", number: str = SHOWN[0]) -> Page:
    amount = written(session["amount_total"], session["currency"])
    shown = spaced("".join(number.split()))
    described = ' aria-describedby="problem" aria-invalid="true"' if problem else ""
    back = ""
    if session["cancel_url"]:
        back = f'<p><a href="{escape(session["cancel_url"])}">Cancel and go back</a></p>'
    content = f"""<div class="columns">
<section class="card">
<h1>Pay {escape(amount)}</h1>
<p class="soft">to {merchant(session)}</p>
{_lines(session)}
</section>
<section class="card">
<h2>Card</h2>
{alert(problem)}
<form method="post">
<div class="field"><label for="card_number">Card number</label>
<input id="card_number" name="card_number" inputmode="numeric" autocomplete="off" required
 value="{escape(shown)}"{described}></div>
<div class="pair">
<div class="field"><label for="exp">Expires (MM / YY)</label>
<input id="exp" name="exp" autocomplete="off" value="12 / 34"></div>
<div class="field"><label for="cvc">Security code</label>
<input id="cvc" name="cvc" inputmode="numeric" autocomplete="off" value="{CODE}"></div>
</div>
<button class="wide">Pay {escape(amount)}</button>
</form>
<h2>Or one click with a test card</h2>
<form method="post">
<ul class="choices">
{"".join(_choice(CARDS[one]) for one in SHOWN)}
</ul>
</form>
{_accounts(session)}
<p></p>
{back}
</section>
</div>"""
    leads_to = (session["success_url"], session["cancel_url"])
    return frame(402 if problem else 200, f"Pay {amount}", content, leads_to=leads_to)


def _lines(session: Obj) -> str:
    rows = []
    for line in session["_line_items"]:
        many = f" × {line['quantity']}" if line["quantity"] != 1 else ""
        rows.append(
            f"<li><span>{escape(line['description'])}{many}</span>"
            f'<span class="sum">{written(line["amount_total"], line["currency"])}</span></li>'
        )
    total = written(session["amount_total"], session["currency"])
    rows.append(f'<li class="total"><span>Total</span><span class="sum">{total}</span></li>')
    return f'<ul class="lines">{"".join(rows)}</ul>'


def _accounts(session: Obj) -> str:
    if "us_bank_account" not in session["payment_method_types"]:
        return ""
    return f"""<h2>Or a test bank account, whose bank answers days later</h2>
<form method="post">
<ul class="choices">
{"".join(_choice(BANK_ACCOUNTS[one]) for one in SHOWN_ACCOUNTS)}
</ul>
</form>"""


def _choice(one: Instrument) -> str:
    return (
        f'<li><button class="quiet" name="test_card" value="{one.number}">{escape(one.label)}'
        f'<span class="number">… {one.last4}</span></button></li>\n'
    )
