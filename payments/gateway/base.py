"""What we ask of a payment provider, in our own words.

Each question has three outcomes: an answer, ``GatewayRefused`` (a definite no: nothing was done)
or ``GatewayUnknown`` (no clear answer: it may have been done). Unknown is never treated as failed:
the same question is asked again under the same key, or the provider is asked what it has.

Amounts are minor units, currencies are capitals, and ``key`` is an idempotency key that the caller
has committed before the call.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class GatewayRefused(Exception):
    """The provider said no. ``code`` is for machines, ``message`` for people.

    ``retry_later``: nothing is wrong with what was asked, it is only too early (no cover yet).
    """

    def __init__(self, code: str, message: str, *, retry_later: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.retry_later = code, message, retry_later


class GatewayUnknown(Exception):
    """Nobody knows what became of the call: no answer, or not a clear one."""


class GatewayBusy(GatewayUnknown):
    """It was asked too often, or would be: nothing is done before ``seconds`` have passed.

    A kind of unknown, as nobody looks further: what was asked is asked again, under the same key.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"The provider is busy for {seconds} s.")
        self.seconds = seconds


class BadSignature(Exception):
    """A letter that does not come from the provider."""


class PaymentState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class State(StrEnum):
    """Of a refund or a bank payout."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class RemotePayment:
    """A pay page and what happened on it; ``payment`` is our public id, as noted there.

    ``is_sent``: the payer has done all that is theirs, and their bank brings it, which takes days.
    ``card`` is the provider's fingerprint of the card or bank account, the same whenever it pays;
    "" where something else paid. ``paid_at`` is when it was charged, by the provider's clock in
    whole seconds: from then on the provider holds it.
    """

    session_id: str
    payment: str
    state: PaymentState
    amount: int
    currency: str
    url: str = ""
    expires_at: datetime | None = None
    intent_id: str = ""
    charge_id: str = ""
    card: str = ""
    paid_at: datetime | None = None
    failure_code: str = ""
    is_sent: bool = False


@dataclass(frozen=True)
class RemoteCharge:
    """``fee`` is what the provider keeps of it; None until the provider has booked it.

    ``fee_currency`` may differ from the charge's. ``failed_by`` is the movement that took it back
    where its bank did not pay after all, or no longer.
    """

    remote_id: str
    payment: str
    amount: int
    currency: str
    fee: int | None = None
    fee_currency: str = ""
    failed_by: str = ""


@dataclass(frozen=True)
class RemoteRefund:
    """``refund`` and ``attempt`` are ours, as noted there; empty and 0 where it is not of ours.

    ``booked``: the provider has taken it from our balance.
    """

    remote_id: str
    refund: str
    attempt: int
    charge_id: str
    state: State
    amount: int
    currency: str
    failure_code: str = ""
    booked: bool = False


@dataclass(frozen=True)
class RemoteTransfer:
    """``payout`` is ours, as noted there; empty where it is not of ours."""

    remote_id: str
    amount: int
    amount_reversed: int
    currency: str
    destination: str
    payout: str = ""


@dataclass(frozen=True)
class RemoteReversal:
    """A transfer, or a part of it, that was taken back."""

    remote_id: str
    transfer_id: str
    amount: int
    currency: str


@dataclass(frozen=True)
class RemotePayout:
    """``payout`` and ``attempt`` are ours, as noted there; empty and 0 where it is not of ours.
    ``arrives_at`` is when the provider expects it at the bank.
    """

    remote_id: str
    account: str
    payout: str
    attempt: int
    state: State
    amount: int
    currency: str
    failure_code: str = ""
    arrives_at: datetime | None = None


@dataclass(frozen=True)
class RemoteAccount:
    """``can_receive``: transfers to it are possible right now."""

    remote_id: str
    can_receive: bool
    closed: bool
    requirements: list[str] = field(default_factory=list)


RemoteObject = RemoteCharge | RemoteRefund | RemoteTransfer | RemoteReversal | RemotePayout


@dataclass(frozen=True)
class RemoteMovement:
    """A change of a balance at the provider; ``net`` is signed, and less ``fee``.

    ``of`` is what moved it, as it stands now, where that was asked for and is of a kind we know.
    """

    remote_id: str
    kind: str
    net: int
    currency: str
    source: str
    of: RemoteObject | None = None
    booked_at: datetime | None = None
    fee: int = 0


@dataclass(frozen=True)
class MovementsPage:
    """At most a hundred movements, newest first; ``after`` asks for the next page, if any."""

    movements: list[RemoteMovement]
    after: str = ""


@dataclass(frozen=True)
class Letter:
    """An event as it was sent. ``account`` is the connected account it is about, if it is."""

    remote_id: str
    kind: str
    account: str
    payload: dict[str, Any]


class Gateway(Protocol):
    """All that the house ever asks. Every method may raise GatewayRefused or GatewayUnknown."""

    def open_pay_page(
        self,
        *,
        key: str,
        payment: str,
        transfer_group: str,
        title: str,
        amount: int,
        currency: str,
        return_url: str,
    ) -> RemotePayment: ...

    def payment_on(self, session_id: str) -> RemotePayment: ...

    def expire_pay_page(self, session_id: str) -> RemotePayment: ...

    def charge(self, remote_id: str) -> RemoteCharge: ...

    def send_refund(
        self, *, key: str, refund: str, attempt: int, charge_id: str, amount: int
    ) -> RemoteRefund: ...

    def refund(self, remote_id: str) -> RemoteRefund: ...

    def find_refund(self, *, refund: str, attempt: int, charge_id: str) -> RemoteRefund | None:
        """However long ago: of whatever attempt if it has not failed, or else of this one."""

    def open_account(
        self, *, key: str, party: str, name: str, email: str, country: str
    ) -> RemoteAccount: ...

    def hold_payouts(self, account: str) -> None:
        """No payouts by the provider's own timetable: ours are made by us."""

    def account(self, remote_id: str) -> RemoteAccount: ...

    def onboarding_link(self, account: str, *, return_url: str, refresh_url: str) -> str:
        """Where a payee hands in what is asked of them, and nothing else."""

    def dashboard_link(self, account: str) -> str:
        """Where a payee of whom nothing is asked changes their bank account; refused to whoever
        has not handed in what was asked at first.
        """

    def send_transfer(
        self, *, key: str, payout: str, account: str, amount: int, currency: str
    ) -> RemoteTransfer: ...

    def find_transfer(self, *, payout: str) -> RemoteTransfer | None:
        """The transfer made for this payout, however long ago."""

    def reverse_transfer(self, *, key: str, transfer_id: str, amount: int) -> str:
        """The id of the reversal."""

    def find_reversal(self, *, transfer_id: str) -> str:
        """The id of the newest reversal of a transfer that was taken back as a whole, however long
        ago; empty where it was not.
        """

    def send_payout(
        self,
        *,
        key: str,
        payout: str,
        attempt: int,
        account: str,
        amount: int,
        currency: str,
    ) -> RemotePayout: ...

    def payout(self, remote_id: str, *, account: str) -> RemotePayout: ...

    def find_payout(self, *, payout: str, attempt: int, account: str) -> RemotePayout | None:
        """The bank payout of this attempt, however long ago."""
