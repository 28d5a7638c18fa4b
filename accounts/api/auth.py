"""Coming in without a page."""

from django.shortcuts import get_object_or_404
from django.utils.translation import get_language_from_request
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import services
from accounts.access.knocks import forgive_knocks
from accounts.access.models import ApiToken
from accounts.access.selectors import tokens_of
from accounts.api.limits import count_knock
from accounts.people.models import User
from accounts.people.selectors import signed_in
from marketplace.common.api import CursorPage


class TokenScheme(OpenApiAuthenticationExtension):
    """How the description of the API names our tokens."""

    target_class = "marketplace.common.api.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class AddressIn(serializers.Serializer):
    email = serializers.EmailField(max_length=254)


class SignUpIn(AddressIn):
    name = serializers.CharField(max_length=80)
    password = serializers.CharField(max_length=1_000, trim_whitespace=False)
    language = serializers.CharField(
        max_length=8,
        required=False,
        help_text="Of notices and mails; left out, what Accept-Language asks for, or en.",
    )


class CodeIn(AddressIn):
    code = serializers.CharField(max_length=20)


class TokenIn(AddressIn):
    password = serializers.CharField(max_length=1_000, trim_whitespace=False)
    code = serializers.CharField(
        max_length=20,
        default="",
        help_text="Of the authenticator app, or a recovery code; for those who have one.",
    )
    name = serializers.CharField(max_length=80, default="API")


class NewPasswordIn(CodeIn):
    password = serializers.CharField(max_length=1_000, trim_whitespace=False)


class TokenOut(serializers.ModelSerializer):
    """A token of the API, without its secret."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = ApiToken
        fields = ["id", "name", "created_at"]


class NewTokenOut(TokenOut):
    """The one time that a token is shown."""

    token = serializers.SerializerMethodField()
    person = serializers.CharField(source="user.public_id")

    class Meta(TokenOut.Meta):
        fields = [*TokenOut.Meta.fields, "token", "person"]

    def get_token(self, token: ApiToken) -> str:
        return self.context["secret"]


class SentOut(serializers.Serializer):
    """A mail is on its way."""

    sent_to = serializers.EmailField()


class _OpenView(APIView):
    """For those who have no token yet. No session is read, so that no page can call it."""

    authentication_classes = []
    permission_classes = [AllowAny]


class SignUpView(_OpenView):
    @extend_schema(request=SignUpIn, responses={202: SentOut})
    def post(self, request: Request) -> Response:
        """Sign up; a code comes by mail."""
        given = _given(SignUpIn, request)
        count_knock(request, "sign-up", email=given["email"])
        services.sign_up(**{"language": get_language_from_request(request)} | given)
        return Response({"sent_to": given["email"]}, status=status.HTTP_202_ACCEPTED)


class SignUpConfirmView(_OpenView):
    @extend_schema(request=CodeIn, responses={201: NewTokenOut})
    def post(self, request: Request) -> Response:
        """Prove the address with the code; the answer holds a first token."""
        given = _given(CodeIn, request)
        count_knock(request, "sign-up-confirm", email=given["email"])
        user = services.confirm_sign_up(**given)
        return _new_token(user, "Sign-up", is_told=False)


class TokenPage(CursorPage):
    ordering = ("-created_at", "-public_id")


class TokensView(ListAPIView):
    """Your tokens, newest first."""

    serializer_class = TokenOut
    pagination_class = TokenPage

    def get_queryset(self):
        return tokens_of(signed_in(self.request.user))

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method == "POST" else IsAuthenticated()]

    @extend_schema(request=TokenIn, responses={201: NewTokenOut})
    def post(self, request: Request) -> Response:
        """Log in: a token for address, password and, if you have one, the second factor."""
        given = _given(TokenIn, request)
        name = given.pop("name")
        count_knock(request, "log-in", email=given["email"])
        user = services.log_in(**given)
        forgive_knocks("log-in", email=given["email"])
        return _new_token(user, name)


class TokenView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: str) -> Response:
        """Revoke a token; it may be the one that asks."""
        token = get_object_or_404(tokens_of(signed_in(request.user)), public_id=public_id)
        services.revoke_token(token_id=token.pk, by=signed_in(request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordResetView(_OpenView):
    @extend_schema(request=AddressIn, responses={202: SentOut})
    def post(self, request: Request) -> Response:
        """Ask for a code to set a new password."""
        given = _given(AddressIn, request)
        count_knock(request, "reset", email=given["email"])
        services.request_password_reset(**given)
        return Response({"sent_to": given["email"]}, status=status.HTTP_202_ACCEPTED)


class PasswordResetConfirmView(_OpenView):
    @extend_schema(request=NewPasswordIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """Set the new password. Every session and token ends."""
        given = _given(NewPasswordIn, request)
        count_knock(request, "reset-confirm", email=given["email"])
        services.reset_password(**given)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _given(kind: type[serializers.Serializer], request: Request) -> dict[str, str]:
    body = kind(data=request.data)
    body.is_valid(raise_exception=True)
    return body.validated_data


def _new_token(user: User, name: str, *, is_told: bool = True) -> Response:
    token, secret = services.create_token(user_id=user.pk, name=name, by=user, is_told=is_told)
    out = NewTokenOut(token, context={"secret": secret})
    return Response(out.data, status=status.HTTP_201_CREATED)
