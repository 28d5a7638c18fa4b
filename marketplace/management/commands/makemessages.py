"""``manage.py makemessages -l de``: bring the catalogue of a language up to the sources."""

from typing import Any

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    """As Django's own, which also finds what ``Words`` keeps; needs gettext on the machine."""

    xgettext_options = [
        *makemessages.Command.xgettext_options,
        *("--keyword=Words:1", "--keyword=counted:1,2"),
    ]

    def handle(self, *args: Any, **options: Any) -> None:
        options["no_location"], options["no_wrap"] = True, True
        options["ignore_patterns"] += ["tests", "bench", "staticfiles"]
        super().handle(*args, **options)
