"""``manage.py show_mails FOLDER``: every mail that the house can send, to be looked at."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from projects.management.mails.rendering import every_mail


class Command(BaseCommand):
    """Nothing is sent, and nobody's notices are read: all of it is made up."""

    help = "Write every kind of mail with sample data into a folder, as text and as HTML."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for name, mail in every_mail():
            (folder / f"{name}.txt").write_text(f"{mail.subject}\n\n{mail.body}")
            (folder / f"{name}.html").write_text(str(mail.alternatives[0][0]))
            count += 1
        self.stdout.write(f"{count} mails are in {folder}.")
