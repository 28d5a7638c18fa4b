"""Doors of this floor."""

from django.urls import include, path

from payments.api import confirming as api_confirming
from payments.api import reconciliation as api_reconciliation
from payments.api import statements as api_statements
from payments.api import views as api_views
from payments.web import (
    confirming,
    earnings,
    fundings,
    payouts,
    reconciliation,
    setup,
    statements,
    webhooks,
)

api = [
    path("payments/<str:public_id>/", api_views.PaymentView.as_view(), name="api-payment"),
    path("earnings/", api_views.EarningsView.as_view(), name="api-earnings"),
    path("earnings/lines/", api_views.LinesView.as_view(), name="api-earnings-lines"),
    path("payouts/", api_views.PayoutsView.as_view(), name="api-payouts"),
    path("payouts/<str:public_id>/", api_views.PayoutView.as_view(), name="api-payout"),
    path(
        "payouts/<str:public_id>/retry/",
        api_views.PayoutRetryView.as_view(),
        name="api-payout-retry",
    ),
    path(
        "payouts/<str:public_id>/cancel/",
        api_views.PayoutCancelView.as_view(),
        name="api-payout-cancel",
    ),
    path("payout-plan/", api_views.PayoutPlanView.as_view(), name="api-payout-plan"),
    path("payout-account/", api_views.PayoutAccountView.as_view(), name="api-payout-account"),
    path(
        "me/statement/",
        api_statements.OwnStatementView.as_view(),
        {"form": "json"},
        name="api-own-statement",
    ),
    path(
        "me/statement.csv",
        api_statements.OwnStatementView.as_view(),
        {"form": "csv"},
        name="api-own-statement-csv",
    ),
    path("desk/differences/", api_reconciliation.DifferencesView.as_view(), name="api-differences"),
    path(
        "desk/differences/<str:public_id>/",
        api_reconciliation.DifferenceView.as_view(),
        name="api-difference",
    ),
    path(
        "desk/differences/<str:public_id>/settle/",
        api_reconciliation.SettleView.as_view(),
        name="api-difference-settle",
    ),
    path(
        "desk/reconciliations/",
        api_reconciliation.ReconciliationsView.as_view(),
        name="api-reconciliations",
    ),
    *api_confirming.ROUTES,
    path("policies/", api_views.PoliciesView.as_view(), name="api-policies"),
]

urlpatterns = [
    path("payments/<str:public_id>/", fundings.show_payment, name="payment"),
    path("earnings/", earnings.show_earnings, name="earnings"),
    path("payouts/", payouts.list_payouts, name="payouts"),
    path("payouts/setup/", setup.edit_setup, name="payout-setup"),
    path("payouts/plan/", setup.create_plan, name="payout-plan"),
    path("payouts/setup/return/", setup.show_return, name="payout-setup-return"),
    path("payouts/setup/refresh/", setup.show_refresh, name="payout-setup-refresh"),
    path("payouts/<str:public_id>/", payouts.show_payout, name="payout"),
    path("payouts/<str:public_id>/retry/", payouts.create_retry, name="payout-retry"),
    path("payouts/<str:public_id>/cancel/", payouts.create_cancellation, name="payout-cancel"),
    path(
        "statements/<str:public_id>/statement.json",
        statements.download_statement,
        {"form": "json"},
        name="statement-json",
    ),
    path(
        "statements/<str:public_id>/statement.csv",
        statements.download_statement,
        {"form": "csv"},
        name="statement-csv",
    ),
    path("verify_statement.py", statements.show_checker, name="statement-checker"),
    path("desk/reconciliation/", reconciliation.show_books, name="reconciliation"),
    path("desk/reconciliation/runs/", reconciliation.list_runs, name="reconciliation-runs"),
    path("desk/reconciliation/<str:public_id>/", reconciliation.show_difference, name="difference"),
    path(
        "desk/reconciliation/<str:public_id>/settle/",
        reconciliation.create_settlement,
        name="difference-settle",
    ),
    *confirming.ROUTES,
    path("webhooks/stripe/", webhooks.receive_letter, name="stripe-webhook"),
    path("api/v1/", include(api)),
]
