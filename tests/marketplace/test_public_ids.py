"""A public id says by its beginning what it names."""

from collections import Counter

from django.apps import apps

from marketplace.common.public_ids import LENGTH, LETTERS, PublicIdField, new_public_id


def test_no_two_kinds_of_things_begin_alike():
    begins = Counter(
        field.prefix
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, PublicIdField)
    )
    assert [prefix for prefix, models in begins.items() if models > 1] == []


def test_each_place_takes_every_letter_and_no_two_are_alike():
    """With 3,000 draws a letter is missing from some place less than once in 10^20 runs."""
    names = {new_public_id("xx") for _ in range(3_000)}
    assert len(names) == 3_000
    for place in zip(*(name.removeprefix("xx_") for name in names), strict=True):
        assert set(place) == set(LETTERS)
    assert all(len(name) == 3 + LENGTH for name in names)
