"""The roof: knows all doors."""

from django.urls import include, path

from marketplace.overdue import tell_what_is_overdue

urlpatterns = [
    path("", include("marketplace.web.urls")),
    path("", include("accounts.urls")),
    path("", include("payments.urls")),
    path("", include("projects.urls")),
]

tell_what_is_overdue()

handler400 = "marketplace.web.failures.show_bad_request"
handler404 = "marketplace.web.failures.show_not_found"
handler500 = "marketplace.web.failures.show_failure"
