"""The dashboard behind a login link: where payouts go can be changed."""

from __future__ import annotations

from html import escape

from stripe_sandbox.banks import BANKS, GOOD
from stripe_sandbox.objects import accounts, capabilities, links
from stripe_sandbox.pages.layout import Page, alert, frame, notice
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World


def show(world: World, token: str, form: Obj) -> Page:
    link = links.login_of(world, token)
    if link is None or not links.is_open(world, link):
        return _closed()
    return _form(world, link, "")


def submit(world: World, token: str, form: Obj) -> Page:
    link = links.login_of(world, token)
    if link is None or not links.is_open(world, link):
        return _closed()
    bank = BANKS.get("".join(str(form.get("account_number") or "").split()))
    if bank is None:
        return _form(world, link, "The sandbox takes its test account numbers only.")
    link["_used"] = True
    world.store.save(link)
    capabilities.change_bank(world, accounts.account_of(world, link["account"]), bank)
    return notice(200, "Saved", "Payouts go to this bank account from now on. Go back as you came.")


def _closed() -> Page:
    return notice(404, "No such link", "The address is wrong, or was used. Please go back.")


def _form(world: World, link: Obj, problem: str) -> Page:
    account = accounts.account_of(world, link["account"])
    described = ' aria-describedby="problem"' if problem else ""
    content = f"""<div class="card">
<h1>Your bank account</h1>
<p class="soft">For {escape(account["contact_email"] or account["id"])}. It takes test numbers
only.</p>
{alert(problem)}
<form method="post">
<div class="field"><label for="account_number">Bank account number</label>
<input id="account_number" name="account_number" inputmode="numeric" autocomplete="off" required
 value="{GOOD}"{described}></div>
<button class="wide">Save</button>
</form>
</div>"""
    return frame(422 if problem else 200, "Your bank account", content)
