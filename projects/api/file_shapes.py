"""A file as the API writes it down, whatever it came with."""

from rest_framework import serializers


class FileOut(serializers.Serializer):
    """A file as it was received."""

    id = serializers.CharField(source="stored.public_id")
    name = serializers.CharField(source="stored.name")
    size = serializers.IntegerField(source="stored.size", help_text="In bytes.")
    sha256 = serializers.CharField(source="stored.sha256")
