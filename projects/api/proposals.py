"""Ending a milestone by consent: one side proposes, the other answers."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.answers import open_answers
from marketplace.common.api import idempotent
from marketplace.common.errors import InvalidInput
from marketplace.common.shapes import AmountIn
from projects.agreements.models import LIFECYCLE, Proposal
from projects.agreements.proposals import services
from projects.agreements.rules import why_not_accepted
from projects.agreements.selectors import division_of, proposals_of, settlements_of
from projects.api.dispute_shapes import SharesOut
from projects.api.signing import confirmation_in, confirmed
from projects.contracts.roles import role_in
from projects.disputes.models import Dispute
from projects.disputes.selectors import disputes_of
from projects.milestones.models import Milestone
from projects.milestones.selectors import milestones_of


class ProposalOut(serializers.ModelSerializer):
    """``to_freelancer`` is the part of the price that would be released; the rest goes back.

    Or ``rolled`` of the price goes into another milestone, and its money with it.
    """

    id = serializers.CharField(source="public_id")
    contract = serializers.CharField(source="milestone.contract.public_id")
    milestone = serializers.CharField(source="milestone.public_id")
    title = serializers.CharField(source="milestone.title")
    amount = serializers.IntegerField(source="milestone.amount")
    currency = serializers.CharField(source="milestone.currency")
    status = serializers.ChoiceField(Proposal.Status.choices, source="state")
    proposed_by = serializers.CharField(source="proposed_by_role")
    shares = serializers.SerializerMethodField(
        help_text="What an open or accepted one brings each side; null where no money moves by it."
    )
    into = serializers.CharField(
        source="into.public_id",
        default=None,
        allow_null=True,
        help_text="The milestone into which the rest goes; null where it goes back.",
    )
    rolled = serializers.IntegerField(
        allow_null=True,
        help_text="The part of the price by which that one grows, and this shrinks.",
    )
    limit_at = serializers.DateTimeField(
        allow_null=True,
        help_text="Until when the provider holds the money of that milestone then: the earlier of "
        "both limits. Null where nothing goes there.",
    )
    next_steps = serializers.SerializerMethodField(
        help_text="What you can do right now. `counter`: propose something else for the same "
        "milestone, and this one is off."
    )

    class Meta:
        model = Proposal
        fields = [
            "id",
            "contract",
            "milestone",
            "title",
            "amount",
            "currency",
            "status",
            "proposed_by",
            "to_freelancer",
            "into",
            "rolled",
            "limit_at",
            "shares",
            "note",
            "created_at",
            "answer_due_at",
            "closed_at",
            "next_steps",
        ]

    @extend_schema_field(SharesOut(allow_null=True))
    def get_shares(self, proposal: Proposal) -> dict | None:
        shares = division_of(proposal)
        return SharesOut(shares).data if shares else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, proposal: Proposal) -> list[str]:
        contract = proposal.milestone.contract
        steps = open_answers(LIFECYCLE, proposal, role_in(contract, self.context["request"].user))
        if "accept" in steps and why_not_accepted(proposal):
            steps.remove("accept")
        return steps


class CountersIn(serializers.Serializer):
    counters = serializers.CharField(
        max_length=30,
        required=False,
        allow_blank=True,
        allow_null=True,
        default=None,
        help_text="The proposal of the other side that this answers, empty for none: refused where "
        "another one stands. Where left out, whichever stands is answered.",
    )


class ProposalIn(CountersIn):
    to_freelancer = AmountIn(
        least=0,
        help_text="A part of the price in minor units, less than all of it; the rest goes back.",
    )
    into = serializers.CharField(
        max_length=30,
        required=False,
        allow_null=True,
        default=None,
        help_text="Another milestone of the contract, into which the rest goes instead.",
    )
    note = serializers.CharField(
        max_length=services.LONGEST_NOTE, required=False, default="", allow_blank=True
    )
    password = serializers.CharField(
        max_length=1_000,
        trim_whitespace=False,
        required=False,
        default="",
        allow_blank=True,
        help_text="Your own, with `into`: both then sign the next version of the agreement.",
    )


class DisputeSettlementIn(CountersIn):
    to_freelancer = AmountIn(
        least=0, help_text="A part of the price in minor units, less than all of it."
    )
    note = serializers.CharField(
        max_length=services.LONGEST_NOTE, required=False, default="", allow_blank=True
    )


class AcceptanceIn(serializers.Serializer):
    password = serializers.CharField(
        max_length=1_000,
        trim_whitespace=False,
        required=False,
        help_text="Your own, where the rest goes into another milestone: you sign that.",
    )


class MilestoneProposalsView(ListAPIView):
    serializer_class = ProposalOut

    def get_queryset(self) -> QuerySet[Proposal]:
        return proposals_of(self.request.user).filter(milestone=self._milestone())

    def _milestone(self) -> Milestone:
        return get_object_or_404(
            milestones_of(self.request.user), public_id=self.kwargs["public_id"]
        )

    def get(self, request: Request, public_id: str) -> Response:
        """Every proposal to end this milestone by consent, newest first."""
        return self.list(request)

    @extend_schema(request=ProposalIn, responses={201: ProposalOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Propose to end it: a part of the price is released, the rest goes back or is moved on.
        What the other side proposes is answered by it, and countered.
        """
        milestone = self._milestone()
        body = ProposalIn(data=request.data)
        body.is_valid(raise_exception=True)
        terms = dict(body.validated_data)
        into = terms.pop("into")
        into_id = _into(request, into)
        terms = confirmed(request, terms) if into_id else _without_password(terms)
        proposal = services.propose_ending(
            milestone_id=milestone.pk, by=request.user, into_id=into_id, **terms
        )
        return _shown(request, proposal, status=status.HTTP_201_CREATED)


class DisputeSettlementsView(ListAPIView):
    serializer_class = ProposalOut

    def get_queryset(self) -> QuerySet[Proposal]:
        return settlements_of(self._dispute(), self.request.user)

    def _dispute(self) -> Dispute:
        return get_object_or_404(disputes_of(self.request.user), public_id=self.kwargs["public_id"])

    def get(self, request: Request, public_id: str) -> Response:
        """What both sides have proposed to settle this dispute by, newest first. Each is answered
        as any proposal is, below `/proposals/`.
        """
        return self.list(request)

    @extend_schema(request=DisputeSettlementIn, responses={201: ProposalOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Propose to settle it: a part of the price is released, the rest goes back. Accepted, the
        milestone ends so, and the dispute with it. What the other side proposes is countered.
        """
        dispute = self._dispute()
        body = DisputeSettlementIn(data=request.data)
        body.is_valid(raise_exception=True)
        proposal = services.propose_ending(
            milestone_id=dispute.milestone_id, by=request.user, **body.validated_data
        )
        return _shown(request, proposal, status=status.HTTP_201_CREATED)


class ProposalView(RetrieveAPIView):
    """One proposal to end a milestone by consent."""

    serializer_class = ProposalOut
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Proposal]:
        return proposals_of(self.request.user)


class AcceptView(APIView):
    @extend_schema(request=AcceptanceIn, responses=ProposalOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Agree to the other side's proposal: the milestone ends and the money moves."""
        proposal = _proposal(request, public_id)
        how = confirmation_in(request) if proposal.into_id else {}
        services.accept_proposal(proposal_id=proposal.pk, by=request.user, **how)
        return _shown(request, proposal)


class DeclineView(APIView):
    @extend_schema(request=None, responses=ProposalOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say no to the other side's proposal: nothing changes."""
        proposal = _proposal(request, public_id)
        services.decline_proposal(proposal_id=proposal.pk, by=request.user)
        return _shown(request, proposal)


class WithdrawView(APIView):
    @extend_schema(request=None, responses=ProposalOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take your own proposal back while it is not answered."""
        proposal = _proposal(request, public_id)
        services.withdraw_proposal(proposal_id=proposal.pk, by=request.user)
        return _shown(request, proposal)


def _proposal(request: Request, public_id: str) -> Proposal:
    return get_object_or_404(proposals_of(request.user), public_id=public_id)


def _without_password(terms: dict) -> dict:
    return {name: value for name, value in terms.items() if name != "password"}


def _into(request: Request, public_id: str | None) -> int | None:
    if public_id is None:
        return None
    found = milestones_of(request.user).filter(public_id=public_id).first()
    if found is None:
        raise InvalidInput("You have no such milestone.", param="into")
    return found.pk


def _shown(request: Request, proposal: Proposal, *, status: int = status.HTTP_200_OK) -> Response:
    found = proposals_of(request.user).get(pk=proposal.pk)
    return Response(ProposalOut(found, context={"request": request}).data, status=status)
