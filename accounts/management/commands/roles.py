"""``manage.py roles EMAIL support finance``: who is staff, and what they may do."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM


class Command(BaseCommand):
    """Shows the roles of somebody who has signed up, or gives them exactly those that are named."""

    help = "Show somebody's staff roles, or set them: roles ada@example.com support finance."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="of somebody who has signed up")
        parser.add_argument("roles", nargs="*", metavar="role", help=", ".join(StaffRole.values))
        parser.add_argument("--none", action="store_true", help="take all roles away")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        roles, takes_all = set(options["roles"]), options["none"]
        if roles and takes_all:
            raise CommandError("Name roles or say --none, not both.")
        if unknown := roles - set(StaffRole.values):
            known = ", ".join(StaffRole.values)
            raise CommandError(f"There is no role {min(unknown)}. There are: {known}.")
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody has signed up as {email}.")
        if roles or takes_all:
            user = grant_staff_roles(user_id=user.pk, roles=roles, by=SYSTEM)
        held = ", ".join(sorted(staff_roles_of(user))) or "no staff role"
        self.stdout.write(f"{user.email}: {held}")
