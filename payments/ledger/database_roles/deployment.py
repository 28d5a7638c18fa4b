"""Whether the role that serves people could write the books: said by
``manage.py check --deploy --database default``.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning

from payments.ledger.database_roles.selectors import current_role, excess_of

_ADVICE = "Run manage.py database_roles as a superuser, then let web, worker and beat log in by it."


def check_who_may_write_the_books(
    *, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """One warning for each right that lets the present role past the function that moves money.

    The sandbox is its own superuser, and plays with no money.
    """
    if settings.SANDBOX or not databases:
        return []
    return [
        Warning(sentence, hint=_ADVICE, id="milepost.database_role")
        for sentence in excess_of(current_role())
    ]
