"""The figure that one's own side has sealed in a dispute. The other side's has no address."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.shapes import AmountIn
from projects.contracts.roles import role_in
from projects.disputes.models import Dispute
from projects.disputes.sealed.selectors import own_figure_of
from projects.disputes.sealed.services import seal_figure, withdraw_figure
from projects.disputes.selectors import disputes_of


class SealedOfferOut(serializers.Serializer):
    """What your side has sealed; whether the other side has is told to nobody.

    Once both figures meet the dispute is `closed`, and its `to_freelancer` is their midpoint.
    """

    dispute = serializers.CharField()
    dispute_status = serializers.ChoiceField(Dispute.Status.choices)
    currency = serializers.CharField()
    amount = serializers.IntegerField(
        allow_null=True, help_text="Your side's figure, in minor units; null where none is sealed."
    )
    sealed_at = serializers.DateTimeField(allow_null=True)
    is_in_force = serializers.BooleanField(
        help_text="False once a bank has moved the money that it was about: seal it anew then."
    )
    figures_left = serializers.IntegerField(
        help_text="How many more different figures your side may seal in this dispute."
    )


class SealedOfferIn(serializers.Serializer):
    amount = AmountIn(
        least=0,
        help_text="The part of the price, in minor units, for the freelancer: from the client the "
        "most that they would let go, from the freelancer the least that they would take.",
    )


class SealedOffersView(APIView):
    @extend_schema(responses=SealedOfferOut)
    def get(self, request: Request, public_id: str) -> Response:
        """The figure that your side has sealed."""
        return _shown(request, _dispute(request, public_id).pk)

    @extend_schema(request=SealedOfferIn, responses=SealedOfferOut)
    def put(self, request: Request, public_id: str) -> Response:
        """Seal your side's figure, or replace it. The same again changes nothing.

        Where the client's is not below the freelancer's the milestone ends at once at the midpoint
        (half-even), and both are told of that alone.
        """
        dispute = _dispute(request, public_id)
        body = SealedOfferIn(data=request.data)
        body.is_valid(raise_exception=True)
        seal_figure(dispute_id=dispute.pk, by=request.user, **body.validated_data)
        return _shown(request, dispute.pk)

    @extend_schema(responses=SealedOfferOut)
    def delete(self, request: Request, public_id: str) -> Response:
        """Withdraw your side's figure: it is gone."""
        dispute = _dispute(request, public_id)
        withdraw_figure(dispute_id=dispute.pk, by=request.user)
        return _shown(request, dispute.pk)


def _dispute(request: Request, public_id: str) -> Dispute:
    return get_object_or_404(disputes_of(request.user), public_id=public_id)


def _shown(request: Request, dispute_id: int) -> Response:
    dispute = disputes_of(request.user).get(pk=dispute_id)
    own = own_figure_of(dispute, role_in(dispute.milestone.contract, request.user) or "")
    shown = {
        "dispute": dispute.public_id,
        "dispute_status": dispute.state,
        "currency": dispute.milestone.currency,
        **vars(own),
    }
    return Response(SealedOfferOut(shown).data)
