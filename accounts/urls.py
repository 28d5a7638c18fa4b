"""Doors of this floor."""

from django.urls import include, path

from accounts.api import audit as api_audit
from accounts.api import auth, me, notifications
from accounts.api import holds as api_holds
from accounts.web import audit, clock, holds, mail_preferences, notices, people, tokens

api = [
    path("auth/signup/", auth.SignUpView.as_view(), name="api-signup"),
    path("auth/signup/confirm/", auth.SignUpConfirmView.as_view(), name="api-signup-confirm"),
    path("auth/tokens/", auth.TokensView.as_view(), name="api-tokens"),
    path("auth/tokens/<str:public_id>/", auth.TokenView.as_view(), name="api-token"),
    path("auth/password-reset/", auth.PasswordResetView.as_view(), name="api-password-reset"),
    path(
        "auth/password-reset/confirm/",
        auth.PasswordResetConfirmView.as_view(),
        name="api-password-reset-confirm",
    ),
    path("me/", me.MeView.as_view(), name="api-me"),
    path("me/totp/", me.SecondFactorView.as_view(), name="api-totp"),
    path("me/audit/", api_audit.OwnAuditView.as_view(), name="api-own-audit"),
    *api_holds.ROUTES,
    path("desk/audit/", api_audit.AuditView.as_view(), name="api-desk-audit"),
    path("people/<str:public_id>/", me.PersonView.as_view(), name="api-person"),
    path("notifications/", notifications.NotificationsView.as_view(), name="api-notifications"),
    path(
        "notifications/preferences/",
        notifications.PreferencesView.as_view(),
        name="api-notification-preferences",
    ),
    path(
        "notifications/read-all/",
        notifications.ReadAllView.as_view(),
        name="api-notifications-read-all",
    ),
    path(
        "notifications/<str:public_id>/read/",
        notifications.ReadView.as_view(),
        name="api-notification-read",
    ),
]

urlpatterns = [
    path("account/tokens/", tokens.list_tokens, name="tokens"),
    path(
        "account/tokens/<str:public_id>/revocation/",
        tokens.create_revocation,
        name="token-revocation",
    ),
    path("account/audit/", audit.list_own_entries, name="own-audit"),
    path("account/holds/", holds.list_own_holds, name="own-holds"),
    path("account/holds/<str:public_id>/appeal/", holds.create_appeal, name="hold-appeal"),
    path("account/holds/<str:public_id>/files/<str:file_id>/", holds.show_file, name="hold-file"),
    path("account/notices/", mail_preferences.edit_preferences, name="mail-preferences"),
    path(
        "unsubscription/<str:token>/",
        mail_preferences.create_unsubscription,
        name="unsubscription",
    ),
    path("account/security/", include("allauth.mfa.urls")),
    path("account/", include("allauth.account.urls")),
    path("profile/", people.show_profile, name="profile"),
    path("profile/edit/", people.edit_profile, name="profile-edit"),
    path("people/<str:public_id>/", people.show_person, name="person"),
    path("notices/", notices.list_notices, name="notices"),
    path("notices/readings/", notices.create_readings, name="notices-reading"),
    path("notices/<str:public_id>/reading/", notices.create_reading, name="notice-reading"),
    path("outbox/", notices.list_outbox, name="outbox"),
    path("sandbox/clock/", clock.create_step, name="clock-advance"),
    path("api/v1/", include(api)),
]
