"""What Django must know of this floor before it starts."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from marketplace.checks import check_production, check_the_sandbox


class MarketplaceConfig(AppConfig):
    name = "marketplace"

    def ready(self) -> None:
        register(check_the_sandbox, Tags.security)
        register(check_production, Tags.security, deploy=True)
