"""Doors of the house itself."""

from django.urls import path

from marketplace.web import gallery, health, live, openapi

urlpatterns = [
    path("sandbox/components/", gallery.show_components, name="components"),
    path("healthz", health.show_health, name="health"),
    path("readyz", health.show_readiness, name="readiness"),
    path("metrics", health.show_metrics, name="metrics"),
    path("api/v1/openapi.json", openapi.show_openapi, name="api-openapi"),
    path("live", live.show_live_address, name="live"),
]
