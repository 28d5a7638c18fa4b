"""Names that a stranger can neither guess nor misread: ``ms_`` and 22 letters."""

import secrets
from functools import partial

from django.db import models

# Without 0 O 1 l I i o: read aloud or typed from paper they are one and the same.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 22


def new_public_id(prefix: str) -> str:
    # All letters by one draw: asking for each by itself was a fifth of what a notice costs.
    number, letters = secrets.randbelow(len(LETTERS) ** LENGTH), ""
    for _ in range(LENGTH):
        number, letter = divmod(number, len(LETTERS))
        letters += LETTERS[letter]
    return f"{prefix}_{letters}"


class PublicIdField(models.CharField):
    """A unique name for the outside; the primary key never leaves the house."""

    def __init__(self, *args, prefix: str = "xx", **kwargs) -> None:
        self.prefix = prefix
        kwargs |= {
            "max_length": len(prefix) + 1 + LENGTH,
            "unique": True,
            "editable": False,
            "default": partial(new_public_id, prefix),
        }
        super().__init__(*args, **kwargs)

    def db_type(self, connection) -> str | None:
        """The full name of the type: for what is called "varchar" Django makes a second index, by
        patterns. Nobody looks for a public id by a part of it, and each row of all would pay.
        """
        kind = super().db_type(connection)
        return kind and kind.replace("varchar", "character varying", 1)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        for implied in ("max_length", "unique", "editable", "default"):
            kwargs.pop(implied, None)
        return name, path, args, kwargs | {"prefix": self.prefix}
