"""How a payee comes to be paid: an account at the provider, made once."""

import pytest

from accounts.models import Notification
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.errors import (
    DomainError,
    InvalidInput,
    NotAllowed,
    ProviderUnreachable,
    WrongState,
)
from payments.gateway.stripe import StripeGateway
from payments.incoming.selectors import unexplained_events
from payments.payees.models import ConnectedAccount
from payments.payees.selectors import COUNTRIES
from payments.payees.services import refresh_account, start_onboarding
from projects.reasons.services import why_gone
from tests.payments.world import days_pass, with_account
from tests.sandbox import GOOD_BANK, NO_SUCH_ACCOUNT, Sandbox, play_on, sweep_all
from tests.world import browser

pytestmark = pytest.mark.django_db

ACCOUNTS = "/v2/core/accounts"


def begin(person, country: str = "US") -> str:
    return start_onboarding(party_id=own_party_of(person).pk, country=country, by=person)


def accounts_at(sandbox: Sandbox) -> list[dict]:
    return sandbox.api("GET", ACCOUNTS)["data"]


def close_at_provider(sandbox: Sandbox, account: ConnectedAccount) -> None:
    closed = sandbox.session.post(
        f"{sandbox.url}{ACCOUNTS}/{account.remote_id}/close",
        json={},
        headers={"Authorization": "Bearer sk_test_milepost"},
        timeout=10,
    )
    closed.raise_for_status()


def test_it_leads_to_the_providers_page_and_back(ben, sandbox):
    url = begin(ben)
    assert url.startswith(f"{sandbox.url}/onboarding/")

    form = {"legal_name": "Ben Bell", "country": "US", "account_number": "000123456789"}
    back = sandbox.session.post(url, data=form, allow_redirects=False, timeout=10)

    assert back.headers["Location"].endswith("/payouts/setup/return/")
    play_on(sandbox)
    account = ConnectedAccount.objects.get()
    assert (account.status, account.requirements) == ("active", [])
    assert Notification.objects.get(kind="payout_account_active").recipient == ben


def test_who_has_handed_in_all_changes_their_bank_account_at_the_providers_dashboard(ben, sandbox):
    account = with_account(sandbox, ben, bank=NO_SUCH_ACCOUNT)
    before = bank_of(sandbox, account)

    url = begin(ben)
    assert url.startswith(f"{sandbox.url}/dashboard/")
    assert sandbox.session.post(url, data={"account_number": GOOD_BANK}).status_code == 200

    assert bank_of(sandbox, account) != before
    play_on(sandbox)
    account.refresh_from_db()
    assert account.status == "active"


def test_of_whom_something_is_asked_is_led_to_where_it_is_handed_in(ben, sandbox):
    account = with_account(sandbox, ben)
    sandbox.ask("POST", f"/accounts/{account.remote_id}/restrict", in_seconds=86_400)
    assert begin(ben).startswith(f"{sandbox.url}/onboarding/")
    account.refresh_from_db()
    assert account.status == "active" and account.requirements
    page = browser(ben).get("/payouts/setup/").text
    assert "Still needed" in page and "A document that proves who you are" in page
    assert "You are ready for payouts" not in page


def bank_of(sandbox: Sandbox, account: ConnectedAccount) -> object:
    path = f"{ACCOUNTS}/{account.remote_id}?include[0]=defaults"
    return sandbox.api("GET", path)["defaults"]["payout_methods"]


def test_the_account_is_made_once_and_every_link_is_fresh(ben, sandbox):
    first, second = begin(ben), begin(ben)

    assert first != second
    assert len(accounts_at(sandbox)) == 1


def test_the_provider_pays_out_nothing_by_its_own_timetable(ben, sandbox):
    begin(ben)

    account = ConnectedAccount.objects.get()
    settings = sandbox.api("GET", "/v1/balance_settings", account=account.remote_id)
    assert settings["payments"]["payouts"]["schedule"]["interval"] == "manual"


def test_what_is_still_needed_is_kept(ben, sandbox):
    begin(ben)
    play_on(sandbox)

    account = ConnectedAccount.objects.get()
    assert account.status == "pending"
    assert "identity.individual.surname" in account.requirements


def test_a_later_restriction_is_told_and_so_is_its_end(ben, sandbox):
    account = with_account(sandbox, ben)

    sandbox.ask("POST", f"/accounts/{account.remote_id}/restrict")
    play_on(sandbox)
    account.refresh_from_db()
    assert account.status == "restricted"
    assert Notification.objects.filter(kind="payout_account_restricted").count() == 1

    sandbox.ask("POST", f"/accounts/{account.remote_id}/restore")
    play_on(sandbox)
    account.refresh_from_db()
    assert account.status == "active"


@pytest.mark.parametrize("status", ["restricted", "closed"])
def test_what_an_account_needs_is_not_mailed_once_it_stands_otherwise(ben, sandbox, status):
    """As after a night of quiet hours, in which its payee has done it."""
    account = with_account(sandbox, ben)
    if status == "restricted":
        sandbox.ask("POST", f"/accounts/{account.remote_id}/restrict")
    else:
        close_at_provider(sandbox, account)
    play_on(sandbox)
    notice = Notification.objects.get(kind=f"payout_account_{status}")
    assert why_gone([notice]) == {notice.pk: ""}

    if status == "restricted":
        sandbox.ask("POST", f"/accounts/{account.remote_id}/restore")
        play_on(sandbox)
    else:
        begin(ben)

    assert why_gone([notice]) == {notice.pk: "The payout account stands otherwise by now."}


def test_without_any_letter_the_sweep_finds_out(ben, sandbox):
    begin(ben)
    account = ConnectedAccount.objects.get()
    sandbox.onboard(account.remote_id)
    sandbox.collect()
    sandbox.letters.clear()

    days_pass(0.01)
    sweep_all()

    account.refresh_from_db()
    assert account.status == "active"


@pytest.mark.parametrize("country", ["", "us", "XX", "USA", None, 5, "\0\0", "<b>"])
def test_a_country_that_is_none_of_ours_is_refused(ben, country):
    with pytest.raises(InvalidInput) as refusal:
        begin(ben, country)
    assert refusal.value.param == "country"
    assert ConnectedAccount.objects.count() == 0


def test_the_country_cannot_be_changed_once_the_account_is_there(ben, sandbox):
    begin(ben, "US")

    with pytest.raises(WrongState, match="United States"):
        begin(ben, "DE")


def test_nobody_sets_up_for_somebody_else(ada, ben):
    with pytest.raises(NotAllowed):
        start_onboarding(party_id=own_party_of(ben).pk, country="US", by=ada)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_payee_whose_account_is_closed_opens_another(ben, sandbox, is_known):
    account = with_account(sandbox, ben)
    closed = account.remote_id
    close_at_provider(sandbox, account)
    if is_known:
        play_on(sandbox)
        account.refresh_from_db()
        assert account.status == "closed"

    country = "DE" if is_known else "US"  # who does not know is not asked for another
    begin(ben, country)

    account.refresh_from_db()
    assert (account.status, account.country, account.generation) == ("pending", country, 2)
    assert account.past_remote_ids == [closed] and account.remote_id != closed
    play_on(sandbox)  # letters about the closed one are still on their way
    assert not unexplained_events().exists()
    sandbox.onboard(account.remote_id, country=country)
    play_on(sandbox)
    account.refresh_from_db()
    assert account.status == "active"


def test_an_account_that_the_provider_denies_is_restricted_and_waits(ben, sandbox):
    account = with_account(sandbox, ben)
    ConnectedAccount.objects.update(remote_id="acct_nobody_knows")

    account = refresh_account(account_id=account.pk)

    assert (account.status, account.failure_code) == ("restricted", "resource_missing")
    assert account.next_check_at > now()


def test_a_new_name_between_two_tries_does_not_stop_the_second(ben, sandbox, quick_gateway):
    sandbox.trouble({"fault": "timeout_after", "path": ACCOUNTS, "seconds": 0.05})
    with pytest.raises(ProviderUnreachable):
        begin(ben)
    party = own_party_of(ben)
    party.name = "Ben Bell"
    party.save()

    assert begin(ben)


def test_an_account_in_a_country_that_was_changed_meanwhile_is_not_noted(ben, sandbox, monkeypatch):
    opened = StripeGateway.open_account

    def slow(self, **how):
        ConnectedAccount.objects.update(country="DE")
        return opened(self, **how)

    monkeypatch.setattr(StripeGateway, "open_account", slow)
    with pytest.raises(WrongState, match="country was changed"):
        begin(ben)

    assert ConnectedAccount.objects.get().remote_id == ""


@pytest.mark.parametrize("fault", ["timeout_after", "error_500"])
def test_no_answer_is_said_in_words_and_the_next_try_makes_no_second_account(
    ben, sandbox, fault, quick_gateway
):
    sandbox.trouble({"fault": fault, "path": ACCOUNTS, "seconds": 0.05})

    with pytest.raises(ProviderUnreachable, match="did not answer"):
        begin(ben)
    begin(ben)

    assert len(accounts_at(sandbox)) == 1
    assert ConnectedAccount.objects.get().remote_id == accounts_at(sandbox)[0]["id"]


def test_a_refusal_of_the_provider_is_said_in_words(ben, sandbox, monkeypatch):
    monkeypatch.setitem(COUNTRIES, "ZZ", "A country that the provider does not know")

    with pytest.raises(DomainError, match="could not set this up") as refusal:
        begin(ben, "ZZ")
    assert refusal.value.code == "payout_account_refused"


def test_a_refusal_is_noted_and_the_next_try_has_a_new_key(ben, sandbox, monkeypatch):
    monkeypatch.setitem(COUNTRIES, "ZZ", "A country that the provider does not know")
    opened, keys = StripeGateway.open_account, []

    def noted(self, *, key, **how):
        keys.append(key)
        return opened(self, key=key, **how)

    monkeypatch.setattr(StripeGateway, "open_account", noted)
    for _ in range(2):
        with pytest.raises(DomainError):
            begin(ben, "ZZ")
    account = ConnectedAccount.objects.get()
    assert account.failure_code and account.remote_id == ""
    assert len(set(keys)) == 2

    begin(ben, "US")

    account.refresh_from_db()
    assert (account.failure_code, account.country) == ("", "US")
    assert account.remote_id == accounts_at(sandbox)[0]["id"]


def test_a_key_that_the_provider_does_not_know_is_no_refusal(ben, sandbox, settings):
    settings.STRIPE_SECRET_KEY = "not a key"

    with pytest.raises(ProviderUnreachable, match="did not answer"):
        begin(ben)


def test_asking_for_an_account_that_was_never_made_changes_nothing(ben):
    account = ConnectedAccount.objects.create(party=own_party_of(ben), country="US")

    assert refresh_account(account_id=account.pk).status == "new"
