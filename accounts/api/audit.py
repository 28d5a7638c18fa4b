"""The audit log: what staff did about oneself, and for staff all of it."""

from datetime import date

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from accounts.people.selectors import people_named, signed_in, staff_roles_of
from marketplace.common.api import CursorPage
from marketplace.common.audit import entries_about, search_entries
from marketplace.common.models import AuditEntry

LONGEST = 200


class AuditPage(CursorPage):
    ordering = ("-number",)


class OwnAuditEntryOut(serializers.ModelSerializer):
    """A deed of staff that concerns you; ``role`` is what they did it as."""

    class Meta:
        model = AuditEntry
        fields = ["number", "at", "role", "deed", "subject", "text", "reason"]


class AuditEntryOut(OwnAuditEntryOut):
    """A deed of staff, with its link: SHA-256 over the previous hash and all that it says."""

    by = serializers.CharField(source="by.name", default=None)

    class Meta(OwnAuditEntryOut.Meta):
        fields = [*OwnAuditEntryOut.Meta.fields, "by", "previous_hash", "hash"]


class OwnAuditView(ListAPIView):
    """What staff did about you, the newest first."""

    serializer_class = OwnAuditEntryOut
    pagination_class = AuditPage

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return entries_about(signed_in(self.request.user))


class AuditIn(serializers.Serializer):
    words = serializers.CharField(required=False, max_length=LONGEST, allow_blank=True)
    deed = serializers.CharField(required=False, max_length=60, allow_blank=True)
    subject = serializers.CharField(required=False, max_length=60, allow_blank=True)
    by = serializers.CharField(required=False, max_length=LONGEST, allow_blank=True)
    about = serializers.CharField(required=False, max_length=LONGEST, allow_blank=True)
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)

    def validate_by(self, words: str) -> list[int] | None:
        return people_named(words, param="by") if words else None

    def validate_about(self, words: str) -> list[int] | None:
        return people_named(words, param="about") if words else None


class AuditView(ListAPIView):
    """What staff did, the newest first; for everybody at the desk."""

    serializer_class = AuditEntryOut
    pagination_class = AuditPage

    @extend_schema(
        parameters=[
            OpenApiParameter("words", description="In what was done and why."),
            OpenApiParameter("deed", description="Such as “decide dispute”."),
            OpenApiParameter("subject", description="The public id of what it was done to."),
            OpenApiParameter("by", description="Who did it: a public id or a name."),
            OpenApiParameter("about", description="Whom it concerns: a public id or a name."),
            OpenApiParameter("since", date, description="The first day, in UTC."),
            OpenApiParameter("until", date, description="The last day, in UTC."),
        ]
    )
    def get(self, request, *args, **kwargs):
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[AuditEntry]:
        if not staff_roles_of(self.request.user):
            raise Http404
        asked = AuditIn(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return search_entries(reader=signed_in(self.request.user), **asked.validated_data)
