"""The bank's page for 3-D Secure: whoever pays, or sets up a card, says that it is they."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from urllib.parse import urlencode, urlsplit

from stripe_sandbox.money import written
from stripe_sandbox.objects import paying, setups
from stripe_sandbox.pages import pay
from stripe_sandbox.pages.layout import Page, frame, notice, redirect
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World

FINISH: dict[str, Callable[..., str]] = {
    "payment_intent": paying.finish_authentication,
    "setup_intent": setups.finish_authentication,
}


def show_of_session(world: World, id: str, form: Obj) -> Page:
    session = pay.session_of(world, id)
    if (page := pay.closed(session)) is not None:
        return page
    intent = _of_session(world, session)
    return _question(intent) if intent else redirect(session["url"])


def submit_of_session(world: World, id: str, form: Obj) -> Page:
    session = pay.session_of(world, id)
    if session.get("status") == "complete":
        return redirect(pay.success_url(session))
    if (page := pay.closed(session)) is not None:
        return page
    intent = _of_session(world, session)
    if intent is None:
        return redirect(session["url"])
    return pay.after(world, session, _answered(world, intent, form))


def show(world: World, id: str, form: Obj) -> Page:
    intent = _waiting(world, id)
    return _question(intent) if intent else _nothing_to_confirm()


def submit(world: World, id: str, form: Obj) -> Page:
    intent = _waiting(world, id)
    if intent is None:
        return _nothing_to_confirm()
    return_url = intent["next_action"]["redirect_to_url"]["return_url"]
    outcome = _answered(world, intent, form)
    if return_url is None:
        return notice(200, "Thank you", "Your bank has told the shop. You can close this page.")
    kind = intent["object"]
    query = urlencode(
        {
            kind: intent["id"],
            f"{kind}_client_secret": intent["client_secret"],
            "redirect_status": "failed" if outcome == "declined" else "succeeded",
        }
    )
    return redirect(f"{return_url}{'&' if urlsplit(return_url).query else '?'}{query}")


def _of_session(world: World, session: Obj) -> Obj | None:
    return _waiting(world, session["payment_intent"] or "")


def _waiting(world: World, id: str) -> Obj | None:
    intent = world.store.get(id)
    there = intent is not None and intent["object"] in FINISH
    return intent if intent and there and intent["status"] == "requires_action" else None


def _answered(world: World, intent: Obj, form: Obj) -> str:
    passed = form.get("answer") == "complete"
    return FINISH[intent["object"]](world, intent, passed=passed)


def _nothing_to_confirm() -> Page:
    return notice(404, "Nothing to confirm", "It was answered already, or the address is wrong.")


def _question(intent: Obj) -> Page:
    return_url = intent["next_action"]["redirect_to_url"]["return_url"]
    what = "to keep this card for later"
    if intent["object"] == "payment_intent":
        what = (
            f"a payment of <strong>{escape(written(intent['amount'], intent['currency']))}</strong>"
        )
    to = f" to {escape(urlsplit(return_url).netloc)}" if return_url else ""
    content = f"""<div class="card">
<h1>Confirm it is you</h1>
<p>Your test bank asks you to confirm {what}{to}.</p>
<form method="post" class="row">
<button name="answer" value="complete">Complete authentication</button>
<button name="answer" value="fail" class="quiet">Fail authentication</button>
</form>
</div>"""
    return frame(200, "Confirm it is you", content, leads_to=(return_url,))
