"""Invitations to bid, for programs."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import idempotent
from marketplace.common.errors import NotAllowed
from projects.api.posting_shapes import ClosingIn, PartyOut
from projects.invitations import services
from projects.invitations.models import Invitation
from projects.invitations.selectors import (
    invitations_of,
    invitations_to,
    invitations_visible_to,
    open_steps,
)
from projects.postings.models import Posting
from projects.postings.roles import role_in
from projects.postings.selectors import postings_visible_to


class InvitationOut(serializers.ModelSerializer):
    """Somebody who is asked to bid. Whom an address belongs to is said once they have answered."""

    id = serializers.CharField(source="public_id")
    posting = serializers.CharField(
        source="posting.public_id", help_text="Empty while you do not see it, as title and note."
    )
    title = serializers.CharField(source="posting.title")
    client = PartyOut(source="posting.client")
    freelancer = PartyOut(allow_null=True)
    invites_to_bid = serializers.BooleanField(help_text="Whether a bid would be taken now.")
    next_steps = serializers.SerializerMethodField(
        help_text="What you can do right now. A bid on the posting accepts it."
    )

    class Meta:
        model = Invitation
        fields = [
            "id",
            "posting",
            "title",
            "client",
            "freelancer",
            "email",
            "note",
            "status",
            "status_reason",
            "invites_to_bid",
            "created_at",
            "closed_at",
            "next_steps",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_next_steps(self, invitation: Invitation) -> list[str]:
        return open_steps(invitation, self.context["request"].user)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        unseen = () if instance.shows_posting else ("posting", "title", "note")
        return shown | dict.fromkeys(unseen, "")


class InvitationIn(serializers.Serializer):
    whom = serializers.CharField(
        max_length=services.LONGEST_WHOM,
        help_text="An e-mail address, or the address or id of a profile.",
    )
    note = serializers.CharField(
        max_length=services.LONGEST_NOTE, required=False, allow_blank=True, default=""
    )


class OwnInvitationsView(ListAPIView):
    """What you are asked to bid on, newest first."""

    serializer_class = InvitationOut

    def get_queryset(self) -> QuerySet[Invitation]:
        return invitations_of(self.request.user)


class PostingInvitationsView(ListAPIView):
    serializer_class = InvitationOut

    def get_queryset(self) -> QuerySet[Invitation]:
        if getattr(self, "swagger_fake_view", False):
            return Invitation.objects.none()
        posting = self._posting()
        if role_in(posting, self.request.user) is None:
            raise NotAllowed("Whom a client invites is between them.")
        return invitations_to(posting)

    def _posting(self) -> Posting:
        seen = postings_visible_to(self.request.user)
        return get_object_or_404(seen, public_id=self.kwargs["public_id"])

    def get(self, request: Request, public_id: str) -> Response:
        """Whom you have invited to your posting and what they answered, newest first.

        Moderators read it, too.
        """
        return self.list(request)

    @extend_schema(request=InvitationIn, responses={201: InvitationOut})
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Invite somebody to bid. An address is invited whether or not it has an account here."""
        posting = self._posting()
        given = InvitationIn(data=request.data)
        given.is_valid(raise_exception=True)
        invitation = services.invite_person(
            posting_id=posting.pk, by=request.user, **given.validated_data
        )
        return _out(invitation, request, status=201)


class InvitationView(APIView):
    @extend_schema(responses=InvitationOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One invitation, of yours or to you."""
        return _out(_visible(request, public_id), request)


class DeclineView(APIView):
    @extend_schema(request=ClosingIn, responses=InvitationOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Say no, with a reason if you like. You may still bid while the posting takes bids.

        Where it was sent to an address, your answer tells the client that it is yours.
        """
        invitation = _visible(request, public_id)
        given = ClosingIn(data=request.data)
        given.is_valid(raise_exception=True)
        invitation = services.decline_invitation(
            invitation_id=invitation.pk, by=request.user, **given.validated_data
        )
        return _out(invitation, request)


class WithdrawView(APIView):
    @extend_schema(request=None, responses=InvitationOut)
    @idempotent
    def post(self, request: Request, public_id: str) -> Response:
        """Take back yours, before it is answered."""
        invitation = _visible(request, public_id)
        invitation = services.withdraw_invitation(invitation_id=invitation.pk, by=request.user)
        return _out(invitation, request)


def _visible(request: Request, public_id: str) -> Invitation:
    return get_object_or_404(invitations_visible_to(request.user), public_id=public_id)


def _out(invitation: Invitation, request: Request, status: int = 200) -> Response:
    invitation = invitations_visible_to(request.user).get(pk=invitation.pk)
    return Response(InvitationOut(invitation, context={"request": request}).data, status=status)


ROUTES = [
    path("invitations/", OwnInvitationsView.as_view(), name="api-invitations"),
    path(
        "postings/<str:public_id>/invitations/",
        PostingInvitationsView.as_view(),
        name="api-posting-invitations",
    ),
    path("invitations/<str:public_id>/", InvitationView.as_view(), name="api-invitation"),
    path(
        "invitations/<str:public_id>/decline/", DeclineView.as_view(), name="api-invitation-decline"
    ),
    path(
        "invitations/<str:public_id>/withdraw/",
        WithdrawView.as_view(),
        name="api-invitation-withdraw",
    ),
]
