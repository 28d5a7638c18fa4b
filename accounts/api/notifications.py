"""Notices."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.notifications import services
from accounts.notifications.models import Notification
from accounts.notifications.selectors import notifications_of
from accounts.people.selectors import signed_in


class NotificationOut(serializers.ModelSerializer):
    """Something you were told."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = Notification
        fields = ["id", "kind", "text", "path", "created_at", "read_at"]


class ReadOut(serializers.Serializer):
    read = serializers.IntegerField(help_text="How many were unread.")


class NotificationsView(ListAPIView):
    """Your notices, newest first."""

    serializer_class = NotificationOut

    def get_queryset(self):
        return notifications_of(self.request.user)


class ReadView(APIView):
    @extend_schema(request=None, responses=NotificationOut)
    def post(self, request: Request, public_id: str) -> Response:
        """Mark one as read."""
        notice = get_object_or_404(notifications_of(request.user), public_id=public_id)
        notice = services.read_notification(notification_id=notice.pk, by=signed_in(request.user))
        return Response(NotificationOut(notice).data)


class ReadAllView(APIView):
    @extend_schema(request=None, responses=ReadOut)
    def post(self, request: Request) -> Response:
        """Mark everything as read."""
        return Response({"read": services.read_all_notifications(by=signed_in(request.user))})
