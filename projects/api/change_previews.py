"""What a change of an agreement would say and do, before anybody proposes or signs it."""

from collections.abc import Sequence
from datetime import UTC

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects.agreements.changes.ending import EndedPart, ended_parts
from projects.agreements.changes.planning import Change, Wish, effect_of, planned_changes
from projects.agreements.changes.selectors import titles_of
from projects.agreements.changes.words import lines_of
from projects.api.bid_shapes import TermsDifferenceOut
from projects.api.change_shapes import ChangesIn, EffectOut, EndedPartOut
from projects.contracts.models import LIFECYCLE, Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of


class ChangePreviewOut(serializers.Serializer):
    """As a change that is proposed says it, if it were accepted now; nothing is proposed.

    ``ended`` says of each milestone what its end brings both sides; empty where none ends.
    """

    differences = TermsDifferenceOut(many=True)
    effect = EffectOut()
    ended = EndedPartOut(many=True)


class ChangePreviewView(APIView):
    @extend_schema(request=ChangesIn, responses=ChangePreviewOut)
    def post(self, request: Request, public_id: str) -> Response:
        """What a change would say and do, the end of the contract, too; nothing is proposed."""
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        LIFECYCLE.judge(contract, "propose_change", role=role_in(contract, request.user))
        body = ChangesIn(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        wishes = [Wish(**wish) for wish in body.validated_data["changes"]]
        changes = planned_changes(contract, wishes, seen=body.validated_data["seen"])
        with timezone.override(UTC):
            said = {
                "differences": lines_of(
                    changes, titles=titles_of(contract), currency=contract.currency
                ),
                "effect": effect_of(contract, changes),
                "ended": _ended_by(contract, changes),
            }
            return Response(ChangePreviewOut(said).data)


def _ended_by(contract: Contract, changes: Sequence[Change]) -> list[EndedPart]:
    if not any("end" in change for change in changes):
        return []
    milestones = contract.milestones.select_related("escrow__policy")
    return ended_parts(milestones.order_by("place"), changes)
