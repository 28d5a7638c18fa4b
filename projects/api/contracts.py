"""Contracts: from the offer to the end."""

import json
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import OldestFirst, idempotent
from marketplace.common.shapes import DeclineNoteIn
from projects.agreements import services
from projects.agreements.changes.reading import tag_of
from projects.agreements.outlook import prospects_of
from projects.agreements.selectors import open_steps, with_waiting_changes
from projects.agreements.terms import (
    MOST_REVISIONS,
    MOST_YEARS_OF_SILENCE,
    USUAL_REVISIONS,
    Ownership,
)
from projects.api.agreed_files import AgreedFilesOut
from projects.api.leaving_shapes import MayLeaveOut
from projects.api.milestone_shapes import MilestoneOut, MoneyOut
from projects.api.posting_shapes import PartyOut
from projects.api.signing import SignatureIn, confirmation_in, confirmed
from projects.bids.selectors import bids_of
from projects.contracts.models import FREELANCERS_REASONS, Contract, DeclinedFor, Event
from projects.contracts.roles import role_in
from projects.contracts.selectors import (
    SIDES,
    agreement_asked_for,
    contracts_of,
    filtered,
    timeline_of,
    with_price,
)
from projects.contracts.sentences import sentence_of

# What a freelancer may decline an offer for.
REASONS = [(why.value, why.label) for why in FREELANCERS_REASONS]


class ContractOut(serializers.Serializer):
    """A contract as one of its sides sees it; ``role`` is yours. ``price`` is in minor units."""

    id = serializers.CharField(source="public_id")
    title = serializers.CharField()
    status = serializers.ChoiceField(Contract.Status.choices)
    declined_for = serializers.SerializerMethodField()
    status_reason = serializers.CharField(
        source="reason_in_words", help_text="Why the offer came to nothing, as people read it."
    )
    role = serializers.SerializerMethodField()
    client = PartyOut()
    freelancer = PartyOut()
    posting = serializers.CharField(source="posting.public_id")
    bid = serializers.CharField(source="bid.public_id")
    currency = serializers.CharField()
    price = serializers.IntegerField()
    review_days = serializers.IntegerField()
    revisions = serializers.IntegerField(
        allow_null=True, help_text="How often changes may be asked for, for each milestone."
    )
    policy_version = serializers.IntegerField(source="policy.version")
    created_at = serializers.DateTimeField()
    offer_lapses_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    next_steps = serializers.SerializerMethodField(help_text="What you can do right now.")

    @extend_schema_field(serializers.ChoiceField(DeclinedFor.choices, allow_null=True))
    def get_declined_for(self, contract: Contract) -> str | None:
        return contract.declined_for or None

    @extend_schema_field(serializers.ChoiceField(SIDES))
    def get_role(self, contract: Contract) -> str | None:
        return role_in(contract, self.context["request"].user)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, contract: Contract) -> list[str]:
        return open_steps(contract, self.get_role(contract))


class ContractInFullOut(MayLeaveOut, AgreedFilesOut, ContractOut):
    """The same with the files, the money of all milestones, and each of them."""

    money = serializers.SerializerMethodField()
    milestones = serializers.SerializerMethodField()
    change_tag = serializers.SerializerMethodField(
        help_text="What a change could be of: another one where something of it has changed."
    )

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, contract: Contract) -> list[str]:
        may_leave = self.leaving_of(contract) is not None
        return open_steps(contract, self.get_role(contract), may_leave=may_leave)

    def get_change_tag(self, contract: Contract) -> str:
        return tag_of(one.milestone for one in self.context["prospects"].milestones)

    @extend_schema_field(MoneyOut)
    def get_money(self, contract: Contract) -> dict[str, Any]:
        return MoneyOut(self.context["prospects"].total).data

    @extend_schema_field(MilestoneOut(many=True))
    def get_milestones(self, contract: Contract) -> list[dict[str, Any]]:
        found = self.context["prospects"].milestones
        return MilestoneOut(found, many=True, context=self.context).data


class AgreementOut(serializers.Serializer):
    """What was signed. ``canonical`` is the exact text whose SHA-256 is ``sha256``."""

    version = serializers.IntegerField()
    sha256 = serializers.CharField()
    canonical = serializers.CharField(source="body")
    terms = serializers.SerializerMethodField()
    signed_by_client_at = serializers.DateTimeField(allow_null=True)
    signed_by_freelancer_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.DictField())
    def get_terms(self, agreement: Any) -> dict[str, Any]:
        return json.loads(agreement.body)


class EventOut(serializers.Serializer):
    """One line of the timeline. ``by`` is a role, ``about`` the id of what it happened to."""

    kind = serializers.CharField()
    by = serializers.CharField(source="role")
    about = serializers.CharField()
    title = serializers.CharField()
    text = serializers.SerializerMethodField()
    detail = serializers.DictField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.CharField())
    def get_text(self, event: Event) -> str:
        return sentence_of(event).text


class AwardIn(SignatureIn):
    review_days = serializers.IntegerField(
        required=False, help_text="Days to review a delivery; the policy's own where left out."
    )
    revisions = serializers.IntegerField(
        required=False,
        default=USUAL_REVISIONS,
        help_text=f"How often changes may be asked for, for each milestone: 0 to {MOST_REVISIONS}.",
    )
    ownership = serializers.ChoiceField(
        Ownership.choices,
        required=False,
        default=Ownership.ON_PAYMENT,
        help_text="Whose the result is, and from when.",
    )
    confidentiality_years = serializers.IntegerField(
        required=False,
        default=0,
        help_text="How long after the end both keep silent about each other: "
        f"0 to {MOST_YEARS_OF_SILENCE} years.",
    )
    version = serializers.IntegerField(
        required=False, help_text="The version of the bid that you have read."
    )


class OfferDeclineIn(DeclineNoteIn):
    """Why a freelancer declines an offer; the client reads both."""

    reason = serializers.ChoiceField(REASONS)


class OfferEndIn(serializers.Serializer):
    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class AwardView(APIView):
    @extend_schema(request=AwardIn, responses={201: ContractInFullOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Offer the contract to the author of a bid, on exactly its terms."""
        bid = get_object_or_404(bids_of(request.user), public_id=public_id)
        body = AwardIn(data=request.data)
        body.is_valid(raise_exception=True)
        terms = confirmed(request, body.validated_data)
        contract = services.award_bid(bid_id=bid.pk, by=request.user, **terms)
        return shown_contract(request, contract, status=status.HTTP_201_CREATED)


@extend_schema(
    parameters=[
        OpenApiParameter("side", enum=SIDES, description="Only where you are this side."),
        OpenApiParameter("status", enum=Contract.Status.values),
    ]
)
class ContractsView(ListAPIView):
    """Your contracts, newest first."""

    serializer_class = ContractOut

    def get_queryset(self) -> QuerySet[Contract]:
        user, asked = self.request.user, self.request.query_params
        found = filtered(user, side=asked.get("side", ""), status=asked.get("status", ""))
        return with_price(with_waiting_changes(found))


class ContractView(APIView):
    @extend_schema(responses=ContractInFullOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One contract with its milestones and its money."""
        return shown_contract(request, _contract(request, public_id))


class AcceptView(APIView):
    @extend_schema(request=SignatureIn, responses=ContractInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Sign as the freelancer: the milestones come to life."""
        contract, how = _contract(request, public_id), confirmation_in(request)
        services.accept_offer(contract_id=contract.pk, by=request.user, **how)
        return shown_contract(request, contract)


class DeclineView(APIView):
    @extend_schema(request=OfferDeclineIn, responses=ContractInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say no as the freelancer; the bid may be awarded again."""
        contract, body = _contract(request, public_id), OfferDeclineIn(data=request.data)
        body.is_valid(raise_exception=True)
        services.decline_offer(contract_id=contract.pk, by=request.user, **body.validated_data)
        return shown_contract(request, contract)


class WithdrawView(APIView):
    @extend_schema(request=OfferEndIn, responses=ContractInFullOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take the offer back as the client, while it is not answered."""
        contract, body = _contract(request, public_id), OfferEndIn(data=request.data)
        body.is_valid(raise_exception=True)
        services.withdraw_offer(contract_id=contract.pk, by=request.user, **body.validated_data)
        return shown_contract(request, contract)


class AgreementView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("version", int, description="An older one, as signed.")],
        responses=AgreementOut,
    )
    def get(self, request: Request, public_id: str) -> Response:
        """The wording in force, and who signed it when; or an older ``version`` of it."""
        version = request.query_params.get("version", "")
        agreement = agreement_asked_for(_contract(request, public_id), version)
        if agreement is None:
            raise Http404
        return Response(AgreementOut(agreement).data)


class TimelineView(ListAPIView):
    """What happened on a contract, oldest first."""

    serializer_class = EventOut
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[Event]:
        if getattr(self, "swagger_fake_view", False):
            return Event.objects.none()
        contract = _contract(self.request, self.kwargs["public_id"])
        return timeline_of(contract)


def _contract(request: Request, public_id: str) -> Contract:
    return get_object_or_404(contracts_of(request.user), public_id=public_id)


def shown_contract(
    request: Request, contract: Contract, *, status: int = status.HTTP_200_OK
) -> Response:
    found = with_price(contracts_of(request.user)).select_related("bid").get(pk=contract.pk)
    context = {"request": request, "prospects": prospects_of(found)}
    return Response(ContractInFullOut(found, context=context).data, status=status)
