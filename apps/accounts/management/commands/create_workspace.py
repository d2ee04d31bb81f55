"""`manage.py create_workspace NAME`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts import services
from apps.core.errors import UserError


class Command(BaseCommand):
    help = "Make another workspace. People, keys and recordings belong to one, and nothing crosses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="lower-case letters, digits and hyphens")
        parser.add_argument("--title", default="", help="what people see")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            workspace = services.workspace_create(name=options["name"], title=options["title"])
        except UserError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"Workspace {workspace.name} is ready.")
