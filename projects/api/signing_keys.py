"""The keys with which the platform signs agreements: for whoever proves one, without a log-in."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects.agreements.sealing.selectors import published_keys


class SigningKeyOut(serializers.Serializer):
    id = serializers.CharField(help_text="The beginning of the SHA-256 of the public key.")
    algorithm = serializers.CharField(help_text="Ed25519, as RFC 8032 has it.")
    public_key = serializers.CharField(help_text="32 bytes, in hex.")
    first_used_at = serializers.DateTimeField(allow_null=True)
    is_current = serializers.BooleanField()


class SigningKeysOut(serializers.Serializer):
    format = serializers.CharField()
    site = serializers.CharField()
    keys = SigningKeyOut(many=True)


class SigningKeysView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=SigningKeysOut)
    def get(self, request: Request) -> Response:
        """Every key with which the platform ever signed an agreement, and the one in use.

        Keep this file while you trust it: `verify_agreement.py` proves an agreement against it.
        """
        return Response(published_keys())
