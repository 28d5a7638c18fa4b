"""What Django must know of this floor before it starts."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from payments.ledger.database_roles.deployment import check_who_may_write_the_books


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        # Only where somebody asks for the database and for deployment: whoever migrates is
        # supposed to own the tables.
        register(check_who_may_write_the_books, Tags.database, deploy=True)
