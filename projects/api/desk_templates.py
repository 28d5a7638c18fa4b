"""Texts that mediators keep for their decisions, for programs of theirs."""

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.api import idempotent
from projects.api.desk import OldestById
from projects.disputes.rulings.pronouncing.services import LONGEST_RULE
from projects.disputes.services import LONGEST_STATEMENT
from projects.disputes.templates.models import ReasonTemplate
from projects.disputes.templates.selectors import templates_for
from projects.disputes.templates.services import (
    LONGEST_NAME,
    delete_template,
    edit_template,
    write_template,
)


class ReasonTemplateIn(serializers.Serializer):
    """One text at least; an empty one leaves its field of a decision alone."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    facts = serializers.CharField(max_length=LONGEST_STATEMENT, default="", allow_blank=True)
    rule = serializers.CharField(max_length=LONGEST_RULE, default="", allow_blank=True)
    reasons = serializers.CharField(max_length=LONGEST_STATEMENT, default="", allow_blank=True)


class ReasonTemplateOut(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    by = serializers.CharField(source="by.name", help_text="Who wrote or changed it last.")

    class Meta:
        model = ReasonTemplate
        fields = ["id", "name", "facts", "rule", "reasons", "by", "updated_at"]


class DeskTemplatesView(ListAPIView):
    """All of them, which mediators share, in the order in which they were written."""

    serializer_class = ReasonTemplateOut
    pagination_class: type[CursorPagination] = OldestById

    def get_queryset(self) -> QuerySet[ReasonTemplate]:
        return _for_mediators(self.request)

    @extend_schema(request=ReasonTemplateIn, responses={201: ReasonTemplateOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Keep a new one for all mediators."""
        _for_mediators(request)
        template = write_template(by=signed_in(request.user), **_given(request))
        return Response(ReasonTemplateOut(template).data, status=201)


class DeskTemplateView(APIView):
    @extend_schema(responses=ReasonTemplateOut)
    def get(self, request: Request, public_id: str) -> Response:
        """One of them."""
        return Response(ReasonTemplateOut(_found(request, public_id)).data)

    @extend_schema(request=ReasonTemplateIn, responses=ReasonTemplateOut)
    def put(self, request: Request, public_id: str) -> Response:
        """Write it anew for all mediators."""
        template = _found(request, public_id)
        by = signed_in(request.user)
        template = edit_template(template_id=template.pk, by=by, **_given(request))
        return Response(ReasonTemplateOut(template).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: str) -> Response:
        """Throw it away; what was decided with it stays."""
        template = _found(request, public_id)
        delete_template(template_id=template.pk, by=signed_in(request.user))
        return Response(status=204)


def _for_mediators(request: Request) -> QuerySet[ReasonTemplate]:
    if StaffRole.MEDIATOR not in staff_roles_of(request.user):
        raise Http404
    return templates_for(request.user)


def _found(request: Request, public_id: str) -> ReasonTemplate:
    return get_object_or_404(_for_mediators(request), public_id=public_id)


def _given(request: Request) -> dict[str, str]:
    body = ReasonTemplateIn(data=request.data)
    body.is_valid(raise_exception=True)
    given: dict[str, str] = body.validated_data
    return given


ROUTES = [
    path("desk/templates/", DeskTemplatesView.as_view(), name="api-desk-templates"),
    path("desk/templates/<str:public_id>/", DeskTemplateView.as_view(), name="api-desk-template"),
]
