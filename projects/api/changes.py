"""Changes of an agreement that both sides signed: proposed, countered, answered."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.selectors import signed_in
from marketplace.common.api import idempotent
from projects.agreements.changes import services
from projects.agreements.changes.asking import services as asking
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.selectors import changes_of
from projects.api.change_previews import ChangePreviewView
from projects.api.change_shapes import (
    ChangeOrderIn,
    ChangeOrderOut,
    EndingIn,
    ExtensionIn,
    WholeChangeOrderOut,
)
from projects.api.leaving import LeaveView
from projects.api.signing import SignatureIn, confirmation_in, confirmed
from projects.contracts.models import Contract
from projects.contracts.selectors import contracts_of
from projects.holds.handing.services import hand_over_by_agreement
from projects.milestones.selectors import milestones_of


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
        order = asking.propose_extension(
            milestone_id=milestone.pk, by=request.user, **confirmed(request, body.validated_data)
        )
        return _shown(request, order, status=status.HTTP_201_CREATED)


class EndingsView(APIView):
    @extend_schema(request=EndingIn, responses={201: WholeChangeOrderOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Propose to end the contract by consent: all of its open milestones, and it with them."""
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        body = EndingIn(data=request.data)
        body.is_valid(raise_exception=True)
        given = confirmed(request, body.validated_data)
        parts = [(part["milestone"], part["to_freelancer"]) for part in given.pop("parts")]
        propose = hand_over_by_agreement if given.pop("hand_over") else asking.propose_ending
        order = propose(contract_id=contract.pk, by=signed_in(request.user), parts=parts, **given)
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
        "contracts/<str:public_id>/change-orders/preview/",
        ChangePreviewView.as_view(),
        name="api-contract-changes-preview",
    ),
    path("contracts/<str:public_id>/leave/", LeaveView.as_view(), name="api-contract-leave"),
    path("contracts/<str:public_id>/endings/", EndingsView.as_view(), name="api-contract-endings"),
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
