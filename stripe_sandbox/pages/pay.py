"""The pay page of a checkout session, and the bank's page for 3-D Secure."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlsplit

from stripe_sandbox.cards import CARDS, SHOWN, Card, card_of, spaced
from stripe_sandbox.money import written
from stripe_sandbox.objects import paying
from stripe_sandbox.objects.intents import AUTHENTICATION_FAILED
from stripe_sandbox.pages.layout import Page, alert, frame, notice, redirect
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World

EXPIRY = re.compile(r"\s*(0?[1-9]|1[0-2])\s*/\s*(?:20)?(\d\d)\s*\Z", re.ASCII)


def show(world: World, id: str, form: Obj) -> Page:
    session = _session(world, id)
    return _closed(session) or _form(world, session)


def submit(world: World, id: str, form: Obj) -> Page:
    session = _session(world, id)
    if session is not None and session["status"] == "complete":
        return redirect(_success_url(session))  # a second click on an open form
    if (closed := _closed(session)) is not None:
        return closed
    number = str(form.get("test_card") or form.get("card_number") or "")
    card, problem = card_of(number), _problem(world, number, form)
    if card is None or problem:
        return _form(world, session, problem, number)
    outcome = paying.pay(world, session, card)
    return _after(world, session, card, outcome, card.message)


def show_authentication(world: World, id: str, form: Obj) -> Page:
    session = _session(world, id)
    if (closed := _closed(session)) is not None:
        return closed
    if not _awaits_authentication(world, session):
        return redirect(session["url"])
    amount = escape(written(session["amount_total"], session["currency"]))
    content = f"""<div class="card">
<h1>Confirm it is you</h1>
<p>Your test bank asks you to confirm a payment of <strong>{amount}</strong> to
{_merchant(session)}.</p>
<form method="post" class="row">
<button name="answer" value="complete">Complete authentication</button>
<button name="answer" value="fail" class="quiet">Fail authentication</button>
</form>
</div>"""
    return frame(200, "Confirm it is you", content, leads_to=(session["success_url"],))


def submit_authentication(world: World, id: str, form: Obj) -> Page:
    session = _session(world, id)
    if session is not None and session["status"] == "complete":
        return redirect(_success_url(session))
    if (closed := _closed(session)) is not None:
        return closed
    if not _awaits_authentication(world, session):
        return redirect(session["url"])
    card = CARDS[session["_card"]]
    passed = form.get("answer") == "complete"
    outcome = paying.finish_authentication(world, session, card, passed=passed)
    return _after(world, session, card, outcome, AUTHENTICATION_FAILED[1])


def _session(world: World, id: str) -> Obj:
    session = world.store.get(id)
    return session if session and session["object"] == "checkout.session" else {}


def _closed(session: Obj) -> Page | None:
    """What to say if there is nothing to pay here, or no longer."""
    if not session:
        return notice(404, "No such payment", "The address is wrong. Please go back to the shop.")
    if session["status"] == "complete":
        return notice(
            200,
            "This payment is complete",
            "It was paid already, and nothing more is due.",
            link=(_success_url(session), "Continue"),
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


def _problem(world: World, number: str, form: Obj) -> str:
    if card_of(number) is None:
        return "Your card number is incorrect. The sandbox takes its test cards only."
    expiry, code = form.get("exp"), form.get("cvc")
    if expiry and (match := EXPIRY.match(str(expiry))) is None:
        return "Your card's expiration date is invalid. Write it as month / year."
    if expiry and match and int(match[2]) < _year(world):
        return "Your card's expiration year is in the past."
    if code and not re.fullmatch(r"\d{3,4}", str(code).strip(), re.ASCII):
        return "Your card's security code is invalid."
    return ""


def _year(world: World) -> int:
    return 1970 + int(world.now() / 31_556_952) - 2000


def _after(world: World, session: Obj, card: Card, outcome: str, message: str) -> Page:
    if outcome == "paid":
        return redirect(_success_url(session))
    if outcome == "authenticate":
        return redirect(f"{session['url']}/authenticate")
    return _form(world, session, message, card.number)


def _awaits_authentication(world: World, session: Obj) -> bool:
    intent = world.store.get(session["payment_intent"]) if session["payment_intent"] else None
    return intent is not None and intent["status"] == "requires_action"


def _success_url(session: Obj) -> str:
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def _merchant(session: Obj) -> str:
    return escape(urlsplit(session["success_url"]).netloc)


def _form(world: World, session: Obj, problem: str = "", number: str = SHOWN[0]) -> Page:
    amount = written(session["amount_total"], session["currency"])
    shown = spaced("".join(number.split()))
    described = ' aria-describedby="problem" aria-invalid="true"' if problem else ""
    back = ""
    if session["cancel_url"]:
        back = f'<p><a href="{escape(session["cancel_url"])}">Cancel and go back</a></p>'
    content = f"""<div class="columns">
<section class="card">
<h1>Pay {escape(amount)}</h1>
<p class="soft">to {_merchant(session)}</p>
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
<input id="cvc" name="cvc" inputmode="numeric" autocomplete="off" value="123"></div>
</div>
<button class="wide">Pay {escape(amount)}</button>
</form>
<h2>Or one click with a test card</h2>
<form method="post">
<ul class="choices">
{"".join(_choice(CARDS[one]) for one in SHOWN)}
</ul>
</form>
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


def _choice(card: Card) -> str:
    return (
        f'<li><button class="quiet" name="test_card" value="{card.number}">{escape(card.label)}'
        f'<span class="number">… {card.last4}</span></button></li>\n'
    )
