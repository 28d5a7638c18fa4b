"""``manage.py show_mails FOLDER``: every mail that the house can send, to be looked at."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from projects.management.mails.rendering import every_mail


class Command(BaseCommand):
    """Nothing is sent, and nobody's notices are read: all of it is made up."""

    help = "Write every kind of mail with sample data into a folder, as text and as HTML."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        languages = [code for code, _ in settings.LANGUAGES]
        parser.add_argument("--language", choices=languages, default=settings.LANGUAGE_CODE)

    def handle(self, *args: Any, folder: Path, language: str, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for name, mail in every_mail(language=language):
            (folder / f"{name}.txt").write_text(f"{mail.subject}\n\n{mail.body}")
            (folder / f"{name}.html").write_text(str(mail.alternatives[0][0]))
            count += 1
        self.stdout.write(f"{count} mails are in {folder}.")
