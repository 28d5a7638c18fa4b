"""Money as the API shows it: amounts are whole minor units beside their currency."""

from datetime import datetime

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.common.clock import now
from marketplace.common.lifecycle import OWNER
from payments.fundings.models import OPEN, Payment
from payments.fundings.words import decline_in_words
from payments.payees.models import ConnectedAccount
from payments.payouts.models import LIFECYCLE, Earning, Payout, PayoutAttempt
from payments.payouts.plans.models import PayoutPlan
from payments.payouts.plans.selectors import turn_after
from payments.payouts.words import reason_in_words, reversal_reason_in_words
from payments.policies.models import Policy
from payments.refunds.models import Refund


class RefundOut(serializers.ModelSerializer):
    """A part on its way back to the payer's card, or there since ``closed_at``."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = Refund
        fields = ["id", "amount", "currency", "status", "created_at", "sent_at", "closed_at"]


class PayerPaymentOut(serializers.ModelSerializer):
    """A payment as its payer sees it. ``url`` is the pay page; empty where none is open."""

    id = serializers.CharField(source="public_id")
    paid_for = serializers.CharField(help_text="The escrow that it fills.")
    url = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField(help_text="Why the last try did not go through.")
    refunds = serializers.SerializerMethodField(help_text="How far what goes back of it is.")

    class Meta:
        model = Payment
        fields = [
            "id",
            "paid_for",
            "title",
            "amount",
            "currency",
            "refunded",
            "refunds",
            "status",
            "url",
            "problem",
            "return_path",
            "created_at",
            "expires_at",
            "succeeded_at",
        ]

    @extend_schema_field(RefundOut(many=True))
    def get_refunds(self, payment: Payment) -> list[dict]:
        return RefundOut(payment.refunds.order_by("pk"), many=True).data

    def get_url(self, payment: Payment) -> str:
        return payment.url if payment.status in OPEN else ""

    def get_problem(self, payment: Payment) -> str:
        return decline_in_words(payment.failure_code)


class AttemptOut(serializers.ModelSerializer):
    """One try to send a payout."""

    problem = serializers.SerializerMethodField()

    class Meta:
        model = PayoutAttempt
        fields = ["number", "started_at", "closed_at", "failure_code", "problem"]

    def get_problem(self, attempt: PayoutAttempt) -> str:
        return reason_in_words(attempt.failure_code)


class EarningOut(serializers.ModelSerializer):
    """What one release brought: ``amount`` is ``gross`` less ``fee``. The payment provider holds it
    until ``limit_at``, and ``leaves_by`` is when it goes out by itself at the latest.
    """

    leaves_by = serializers.DateTimeField()

    class Meta:
        model = Earning
        fields = [
            "title",
            "earned_by",
            "gross",
            "fee",
            "amount",
            "currency",
            "earned_at",
            "clears_at",
            "limit_at",
            "leaves_by",
        ]


class PayoutOut(serializers.ModelSerializer):
    """A payout as its payee sees it."""

    id = serializers.CharField(source="public_id")
    problem = serializers.SerializerMethodField(help_text="Why it waits or failed, in words.")
    arrives_at = serializers.DateTimeField(
        allow_null=True,
        help_text="The day on which the payment provider expects it at the bank, as its midnight "
        "in UTC, once it is on its way.",
    )
    cancel_reason = serializers.CharField(help_text="Why finance cancelled it, or empty.")
    cancel_refused_at = serializers.DateTimeField(
        source="reversal_refused_at",
        allow_null=True,
        help_text="When the payment provider last refused to take it back.",
    )
    cancel_problem = serializers.SerializerMethodField(help_text="Why it refused, in words.")
    next_steps = serializers.SerializerMethodField()

    class Meta:
        model = Payout
        fields = [
            "id",
            "amount",
            "currency",
            "status",
            "failure_code",
            "problem",
            "cancel_reason",
            "cancel_refused_at",
            "cancel_problem",
            "created_at",
            "arrives_at",
            "closed_at",
            "next_steps",
        ]

    def get_problem(self, payout: Payout) -> str:
        return reason_in_words(payout.failure_code)

    def get_cancel_problem(self, payout: Payout) -> str:
        return reversal_reason_in_words(payout)

    def get_next_steps(self, payout: Payout) -> list[str]:
        return [] if payout.cancel_wished_at else LIFECYCLE.open_to(OWNER, payout.status)


class PayoutWithStoryOut(PayoutOut):
    """… with its attempts and with what it pays out."""

    attempts = AttemptOut(many=True)
    earnings = EarningOut(many=True)

    class Meta(PayoutOut.Meta):
        fields = [*PayoutOut.Meta.fields, "attempts", "earnings"]


class PayoutIn(serializers.Serializer):
    currency = serializers.CharField(max_length=3)


class SummaryOut(serializers.Serializer):
    """A payee's money in one currency. The four sums never overlap."""

    currency = serializers.CharField()
    clearing = serializers.IntegerField(help_text="Earned, still on hold.")
    available = serializers.IntegerField(help_text="Past its hold, not yet on its way.")
    on_its_way = serializers.IntegerField()
    paid = serializers.IntegerField()
    least = serializers.IntegerField(help_text="What your bank is sent at least.")
    next_clears_at = serializers.DateTimeField(allow_null=True)
    leaves_by = serializers.DateTimeField(
        allow_null=True,
        help_text="When the first of it that waits goes out by itself at the latest, whatever you "
        "chose: the payment provider holds it not much longer.",
    )
    owed = serializers.IntegerField(
        help_text="What you owe after a chargeback. What you earn goes to that first."
    )


class EarningsOut(serializers.Serializer):
    currencies = SummaryOut(many=True)
    clearing = EarningOut(many=True, help_text="The next 50 to clear.")


class LineOut(serializers.Serializer):
    """A movement of your balance; ``amount`` is negative where it goes out."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    title = serializers.CharField()
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    gross = serializers.IntegerField(allow_null=True)
    fee = serializers.IntegerField(allow_null=True)
    about = serializers.CharField(help_text="The escrow or payout it belongs to.")
    book = serializers.CharField(help_text="The hash chain that it is a link of.")
    sequence = serializers.IntegerField(allow_null=True)
    hash = serializers.CharField()


class PayoutAccountIn(serializers.Serializer):
    country = serializers.CharField(max_length=2, help_text="ISO 3166-1 alpha-2.")


class PayoutAccountOut(serializers.ModelSerializer):
    """Where your payouts go. ``requirements`` are what the provider still asks of you."""

    class Meta:
        model = ConnectedAccount
        fields = ["country", "status", "requirements", "created_at", "checked_at"]


class PayoutPlanIn(serializers.Serializer):
    every = serializers.ChoiceField(PayoutPlan.Every.choices)


class PayoutPlanOut(serializers.ModelSerializer):
    """How often you are paid out; ``next_turn`` is null where that has no fixed day."""

    next_turn = serializers.SerializerMethodField()

    class Meta:
        model = PayoutPlan
        fields = ["every", "next_turn"]

    def get_next_turn(self, plan: PayoutPlan) -> datetime | None:
        return turn_after(plan.every, now())


class OnboardingOut(serializers.Serializer):
    url = serializers.URLField(help_text="Open it in a browser; it works once, for minutes.")


class PolicyOut(serializers.ModelSerializer):
    """A version of the rules: fees in basis points of released money, clocks in days."""

    class Meta:
        model = Policy
        exclude = ["id"]
