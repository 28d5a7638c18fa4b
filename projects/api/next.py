"""What happens next, of a contract and of one milestone."""

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.clock import now
from projects.agreements.outlook import prospects_of
from projects.agreements.turns import turn_of
from projects.api.outlook import NextOut, OneMilestoneNextOut
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of
from projects.holds.selectors import standstill_on
from projects.milestones.selectors import milestones_of


class NextView(APIView):
    @extend_schema(responses=NextOut)
    def get(self, request: Request, public_id: str) -> Response:
        """What happens next and when if nobody acts, and whose turn it is."""
        contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
        role, prospects = str(role_in(contract, request.user)), prospects_of(contract)
        shown = {
            "prospects": prospects,
            "role": role,
            "now": now(),
            "turn": turn_of(prospects, role),
            "strikes": prospects.strikes_for(role),
            "standstill": standstill_on(prospects, role),
        }
        return Response(NextOut(shown).data)


class MilestoneNextView(APIView):
    @extend_schema(responses=OneMilestoneNextOut)
    def get(self, request: Request, public_id: str) -> Response:
        """The next strike of each clock, who can stop it, and the money if nobody acts."""
        milestone = get_object_or_404(milestones_of(request.user), public_id=public_id)
        prospect = prospects_of(milestone.contract).of(milestone)
        role = str(role_in(milestone.contract, request.user))
        shown = {
            "milestone": prospect.milestone,
            "outlook": prospect.outlook,
            "role": role,
            "now": now(),
            "next_steps": prospect.open_to(role),
        }
        return Response(OneMilestoneNextOut(shown).data)


ROUTES = [
    path("contracts/<str:public_id>/next/", NextView.as_view(), name="api-contract-next"),
    path(
        "milestones/<str:public_id>/next/", MilestoneNextView.as_view(), name="api-milestone-next"
    ),
]
