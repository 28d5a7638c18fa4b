"""Names that a stranger can neither guess nor misread: ``ms_`` and 22 letters."""

import secrets
from functools import partial

from django.db import models

# Without 0 O 1 l I i o: read aloud or typed from paper they are one and the same.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 22


def new_public_id(prefix: str) -> str:
    return f"{prefix}_{''.join(secrets.choice(LETTERS) for _ in range(LENGTH))}"


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

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        for implied in ("max_length", "unique", "editable", "default"):
            kwargs.pop(implied, None)
        return name, path, args, kwargs | {"prefix": self.prefix}
