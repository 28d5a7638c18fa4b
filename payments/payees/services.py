"""How a payee comes to be paid: an account at the provider, set up on the provider's page."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accounts.notifications.services import notify
from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, people_of
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import (
    DomainError,
    InvalidInput,
    NotAllowed,
    WrongState,
)
from marketplace.common.words import Words
from payments.gateway.base import Gateway, GatewayRefused, GatewayUnknown, RemoteAccount
from payments.gateway.outcomes import unreachable
from payments.gateway.stripe import gateway
from payments.payees.models import ConnectedAccount
from payments.payees.selectors import COUNTRIES

A = ConnectedAccount.Status

# Letters tell of changes; this is for those that were lost.
FIRST_ASK = timedelta(minutes=2)
LONGEST_WAIT = timedelta(days=1)


def start_onboarding(*, party_id: int, country: str, by: User) -> str:
    """The address of the provider's page where the payee sets up or completes their account, or,
    where nothing is asked of them, changes it: the first of these lets nobody do that.

    Not atomic. The account is made once, and another where the provider has closed it; each call
    makes a fresh link, since a link works once and for minutes only. Raises NotAllowed,
    InvalidInput (country), WrongState (another country), DomainError (the provider will not) or
    ProviderUnreachable.
    """
    provider = gateway(at_the_door=True)
    account = _note_wish(party_id=party_id, country=country, by=by)
    try:
        if account.remote_id:
            account = _record(account.pk, provider.account(account.remote_id))
        if account.is_closed:
            account = _note_wish(party_id=party_id, country=country, by=by)
        if not account.remote_id:
            account = _note_opened(account, _open_noting_a_no(account, provider))
        provider.hold_payouts(account.remote_id)
        if account.status == A.ACTIVE and not account.requirements:
            return provider.dashboard_link(account.remote_id)
        return provider.onboarding_link(
            account.remote_id,
            return_url=settings.SITE_URL + reverse("payout-setup-return"),
            refresh_url=settings.SITE_URL + reverse("payout-setup-refresh"),
        )
    except GatewayRefused as refusal:
        raise DomainError(
            f"The payment provider could not set this up: {refusal.message}",
            code="payout_account_refused",
        ) from refusal
    except GatewayUnknown as unknown:
        raise unreachable(unknown, "Please try again in a moment.") from unknown


def refresh_account(*, account_id: int) -> ConnectedAccount:
    """Read the account from the provider and note how it stands. Not atomic.

    Where the provider will not say it is restricted: nothing is paid there until it does. Raises
    GatewayUnknown.
    """
    account = _put_off(account_id)
    if not account.remote_id:
        return account
    try:
        return _record(account_id, gateway().account(account.remote_id))
    except GatewayRefused as refusal:
        return _record_refusal(account_id, account.remote_id, refusal.code)


def refresh_remote_account(*, remote_id: str) -> ConnectedAccount:
    """The same, by the provider's id, also of one that was closed. Raises
    ConnectedAccount.DoesNotExist.
    """
    known = Q(remote_id=remote_id) | Q(past_remote_ids__contains=[remote_id])
    return refresh_account(account_id=ConnectedAccount.objects.get(known).pk)


@transaction.atomic
def _note_wish(*, party_id: int, country: str, by: User) -> ConnectedAccount:
    if not acts_for(by, party_id):
        raise NotAllowed("You cannot set up payouts for somebody else.")
    if country not in COUNTRIES:
        raise InvalidInput("Choose a country of the list.", param="country")
    account, is_new = ConnectedAccount.objects.select_for_update().get_or_create(
        party_id=party_id, defaults={"country": country}
    )
    if account.is_closed:
        _make_room_for_another(account)
    if account.country != country:
        if account.remote_id:
            raise WrongState(
                f"Your payout account is in {COUNTRIES.get(account.country, account.country)}; "
                "its country cannot be changed."
            )
        account.country, is_new = country, True
    if is_new:
        account.country_due_at = now()
        account.save(update_fields=["country", "country_due_at"])
        ring("payments.note_country", party_id)
    return account


def _make_room_for_another(account: ConnectedAccount) -> None:
    """What was closed stays known by its id; its payee begins anew, in whatever country."""
    account.past_remote_ids = [*account.past_remote_ids, account.remote_id]
    account.remote_id = account.failure_code = ""
    account.status, account.requirements = A.NEW, []
    account.generation, account.created_at = account.generation + 1, now()
    account.save()


def _open_noting_a_no(account: ConnectedAccount, provider: Gateway) -> RemoteAccount:
    try:
        return _open(account, provider)
    except GatewayRefused as refusal:
        _note_refused_opening(account, refusal.code)
        raise


@transaction.atomic
def _note_refused_opening(asked: ConnectedAccount, code: str) -> None:
    """A definite no: why, for finance to see, and whoever tries again does so under a new key."""
    account = ConnectedAccount.objects.select_for_update().get(pk=asked.pk)
    if account.remote_id or account.generation != asked.generation:
        return  # another try was faster
    account.failure_code, account.generation = code[:80], account.generation + 1
    account.save(update_fields=["failure_code", "generation"])


def _open(account: ConnectedAccount, provider: Gateway) -> RemoteAccount:
    party = account.party
    person = people_of(party).order_by("pk").first()
    email = person.email if person else ""
    # What is sent is in the key: the provider takes one key with one wording only, and a name, an
    # address or, after a refusal, the country may have changed since.
    wording = hashlib.sha256(f"{party.name}\n{email}".encode()).hexdigest()[:16]
    return provider.open_account(
        key=f"{party.public_id}:account:{account.generation}:{account.country}:{wording}",
        party=party.public_id,
        name=party.name,
        email=email,
        country=account.country,
    )


@transaction.atomic
def _note_opened(sent: ConnectedAccount, remote: RemoteAccount) -> ConnectedAccount:
    """Note the account that was made, if it is still the one that is wanted."""
    account = ConnectedAccount.objects.select_for_update().get(pk=sent.pk)
    if account.country != sent.country:
        raise WrongState("The country was changed meanwhile. Please try again.")
    return _record(account.pk, remote)


@transaction.atomic
def _put_off(account_id: int) -> ConnectedAccount:
    """The next question, before this one is asked: an answer that never comes costs little."""
    account = ConnectedAccount.objects.select_for_update().get(pk=account_id)
    account.next_check_at = _next_ask(account)
    account.save(update_fields=["next_check_at"])
    return account


@transaction.atomic
def _record(account_id: int, remote: RemoteAccount) -> ConnectedAccount:
    account = (
        ConnectedAccount.objects.select_for_update(of=("self",))
        .select_related("party")
        .get(pk=account_id)
    )
    before = account.status
    if account.remote_id not in ("", remote.remote_id):
        return account  # it was read before another one took its place
    account.remote_id, account.failure_code = remote.remote_id, ""
    account.status = _status_of(before, remote)
    account.requirements = remote.requirements
    account.checked_at, account.next_check_at = now(), _next_ask(account)
    account.save()
    if account.status != before:
        _tell(account)
    return account


@transaction.atomic
def _record_refusal(account_id: int, remote_id: str, code: str) -> ConnectedAccount:
    account = ConnectedAccount.objects.select_for_update(of=("self",)).get(pk=account_id)
    if account.remote_id != remote_id or account.is_closed:
        return account
    before = account.status
    account.status, account.failure_code = A.RESTRICTED, code[:80]
    account.checked_at, account.next_check_at = now(), _next_ask(account)
    account.save()
    if account.status != before:
        _tell(account)
    return account


def _status_of(before: str, remote: RemoteAccount) -> str:
    """Who was once active and is not any more is restricted; who never was is unfinished."""
    if remote.closed:
        return A.CLOSED
    if remote.can_receive:
        return A.ACTIVE
    return A.RESTRICTED if before in (A.ACTIVE, A.RESTRICTED) else A.PENDING


def _next_ask(account: ConnectedAccount) -> datetime | None:
    """Often while somebody may be setting it up, ever more rarely when they do not come back."""
    if account.status == A.CLOSED:
        return None
    if account.status == A.ACTIVE:
        return now() + LONGEST_WAIT
    return now() + min(max(FIRST_ASK, (now() - account.created_at) / 8), LONGEST_WAIT)


def _tell(account: ConnectedAccount) -> None:
    text = {
        A.ACTIVE: Words("Your payouts are set up. What you earn is paid out by itself."),
        A.RESTRICTED: Words(
            "The payment provider needs more from you before it can pay you out again."
        ),
        A.CLOSED: Words("Your payout account is closed. Open another: what you have earned waits."),
    }.get(A(account.status))
    if text:
        party: Party = account.party
        notify(
            to=party,
            kind=f"payout_account_{account.status}",
            text=text,
            path=reverse("payout-setup"),
            about=party.public_id,
        )
