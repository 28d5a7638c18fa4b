"""Where payees' money goes."""

from datetime import datetime

from django.db.models import QuerySet

from accounts.parties.models import Party
from accounts.parties.selectors import parties_of
from accounts.people.models import User
from payments.payees.models import ConnectedAccount

# Countries whose payees can be paid from here; the provider's cross-border rules allow no others.
COUNTRIES = {
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IT": "Italy",
    "JP": "Japan",
    "KW": "Kuwait",
    "LU": "Luxembourg",
    "NL": "Netherlands",
    "NO": "Norway",
    "NZ": "New Zealand",
    "PL": "Poland",
    "PT": "Portugal",
    "SE": "Sweden",
    "SG": "Singapore",
    "TH": "Thailand",
    "US": "United States",
}


def accounts_of(user: User) -> QuerySet[ConnectedAccount]:
    """The payout accounts of this person and of their parties."""
    return ConnectedAccount.objects.filter(party__in=parties_of(user)).select_related("party")


def account_for(party: Party) -> ConnectedAccount | None:
    return ConnectedAccount.objects.filter(party=party).first()


def country_of(party_id: int) -> str:
    """Where the party is paid out; "" where it has no account yet."""
    found = ConnectedAccount.objects.filter(party=party_id).values_list("country", flat=True)
    return found.first() or ""


def is_ready(party: Party) -> bool:
    """Whether the party can be paid out right now, as far as we were told."""
    account = account_for(party)
    return account is not None and account.status == ConnectedAccount.Status.ACTIVE


def party_ids_of_a_new_country(*, limit: int) -> list[int]:
    """Payees whose held money nobody has measured by their country yet."""
    new = ConnectedAccount.objects.filter(country_due_at__isnull=False).order_by("country_due_at")
    return list(new.values_list("party", flat=True)[:limit])


def due_account_ids(at: datetime, *, limit: int) -> list[int]:
    """Accounts whose change nobody may have told us of."""
    return list(
        ConnectedAccount.objects.filter(next_check_at__lte=at)
        .order_by("next_check_at")
        .values_list("pk", flat=True)[:limit]
    )
