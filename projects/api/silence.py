"""The table by which a dispute is judged that nobody answers, and what it would say of one."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects.disputes.silence.table import TABLE, Outcome


class RowOut(serializers.Serializer):
    """One row; the first that fits decides. ``is_alike``: the same with both sides exchanged."""

    number = serializers.IntegerField()
    condition = serializers.CharField()
    outcome = serializers.ChoiceField([(one.value, one.words) for one in Outcome])
    reason = serializers.CharField()
    is_alike = serializers.BooleanField()


class SilenceView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=RowOut(many=True))
    def get(self, request: Request) -> Response:
        """The table by which a dispute is judged that nobody answers, in its order."""
        return Response(RowOut(TABLE, many=True).data)
