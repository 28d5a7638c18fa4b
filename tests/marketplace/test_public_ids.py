"""A public id says by its beginning what it names."""

from collections import Counter

from django.apps import apps

from marketplace.common.public_ids import PublicIdField


def test_no_two_kinds_of_things_begin_alike():
    begins = Counter(
        field.prefix
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, PublicIdField)
    )
    assert [prefix for prefix, models in begins.items() if models > 1] == []
