"""The tables by which a dispute is judged that nobody answers."""

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects.disputes.silence.selectors import published_tables
from projects.disputes.silence.table import Outcome, Row


class RowOut(serializers.Serializer):
    """One row; the first that fits decides. ``is_alike``: the same with both sides exchanged."""

    table = serializers.SerializerMethodField(help_text="The one of which it is a row.")
    number = serializers.IntegerField()
    condition = serializers.CharField()
    outcome = serializers.ChoiceField([(one.value, one.words) for one in Outcome])
    reason = serializers.CharField()
    is_alike = serializers.BooleanField()

    def get_table(self, row: Row) -> int:
        table: int = self.context["table"]
        return table


class SilenceView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "table",
                int,
                description="The `silence_table` of the policy of a contract. Left out: the newest "
                "that any version of the rules names.",
            )
        ],
        responses=RowOut(many=True),
    )
    def get(self, request: Request) -> Response:
        """The table by which a dispute is judged that nobody answers, in its order."""
        tables = published_tables()
        asked = request.query_params.get("table", str(tables[0].number) if tables else "")
        found = next((one for one in tables if str(one.number) == asked), None)
        if found is None:
            raise Http404
        return Response(RowOut(found.rows, many=True, context={"table": found.number}).data)
