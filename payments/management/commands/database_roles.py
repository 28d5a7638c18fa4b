"""``manage.py database_roles``: who owns the tables, and who serves people."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from marketplace.common.errors import InvalidInput
from payments.ledger.database_roles.selectors import excess_of, exists, lack_of
from payments.ledger.database_roles.services import set_up_database_roles


class Command(BaseCommand):
    """Roles of PostgreSQL, not of people (those are given by ``manage.py roles``)."""

    help = (
        "Make the role that owns the tables and migrates, and the role that serves people and may "
        "only read the books. DATABASE_URL names a superuser; OWNER_PASSWORD and APP_PASSWORD in "
        "the environment are set where given. --check says where the present rights are others."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--owner", default="milepost_owner")
        parser.add_argument("--app", default="milepost_app")
        parser.add_argument("--check", action="store_true", help="change nothing, look only")

    def handle(self, *args: Any, owner: str, app: str, check: bool, **options: Any) -> None:
        if not check:
            self._set_up(owner, app)
        elif not exists(app):
            raise CommandError(f"There is no role {app}.")
        found = [*excess_of(app), *lack_of(app)]
        for sentence in found:
            self.stdout.write(self.style.ERROR(sentence))
        if found:
            raise CommandError(f"{app} has other rights than it should.")
        self.stdout.write(self.style.SUCCESS(f"{app} may do what it needs, and no more."))

    def _set_up(self, owner: str, app: str) -> None:
        try:
            said = set_up_database_roles(
                owner=owner,
                app=app,
                owner_password=os.environ.get("OWNER_PASSWORD", ""),
                app_password=os.environ.get("APP_PASSWORD", ""),
            )
        except InvalidInput as refusal:
            raise CommandError(f"--{refusal.param}: {refusal.message}") from refusal
        except DatabaseError as refusal:
            raise CommandError(f"PostgreSQL refused: {refusal}") from refusal
        for sentence in said:
            self.stdout.write(sentence)
