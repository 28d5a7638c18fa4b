"""Whatever is done, every balance is the sum of its transactions, and nothing comes from nowhere.

Money enters by charges and top-ups and leaves by refunds, payouts, disputes and
fees; a transfer only changes hands. So over all accounts: balances = what came
in − what went out.
"""

import os
from typing import Any

import stripe
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.stripe_sandbox.definitions import WHERE, Definitions
from tests.stripe_sandbox.play import DAY, Play

KNOWN = Definitions(WHERE) if WHERE else None
CARDS = ["4242424242424242", "4000000000000077", "4000000000005126", "4000000000007726",
         "4000000000000259", "4000000000000002"]  # fmt: skip
BANKS = ["000123456789", "000111111116", "000777777777"]
TOKENS = ["pm_card_visa", "pm_card_bypassPending", "pm_card_chargeDeclined",
          "pm_card_createDisputeInquiry", "pm_card_authenticationRequired",
          "pm_usBankAccount_success", "pm_usBankAccount_accountClosed",
          "pm_usBankAccount_refundAsksOwner"]  # fmt: skip
AMOUNTS = st.integers(50, 20_000)
ENTERS = {"charge", "topup"}
LEAVES = {"refund", "refund_failure", "payout", "payout_failure", "payout_cancel", "adjustment"}
OF_DEBITS = {"payment", "payment_refund"}  # … on the platform; a payee's come from a transfer
CHANGES_HANDS = {"transfer", "transfer_refund", "payment", "payment_refund"}


class Market(RuleBasedStateMachine):
    """Random deeds; refusals are fine, wrong sums are not."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Play()
        self.accounts = [self.play.freelancer(bank) for bank in BANKS]
        self.transfers: list[str] = []
        self.charges: list[str] = []
        self.intents: list[str] = []
        self.payouts: list[tuple[str, str]] = []

    def teardown(self) -> None:
        events = self.play.events()
        self.play.close()
        if KNOWN is not None:
            assert [found for event in events for found in KNOWN.event_problems(event)] == []

    def attempt(self, deed: Any, *args: Any) -> Any:
        try:
            return deed(*args)
        except (stripe.InvalidRequestError, stripe.CardError):
            return None

    @rule(amount=AMOUNTS, card=st.sampled_from(CARDS))
    def pay(self, amount, card):
        session = self.play.session(amount)
        self.play.submit(session.url, card_number=card)
        session = self.play.stripe.v1.checkout.sessions.retrieve(
            session.id, {"expand": ["payment_intent"]}
        )
        self.charges.append(session.payment_intent.latest_charge)

    @rule(
        amount=AMOUNTS,
        token=st.sampled_from(TOKENS),
        how=st.sampled_from(["automatic", "automatic_async", "manual"]),
        share=st.sampled_from([0, 40, 100]),
    )
    def pay_by_intent(self, amount, token, how, share):
        params = {"amount": amount, "currency": "usd", "capture_method": how}
        intent = self.play.stripe.v1.payment_intents.create(params)
        self.intents.append(intent.id)
        service = self.play.stripe.v1.payment_intents
        self.attempt(service.confirm, intent.id, {"payment_method": token})
        if share:
            taken = {"amount_to_capture": amount * share // 100}
            self.attempt(service.capture, intent.id, taken)
        intent = service.retrieve(intent.id)
        if intent.latest_charge:
            self.charges.append(intent.latest_charge)

    @precondition(lambda self: self.intents)
    @rule(place=st.integers(0), answer=st.sampled_from(["complete", "fail"]))
    def authenticate(self, place, answer):
        id = self.intents[place % len(self.intents)]
        self.play.submit(f"{self.play.url}/authenticate/{id}", answer=answer)

    @precondition(lambda self: self.intents)
    @rule(place=st.integers(0))
    def cancel_intent(self, place):
        id = self.intents[place % len(self.intents)]
        self.attempt(self.play.stripe.v1.payment_intents.cancel, id)

    @rule()
    def cancel_a_refund(self):
        for refund in self.play.stripe.v1.refunds.list({"limit": 3}).data:
            self.attempt(self.play.stripe.v1.refunds.cancel, refund.id)

    @rule(amount=AMOUNTS)
    def top_up(self, amount):
        self.play.control("/topups", {"amount": amount, "currency": "usd"})

    @rule(seconds=st.sampled_from([1, 5, 3_600, DAY, 3 * DAY]))
    def wait(self, seconds):
        self.play.advance(seconds)

    @rule(amount=AMOUNTS, to=st.integers(0, 2), from_charge=st.booleans(), place=st.integers(0))
    def transfer(self, amount, to, from_charge, place):
        params: dict[str, Any] = {
            "amount": amount,
            "currency": "usd",
            "destination": self.accounts[to],
        }
        if from_charge and self.charges:
            params["source_transaction"] = self.charges[place % len(self.charges)]
        made = self.attempt(self.play.stripe.v1.transfers.create, params)
        if made is not None:
            self.transfers.append(made.id)

    @precondition(lambda self: self.transfers)
    @rule(place=st.integers(0), amount=AMOUNTS)
    def reverse(self, place, amount):
        id = self.transfers[place % len(self.transfers)]
        self.attempt(self.play.stripe.v1.transfers.reversals.create, id, {"amount": amount})

    @precondition(lambda self: self.charges)
    @rule(place=st.integers(0), amount=AMOUNTS)
    def refund(self, place, amount):
        id = self.charges[place % len(self.charges)]
        self.attempt(self.play.stripe.v1.refunds.create, {"charge": id, "amount": amount})

    @rule(of=st.integers(0, 2), amount=AMOUNTS)
    def pay_out(self, of, amount):
        account = self.accounts[of]
        made = self.attempt(
            self.play.stripe.v1.payouts.create,
            {"amount": amount, "currency": "usd"},
            {"stripe_account": account},
        )
        if made is not None:
            self.payouts.append((account, made.id))

    @precondition(lambda self: self.payouts)
    @rule(place=st.integers(0))
    def cancel_payout(self, place):
        account, id = self.payouts[place % len(self.payouts)]
        self.attempt(self.play.stripe.v1.payouts.cancel, id, None, {"stripe_account": account})

    @rule(of=st.integers(0, 2))
    def change_the_bank_account(self, of):
        link = self.play.stripe.v1.accounts.login_links.create(self.accounts[of])
        self.play.submit(link.url, account_number="000123456789")

    @rule(outcome=st.sampled_from(["won", "lost"]))
    def rule_on_a_dispute(self, outcome):
        for dispute in self.play.stripe.v1.disputes.list({"limit": 1}).data:
            if dispute.status == "needs_response":
                self.play.control(f"/disputes/{dispute.id}/close", {"outcome": outcome})

    @invariant()
    def every_balance_is_the_sum_of_its_transactions(self):
        total = flows = between = 0
        for account in (None, *self.accounts):
            options = {"stripe_account": account} if account else {}
            listed = self.play.stripe.v1.balance_transactions.list({"limit": 100}, options)
            booked = list(listed.auto_paging_iter())
            for one in booked:
                assert one.net == one.amount - one.fee
                assert one.fee == sum(detail.amount for detail in one.fee_details)
                assert one.type in ENTERS | LEAVES | CHANGES_HANDS
            nets = {
                status: sum(one.net for one in booked if one.status == status)
                for status in ("available", "pending")
            }
            assert nets["available"] == self.play.available(account)
            assert nets["pending"] == self.play.pending(account)
            total += sum(nets.values())
            outside = ENTERS | LEAVES | (set() if account else OF_DEBITS)
            flows += sum(one.net for one in booked if one.type in outside)
            between += sum(one.net for one in booked if one.type not in outside)
        assert between == 0
        assert total == flows

    @invariant()
    def no_connected_account_is_overdrawn(self):
        for account in self.accounts:
            assert self.play.available(account) >= 0

    @invariant()
    def no_charge_gives_back_more_than_it_took(self):
        for charge in self.play.stripe.v1.charges.list({"limit": 100}).data:
            back = self.play.stripe.v1.refunds.list({"charge": charge.id, "limit": 100}).data
            alive = [one for one in back if one.status not in ("failed", "canceled")]
            assert charge.amount_refunded == sum(one.amount for one in alive) <= charge.amount
            moved = [one.amount for one in alive if one.balance_transaction]
            assert sum(moved) <= charge.amount_captured

    @invariant()
    def what_was_received_is_what_was_captured(self):
        expanded = {"limit": 100, "expand": ["data.latest_charge.balance_transaction"]}
        for intent in self.play.stripe.v1.payment_intents.list(expanded).data:
            charge = intent.latest_charge
            held = charge is not None and charge.status == "succeeded" and not charge.captured
            alive = intent.status == "requires_capture"
            assert intent.amount_capturable == (charge.amount if held and alive else 0)
            if intent.status == "succeeded":
                assert intent.amount_received == charge.amount_captured
                booked = charge.balance_transaction
                assert booked is None or booked.amount == charge.amount_captured
            else:
                assert intent.amount_received == 0
                assert charge is None or charge.balance_transaction is None


Market.TestCase.settings = settings(
    max_examples=int(os.environ.get("MARKET_EXAMPLES", "8")),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestMarket = Market.TestCase
