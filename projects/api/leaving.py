"""One side ends a contract by itself, as far as it can."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.selectors import signed_in
from marketplace.common.api import idempotent
from projects.agreements.leaving.services import leave_contract
from projects.api.change_shapes import HAND_OVER
from projects.api.contracts import ContractInFullOut, shown_contract
from projects.contracts.selectors import contracts_of
from projects.holds.handing.services import hand_over_by_leaving


class LeaveIn(serializers.Serializer):
    seen = serializers.CharField(
        max_length=64,
        help_text="The contract's `leave_tag` as you read it; nothing ends by another.",
    )
    hand_over = serializers.BooleanField(default=False, help_text=HAND_OVER)


class LeaveView(APIView):
    @extend_schema(request=LeaveIn, responses=ContractInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """End by yourself all that is still to be worked on; what is held for it goes back."""
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        body = LeaveIn(data=request.data)
        body.is_valid(raise_exception=True)
        leave = hand_over_by_leaving if body.validated_data["hand_over"] else leave_contract
        seen = body.validated_data["seen"]
        leave(contract_id=contract.pk, by=signed_in(request.user), seen=seen)
        return shown_contract(request, contract)
