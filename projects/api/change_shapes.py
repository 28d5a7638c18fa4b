"""Shapes of changes of an agreement in the API."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from marketplace.common.shapes import AmountIn, DeadlineIn
from projects.agreements.changes import services
from projects.agreements.changes.comparing import since_countered
from projects.agreements.changes.ending import ended_parts
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.outcomes import outcomes_of
from projects.agreements.changes.selectors import effect_now, open_steps, titles_of
from projects.agreements.changes.words import lines_of
from projects.agreements.terms import MOST_REVISIONS
from projects.api.bid_shapes import TermsDifferenceOut
from projects.api.dispute_shapes import SharesOut
from projects.api.signing import SignatureIn
from projects.bids.differences import Line
from projects.bids.terms import LONGEST_CRITERION, LONGEST_MILESTONE_TITLE
from projects.contracts.roles import role_in

HAND_OVER = (
    "As the client: draft a posting with what is left, too, to hire somebody else. It is yours "
    "alone until you publish it."
)


class EffectOut(serializers.Serializer):
    """What accepting it would do now: amounts in minor units, fees included in the client's."""

    price = serializers.IntegerField(help_text="What the contract would be about.")
    returned = serializers.IntegerField(help_text="What the client gets back at once.")
    missing = serializers.IntegerField(help_text="What the client pays in afterwards.")
    paid = serializers.IntegerField(help_text="What the freelancer gets at once, after fees.")
    is_unguarded = serializers.BooleanField(
        help_text="Whether work that is handed in is not approved by silence until that is paid."
    )


class EndedPartOut(serializers.Serializer):
    """One milestone as the end of the contract would leave it."""

    milestone = serializers.CharField(source="milestone.public_id")
    title = serializers.CharField(source="milestone.title")
    held = serializers.IntegerField(help_text="The client's fee included.")
    to_freelancer = serializers.IntegerField(help_text="The part of the price, before fees.")
    shares = SharesOut()


class ChangeOrderOut(serializers.ModelSerializer):
    """A proposed difference. Each of ``changes`` names a milestone by its position and has

    ``amount``, ``due_at``, ``criteria``, ``revisions`` or ``place`` with what it is ``from`` and
    ``to``; or
    ``drop`` with its ``amount`` and what is ``held``, all of which goes back; or ``add`` with a new
    milestone; or, where the whole contract ends, ``end`` with what goes ``to_freelancer`` of its
    price while so much is ``held``. ``differences`` are the same in words, from the agreement as it
    stood when this was proposed; their times are in UTC.
    """

    id = serializers.CharField(source="public_id")
    contract = serializers.CharField(source="contract.public_id")
    currency = serializers.CharField(source="contract.currency")
    counters = serializers.CharField(source="counters.public_id", default=None, allow_null=True)
    status = serializers.ChoiceField(ChangeOrder.Status.choices, source="state")
    proposed_by = serializers.CharField(source="proposed_by_role")
    changes = serializers.ListField(child=serializers.DictField())
    differences = serializers.SerializerMethodField(
        help_text="What it changes, line by line, from what stood when it was proposed."
    )
    is_ending = serializers.BooleanField(help_text="Whether accepting it ends the contract.")
    next_steps = serializers.SerializerMethodField(help_text="What you can do right now.")

    class Meta:
        model = ChangeOrder
        fields = [
            "id",
            "contract",
            "currency",
            "counters",
            "status",
            "proposed_by",
            "changes",
            "differences",
            "is_ending",
            "note",
            "created_at",
            "answer_due_at",
            "closed_at",
            "next_steps",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, order: ChangeOrder) -> list[str]:
        return open_steps(order, role_in(order.contract, self.context["request"].user))

    @extend_schema_field(TermsDifferenceOut(many=True))
    def get_differences(self, order: ChangeOrder) -> list[Any]:
        titles, currency = self._titles(order), order.contract.currency
        with timezone.override(UTC):
            return _in_words(lines_of(order.changes, titles=titles, currency=currency))

    def _titles(self, order: ChangeOrder) -> dict[int, str]:
        """Asked once for all the changes of a contract."""
        known = self.context.setdefault("titles", {})
        if order.contract_id not in known:
            known[order.contract_id] = titles_of(order.contract)
        return known[order.contract_id]


class WholeChangeOrderOut(ChangeOrderOut):
    """The same, and what accepting it would move; null with the reason where it cannot be.

    ``ended`` says of each milestone what its end brings both sides; empty where none ends.
    ``differences_from_countered`` are those from the change that it ``counters``: what would be by
    that one, and what by this; an ``after`` that says “as it stands” leaves alone what that one
    would have changed.
    """

    differences_from_countered = serializers.SerializerMethodField(
        help_text="Empty where it counters none, or says the same."
    )
    outcome = serializers.SerializerMethodField(
        help_text="Who answered it and how, or why it lapsed, in words; empty while it waits."
    )
    effect = serializers.SerializerMethodField()
    refusal = serializers.SerializerMethodField()
    ended = serializers.SerializerMethodField()

    class Meta(ChangeOrderOut.Meta):
        fields = [
            *ChangeOrderOut.Meta.fields,
            "differences_from_countered",
            "outcome",
            "effect",
            "refusal",
            "ended",
        ]

    @extend_schema_field(TermsDifferenceOut(many=True))
    def get_differences_from_countered(self, order: ChangeOrder) -> list[Any]:
        with timezone.override(UTC):
            return _in_words(since_countered(order, self._titles(order)) or [])

    @extend_schema_field(serializers.CharField())
    def get_outcome(self, order: ChangeOrder) -> str:
        return outcomes_of([order])[order.pk].text

    @extend_schema_field(EndedPartOut(many=True))
    def get_ended(self, order: ChangeOrder) -> list[dict]:
        if not order.is_ending or order.state != ChangeOrder.Status.PROPOSED:
            return []
        milestones = order.contract.milestones.select_related("escrow__policy")
        parts = ended_parts(milestones.order_by("place"), order.changes)
        return list(EndedPartOut(parts, many=True).data)

    @extend_schema_field(EffectOut(allow_null=True))
    def get_effect(self, order: ChangeOrder) -> dict | None:
        effect = self._now(order)[0]
        return EffectOut(effect).data if effect else None

    @extend_schema_field(serializers.CharField())
    def get_refusal(self, order: ChangeOrder) -> str:
        return self._now(order)[1]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, order: ChangeOrder) -> list[str]:
        stuck = {"accept"} if self._now(order)[1] else set()
        return [step for step in super().get_next_steps(order) if step not in stuck]

    def _now(self, order: ChangeOrder) -> tuple[Any, str]:
        if order.state != ChangeOrder.Status.PROPOSED:
            return None, ""
        return effect_now(order)


def _in_words(lines: Sequence[Line]) -> list[Any]:
    return list(TermsDifferenceOut(lines, many=True).data)


class WishIn(serializers.Serializer):
    """One milestone; what is left out stays as it is. Without ``milestone``: a new one.

    With ``to_freelancer``, so much of its price, it ends: that ends the contract, and every other
    open milestone has to end with it.
    """

    milestone = serializers.CharField(required=False, default="", max_length=30, allow_blank=True)
    drop = serializers.BooleanField(required=False, default=False)
    title = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=LONGEST_MILESTONE_TITLE
    )
    amount = AmountIn(required=False, allow_null=True, default=None)
    due_at = DeadlineIn(
        required=False,
        allow_null=True,
        default=None,
        help_text="A moment with its time zone, or a day alone: its last minute where you live.",
    )
    criteria = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_CRITERION),
        required=False,
        allow_null=True,
        default=None,
        max_length=100,
    )
    revisions = serializers.IntegerField(
        min_value=0,
        max_value=MOST_REVISIONS,
        required=False,
        allow_null=True,
        default=None,
        help_text="How often changes may be asked for on it, those that were asked for included.",
    )
    place = serializers.IntegerField(
        min_value=1,
        max_value=1_000,
        required=False,
        allow_null=True,
        default=None,
        help_text="Where it is to stand among the milestones, from 1; the others make room. A new "
        "one stands last where this is left out.",
    )
    to_freelancer = AmountIn(least=0, required=False, allow_null=True, default=None)


class NoteIn(serializers.Serializer):
    note = serializers.CharField(
        max_length=services.LONGEST_NOTE, required=False, default="", allow_blank=True
    )


class ChangesIn(serializers.Serializer):
    changes = WishIn(many=True, max_length=50)
    seen = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        default="",
        help_text="The contract's `change_tag` as you read it: nothing is proposed by another. "
        "Where left out, it is a change of whatever stands.",
    )


class ChangeOrderIn(ChangesIn, NoteIn, SignatureIn):
    """What is proposed, and why."""


class ExtensionIn(NoteIn, SignatureIn):
    due_at = DeadlineIn(
        help_text="The new date of delivery: a moment with its time zone, or a day alone, which is "
        "its last minute where you live."
    )


class EndedIn(serializers.Serializer):
    milestone = serializers.CharField(max_length=30)
    to_freelancer = AmountIn(
        least=0, help_text="A part of the price in minor units, up to all of what is held."
    )


class EndingIn(NoteIn, SignatureIn):
    parts = EndedIn(
        many=True,
        required=False,
        default=list,
        max_length=50,
        help_text="Of every other open milestone all goes back to the client.",
    )
    hand_over = serializers.BooleanField(default=False, help_text=HAND_OVER)
