"""Stripe, by its official SDK: the same code for the sandbox process and the real thing."""

import stripe

from payments.gateway import reading
from payments.gateway.base import (
    Gateway,
    RemoteAccount,
    RemoteCharge,
    RemotePayment,
    RemotePayout,
    RemoteRefund,
    RemoteTransfer,
    State,
)
from payments.gateway.connecting import client
from payments.gateway.outcomes import three_outcomes

ACCOUNT_PARTS = ["configuration.recipient", "requirements"]


def gateway(*, at_the_door: bool = False) -> Gateway:
    """The provider of this house, as the settings name it; ``at_the_door`` a person waits."""
    return StripeGateway(client(at_the_door=at_the_door))


class StripeGateway:
    """Keeps the promise of ``base.Gateway``."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    # --- Money in ------------------------------------------------------------------------------

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
    ) -> RemotePayment:
        ours = {"payment": payment}
        line = {
            "quantity": 1,
            "price_data": {
                "currency": currency.lower(),
                "unit_amount": amount,
                "product_data": {"name": title},
            },
        }
        with three_outcomes():
            session = self._client.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "line_items": [line],
                    "client_reference_id": payment,
                    "metadata": ours,
                    "payment_intent_data": {
                        "metadata": ours,
                        "description": title,
                        "transfer_group": transfer_group,
                    },
                    "success_url": return_url,
                    "cancel_url": return_url,
                },
                {"idempotency_key": key},
            )
        return reading.payment_of(session)

    def payment_on(self, session_id: str) -> RemotePayment:
        with three_outcomes():
            session = self._client.v1.checkout.sessions.retrieve(
                session_id, {"expand": ["payment_intent.latest_charge"]}
            )
        return reading.payment_of(session)

    def expire_pay_page(self, session_id: str) -> RemotePayment:
        with three_outcomes():
            session = self._client.v1.checkout.sessions.expire(
                session_id, {"expand": ["payment_intent.latest_charge"]}
            )
        return reading.payment_of(session)

    def charge(self, remote_id: str) -> RemoteCharge:
        with three_outcomes():
            charge = self._client.v1.charges.retrieve(
                remote_id, {"expand": ["balance_transaction"]}
            )
        return reading.charge_of(charge)

    # --- Money back ----------------------------------------------------------------------------

    def send_refund(
        self, *, key: str, refund: str, attempt: int, charge_id: str, amount: int
    ) -> RemoteRefund:
        with three_outcomes():
            sent = self._client.v1.refunds.create(
                {
                    "charge": charge_id,
                    "amount": amount,
                    "metadata": {"refund": refund, "attempt": str(attempt)},
                },
                {"idempotency_key": key},
            )
        return reading.refund_of(sent)

    def refund(self, remote_id: str) -> RemoteRefund:
        with three_outcomes():
            return reading.refund_of(self._client.v1.refunds.retrieve(remote_id))

    def find_refund(self, *, refund: str, attempt: int, charge_id: str) -> RemoteRefund | None:
        failed = None
        with three_outcomes():
            found = self._client.v1.refunds.list({"charge": charge_id, "limit": 100})
            for one in found.auto_paging_iter():
                remote = reading.refund_of(one)
                if remote.refund == refund and remote.state != State.FAILED:
                    return remote
                if (remote.refund, remote.attempt) == (refund, attempt):
                    failed = remote
        return failed

    # --- Payees --------------------------------------------------------------------------------

    def open_account(
        self, *, key: str, party: str, name: str, email: str, country: str
    ) -> RemoteAccount:
        with three_outcomes():
            account = self._client.v2.core.accounts.create(
                {
                    "contact_email": email,
                    "display_name": name,
                    "dashboard": "express",
                    "identity": {"country": country.lower()},
                    "defaults": {
                        "responsibilities": {
                            "fees_collector": "application",
                            "losses_collector": "application",
                        }
                    },
                    "configuration": {
                        "recipient": {
                            "capabilities": {
                                "stripe_balance": {"stripe_transfers": {"requested": True}}
                            }
                        }
                    },
                    "metadata": {"party": party},
                    "include": ACCOUNT_PARTS,
                },
                {"idempotency_key": key},
            )
        return reading.account_of(account)

    def hold_payouts(self, account: str) -> None:
        with three_outcomes():
            self._client.v1.balance_settings.update(
                {"payments": {"payouts": {"schedule": {"interval": "manual"}}}},
                {"stripe_account": account},
            )

    def account(self, remote_id: str) -> RemoteAccount:
        with three_outcomes():
            account = self._client.v2.core.accounts.retrieve(remote_id, {"include": ACCOUNT_PARTS})
        return reading.account_of(account)

    def onboarding_link(self, account: str, *, return_url: str, refresh_url: str) -> str:
        with three_outcomes():
            link = self._client.v2.core.account_links.create(
                {
                    "account": account,
                    "use_case": {
                        "type": "account_onboarding",
                        "account_onboarding": {
                            # All that we show as asked for, also what is not due yet.
                            "collection_options": {"fields": "eventually_due"},
                            "return_url": return_url,
                            "refresh_url": refresh_url,
                        },
                    },
                }
            )
        return link.url

    def dashboard_link(self, account: str) -> str:
        with three_outcomes():
            return self._client.v1.accounts.login_links.create(account).url

    # --- Money out -----------------------------------------------------------------------------

    def send_transfer(
        self, *, key: str, payout: str, account: str, amount: int, currency: str
    ) -> RemoteTransfer:
        with three_outcomes():
            sent = self._client.v1.transfers.create(
                {
                    "amount": amount,
                    "currency": currency.lower(),
                    "destination": account,
                    "transfer_group": payout,
                    "metadata": {"payout": payout},
                },
                {"idempotency_key": key},
            )
        return reading.transfer_of(sent)

    def find_transfer(self, *, payout: str) -> RemoteTransfer | None:
        with three_outcomes():
            found = self._client.v1.transfers.list({"transfer_group": payout, "limit": 1})
        return reading.transfer_of(found.data[0]) if found.data else None

    def reverse_transfer(self, *, key: str, transfer_id: str, amount: int) -> str:
        with three_outcomes():
            reversal = self._client.v1.transfers.reversals.create(
                transfer_id, {"amount": amount}, {"idempotency_key": key}
            )
        return reversal.id

    def find_reversal(self, *, transfer_id: str) -> str:
        with three_outcomes():
            transfer = self._client.v1.transfers.retrieve(transfer_id)
            if transfer.amount_reversed != transfer.amount:
                return ""
            found = self._client.v1.transfers.reversals.list(transfer_id, {"limit": 1})
        return found.data[0].id if found.data else ""

    def send_payout(
        self, *, key: str, payout: str, attempt: int, account: str, amount: int, currency: str
    ) -> RemotePayout:
        with three_outcomes():
            sent = self._client.v1.payouts.create(
                {
                    "amount": amount,
                    "currency": currency.lower(),
                    "metadata": {"payout": payout, "attempt": str(attempt)},
                },
                {"idempotency_key": key, "stripe_account": account},
            )
        return reading.payout_of(sent, account)

    def payout(self, remote_id: str, *, account: str) -> RemotePayout:
        with three_outcomes():
            found = self._client.v1.payouts.retrieve(remote_id, {}, {"stripe_account": account})
        return reading.payout_of(found, account)

    def find_payout(self, *, payout: str, attempt: int, account: str) -> RemotePayout | None:
        with three_outcomes():
            found = self._client.v1.payouts.list({"limit": 100}, {"stripe_account": account})
            for one in found.auto_paging_iter():
                remote = reading.payout_of(one, account)
                if (remote.payout, remote.attempt) == (payout, attempt):
                    return remote
        return None
