"""The public register of decisions, for programs."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.common.api import CursorPage
from marketplace.common.clock import now
from marketplace.common.http import download
from payments.api.statements import FILES
from projects.disputes.models import Dispute
from projects.disputes.register.models import RegisterEntry
from projects.disputes.register.selectors import bands_to_ask_for, published
from projects.disputes.register.words import (
    BAND_OF_NOTHING,
    COLUMNS,
    GROUNDS,
    NO_SUCH_BAND,
    as_row,
)
from projects.disputes.register.writing import CONTENT_TYPES, parts_of
from projects.postings.models import Posting


class RegisterIn(serializers.Serializer):
    """Which entries; where a column is withheld, no value of it finds the entry."""

    reason = serializers.ChoiceField(Dispute.Reason.choices, required=False)
    outcome = serializers.ChoiceField(RegisterEntry.Outcome.choices, required=False)
    ground = serializers.ChoiceField(list(GROUNDS.items()), required=False)
    kind = serializers.ChoiceField(Posting.Kind.choices, required=False)
    currency = serializers.ChoiceField(settings.CURRENCIES, required=False)
    band = serializers.CharField(
        required=False,
        help_text="As entries say it: 1000-10000. Only with `currency`, of which it is.",
    )

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        currency, band = attrs.get("currency"), attrs.get("band")
        if band and not currency:
            raise serializers.ValidationError({"band": BAND_OF_NOTHING})
        if band and currency and band not in bands_to_ask_for(currency):
            raise serializers.ValidationError({"band": NO_SUCH_BAND})
        return attrs


_NUMBERS = {"decisions", "days_median", "days_total", "share_median"}


class RegisterEntryOut(serializers.Serializer):
    """Decisions of one quarter that are alike in all that is told of them; blank: withheld."""

    def get_fields(self) -> dict[str, serializers.Field]:
        of = {True: serializers.IntegerField, False: serializers.CharField}
        return {name: of[name in _NUMBERS](help_text=said) for name, said in COLUMNS.items()}

    def to_representation(self, entry: RegisterEntry) -> dict[str, Any]:
        return as_row(entry)


class RegisterPage(CursorPage):
    """The newest quarter first."""

    ordering = ("-quarter", "-id")


class RegisterView(ListAPIView):
    permission_classes = [AllowAny]
    serializer_class = RegisterEntryOut
    pagination_class = RegisterPage

    def get_queryset(self) -> QuerySet[RegisterEntry]:
        asked = RegisterIn(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return published(**asked.validated_data)

    @extend_schema(parameters=[RegisterIn])
    def get(self, request: Request) -> Response:
        """What was decided in disputes: of at least five decisions together, and of nobody."""
        return self.list(request)


class RegisterFileView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=FILES)
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """All of the register as one file, with what each column says.

        A file of JSON, or of CSV under ``register.csv``.
        """
        name = f"register-{now():%Y-%m-%d}.{form}"
        return download(name, CONTENT_TYPES[form], parts_of(form))


ROUTES = [
    path("register/", RegisterView.as_view(), name="api-register"),
    path(
        "register/register.json",
        RegisterFileView.as_view(),
        {"form": "json"},
        name="api-register-json",
    ),
    path(
        "register/register.csv",
        RegisterFileView.as_view(),
        {"form": "csv"},
        name="api-register-csv",
    ),
]
