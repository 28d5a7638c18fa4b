"""The onboarding page behind an account link: who you are, and where payouts go."""

from __future__ import annotations

from html import escape

from stripe_sandbox.banks import BANKS, GOOD, Bank
from stripe_sandbox.countries import COUNTRIES
from stripe_sandbox.objects import accounts, capabilities, links
from stripe_sandbox.pages.layout import Page, alert, frame, notice, redirect
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World


def show(world: World, token: str, form: Obj) -> Page:
    link = links.link_of(world, token)
    if link is None:
        return _no_such_link()
    return _closed(world, link) or _form(world, link, {})


def submit(world: World, token: str, form: Obj) -> Page:
    link = links.link_of(world, token)
    if link is None:
        return _no_such_link()
    if (closed := _closed(world, link)) is not None:
        return closed
    name = " ".join(str(form.get("legal_name", "")).split())
    country = str(form.get("country", "")).upper()
    bank = BANKS.get(
        "".join(str(form.get("test_bank") or form.get("account_number") or GOOD).split())
    )
    if not name or len(name) > 100:
        return _form(world, link, form, "Please enter your legal name, at most 100 characters.")
    if len(country) != 2 or not country.isalpha():
        return _form(world, link, form, "Please choose your country.")
    if bank is None:
        return _form(world, link, form, "The sandbox takes its test account numbers only.")
    link["_used"] = True
    world.store.save(link)
    account = accounts.account_of(world, link["account"])
    capabilities.onboard(world, account, name=name, country=country, bank=bank)
    purpose = links.purpose_of(link)
    return redirect(purpose["return_url"] or purpose["refresh_url"])


def _no_such_link() -> Page:
    return notice(404, "No such link", "The address is wrong. Please go back and try again.")


def _closed(world: World, link: Obj) -> Page | None:
    """A link works once and for a short time; the platform makes another. Where nothing is asked,
    there is nothing to hand in.
    """
    purpose = links.purpose_of(link)
    if not links.is_open(world, link):
        return redirect(purpose["refresh_url"])
    if capabilities.asks_nothing(accounts.account_of(world, link["account"])):
        return redirect(purpose["return_url"] or purpose["refresh_url"])
    return None


def _form(world: World, link: Obj, form: Obj, problem: str = "") -> Page:
    account = accounts.account_of(world, link["account"])
    known = account["identity"]["individual"] or {}
    names = (known.get("given_name"), known.get("surname"))
    name = form.get("legal_name") or " ".join(n for n in names if n) or account["display_name"]
    country = str(form.get("country") or account["identity"]["country"]).upper()
    purpose = links.purpose_of(link)
    number = str(form.get("account_number") or GOOD)
    described = ' aria-describedby="problem"' if problem else ""
    content = f"""<div class="card">
<h1>Set up your payouts</h1>
<p class="soft">For {escape(account["contact_email"] or account["id"])}. Invented details will
do.</p>
{alert(problem)}
<form method="post">
<div class="field"><label for="legal_name">Legal name</label>
<input id="legal_name" name="legal_name" autocomplete="off" required maxlength="100"
 value="{escape(name or "Sam Sandbox")}"{described}></div>
<div class="field"><label for="country">Country</label>
<select id="country" name="country">{_countries(country)}</select></div>
<div class="field"><label for="account_number">Bank account number</label>
<input id="account_number" name="account_number" inputmode="numeric" autocomplete="off" required
 value="{escape(number)}"></div>
<button class="wide">Finish</button>
<h2>Or finish with a test account that misbehaves</h2>
<ul class="choices">
{"".join(_choice(bank) for bank in BANKS.values() if bank.number != GOOD)}
</ul>
</form>
<p></p>
<p class="small soft">You are sent back to the platform afterwards.</p>
</div>"""
    leads_to = (purpose["return_url"], purpose["refresh_url"])
    return frame(422 if problem else 200, "Set up your payouts", content, leads_to=leads_to)


def _countries(chosen: str) -> str:
    known = COUNTRIES if chosen in COUNTRIES else {chosen: (chosen, "usd"), **COUNTRIES}
    return "".join(
        f'<option value="{escape(code)}"{" selected" if code == chosen else ""}>{escape(name)}'
        "</option>\n"
        for code, (name, _) in known.items()
    )


def _choice(bank: Bank) -> str:
    return (
        f'<li><button class="quiet" name="test_bank" value="{bank.number}">{escape(bank.label)}'
        f'<span class="number">… {bank.number[-4:]}</span></button></li>\n'
    )
