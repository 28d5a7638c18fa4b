"""Changes of an agreement that both sides signed: proposed, countered, answered."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import idempotent
from marketplace.common.shapes import AmountIn, DeadlineIn
from projects.agreements.changes import services
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.selectors import changes_of, effect_now, open_steps
from projects.api.signing import SignatureIn, confirmation_in, confirmed
from projects.bids.terms import LONGEST_CRITERION, LONGEST_MILESTONE_TITLE
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of
from projects.milestones.selectors import milestones_of


class EffectOut(serializers.Serializer):
    """What accepting it would do now: amounts in minor units, fees included in both sums."""

    price = serializers.IntegerField(help_text="What the contract would be about.")
    returned = serializers.IntegerField(help_text="What the client gets back at once.")
    missing = serializers.IntegerField(help_text="What the client pays in afterwards.")
    is_unguarded = serializers.BooleanField(
        help_text="Whether work that is handed in is not approved by silence until that is paid."
    )


class ChangeOrderOut(serializers.ModelSerializer):
    """A proposed difference. Each of ``changes`` names a milestone by its position and has

    ``amount``, ``due_at`` or ``criteria`` with what it is ``from`` and ``to``; or ``drop``; or
    ``add`` with a new milestone.
    """

    id = serializers.CharField(source="public_id")
    contract = serializers.CharField(source="contract.public_id")
    currency = serializers.CharField(source="contract.currency")
    counters = serializers.CharField(source="counters.public_id", default=None, allow_null=True)
    status = serializers.ChoiceField(ChangeOrder.Status.choices, source="state")
    proposed_by = serializers.CharField(source="proposed_by_role")
    changes = serializers.ListField(child=serializers.DictField())
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
            "note",
            "created_at",
            "answer_due_at",
            "closed_at",
            "next_steps",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, order: ChangeOrder) -> list[str]:
        return open_steps(order, role_in(order.contract, self.context["request"].user))


class WholeChangeOrderOut(ChangeOrderOut):
    """The same, and what accepting it would move; null with the reason where it cannot be."""

    effect = serializers.SerializerMethodField()
    refusal = serializers.SerializerMethodField()

    class Meta(ChangeOrderOut.Meta):
        fields = [*ChangeOrderOut.Meta.fields, "effect", "refusal"]

    @extend_schema_field(EffectOut(allow_null=True))
    def get_effect(self, order: ChangeOrder) -> dict | None:
        effect = self._now(order)[0]
        return EffectOut(effect).data if effect else None

    @extend_schema_field(serializers.CharField())
    def get_refusal(self, order: ChangeOrder) -> str:
        return self._now(order)[1]

    def _now(self, order: ChangeOrder) -> tuple[Any, str]:
        if order.state != ChangeOrder.Status.PROPOSED:
            return None, ""
        return effect_now(order)


class WishIn(serializers.Serializer):
    """One milestone; what is left out stays as it is. Without ``milestone``: a new one."""

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


class NoteIn(serializers.Serializer):
    note = serializers.CharField(
        max_length=services.LONGEST_NOTE, required=False, default="", allow_blank=True
    )


class ChangeOrderIn(NoteIn, SignatureIn):
    changes = WishIn(many=True, max_length=50)


class ExtensionIn(NoteIn, SignatureIn):
    due_at = DeadlineIn(
        help_text="The new date of delivery: a moment with its time zone, or a day alone, which is "
        "its last minute where you live."
    )


class ContractChangesView(ListAPIView):
    serializer_class = ChangeOrderOut

    def get_queryset(self) -> QuerySet[ChangeOrder]:
        return changes_of(self.request.user).filter(contract=self._contract())

    def _contract(self) -> Contract:
        return get_object_or_404(
            contracts_of(self.request.user), public_id=self.kwargs["public_id"]
        )

    def get(self, request: Request, public_id: str) -> Response:
        """Every change that was proposed to this agreement, newest first."""
        return self.list(request)

    @extend_schema(request=ChangeOrderIn, responses={201: WholeChangeOrderOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Propose to change the agreement; nothing changes until the other side accepts."""
        contract = self._contract()
        order = services.propose_change(contract_id=contract.pk, by=request.user, **_asked(request))
        return _shown(request, order, status=status.HTTP_201_CREATED)


class ExtensionsView(APIView):
    @extend_schema(request=ExtensionIn, responses={201: WholeChangeOrderOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Ask for another date of delivery: a change of that alone."""
        milestone = get_object_or_404(milestones_of(request.user), public_id=public_id)
        body = ExtensionIn(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        order = services.propose_extension(
            milestone_id=milestone.pk, by=request.user, **confirmed(request, body.validated_data)
        )
        return _shown(request, order, status=status.HTTP_201_CREATED)


class ChangeOrderView(RetrieveAPIView):
    """One change, with what accepting it would move."""

    serializer_class = WholeChangeOrderOut
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[ChangeOrder]:
        return changes_of(self.request.user)


class CounterView(APIView):
    @extend_schema(request=ChangeOrderIn, responses={201: WholeChangeOrderOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Answer with another proposal instead: the other side answers next."""
        order = _order(request, public_id)
        order = services.counter_change(order_id=order.pk, by=request.user, **_asked(request))
        return _shown(request, order, status=status.HTTP_201_CREATED)


class AcceptView(APIView):
    @extend_schema(request=SignatureIn, responses=WholeChangeOrderOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Sign the next version of the agreement; the money follows at once."""
        order, how = _order(request, public_id), confirmation_in(request)
        return _shown(request, services.accept_change(order_id=order.pk, by=request.user, **how))


class DeclineView(APIView):
    @extend_schema(request=None, responses=WholeChangeOrderOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say no to the other side's change: nothing changes."""
        return _answer(request, public_id, services.decline_change)


class WithdrawView(APIView):
    @extend_schema(request=None, responses=WholeChangeOrderOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take your own change back while it is not answered."""
        return _answer(request, public_id, services.withdraw_change)


def _asked(request: Request) -> dict[str, Any]:
    body = ChangeOrderIn(data=request.data, context={"request": request})
    body.is_valid(raise_exception=True)
    given = confirmed(request, body.validated_data)
    return given | {"wishes": [Wish(**wish) for wish in given.pop("changes")]}


def _answer(request: Request, public_id: str, deed: Callable[..., ChangeOrder]) -> Response:
    return _shown(request, deed(order_id=_order(request, public_id).pk, by=request.user))


def _order(request: Request, public_id: str) -> ChangeOrder:
    return get_object_or_404(changes_of(request.user), public_id=public_id)


def _shown(request: Request, order: ChangeOrder, *, status: int = status.HTTP_200_OK) -> Response:
    found = changes_of(request.user).get(pk=order.pk)
    return Response(WholeChangeOrderOut(found, context={"request": request}).data, status=status)


ROUTES = [
    path(
        "contracts/<str:public_id>/change-orders/",
        ContractChangesView.as_view(),
        name="api-contract-changes",
    ),
    path(
        "milestones/<str:public_id>/extensions/",
        ExtensionsView.as_view(),
        name="api-milestone-extensions",
    ),
    path("change-orders/<str:public_id>/", ChangeOrderView.as_view(), name="api-change"),
    path("change-orders/<str:public_id>/accept/", AcceptView.as_view(), name="api-change-accept"),
    path(
        "change-orders/<str:public_id>/decline/", DeclineView.as_view(), name="api-change-decline"
    ),
    path(
        "change-orders/<str:public_id>/counter/", CounterView.as_view(), name="api-change-counter"
    ),
    path(
        "change-orders/<str:public_id>/withdraw/",
        WithdrawView.as_view(),
        name="api-change-withdraw",
    ),
]
