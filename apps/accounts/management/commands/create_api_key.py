"""`manage.py create_api_key`: prints a new key, alone, once."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from apps.accounts import services
from apps.accounts.types import Scope
from apps.core.errors import UserError


class Command(BaseCommand):
    help = "Make an API key and print it, alone, on standard output. It cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="name of the workspace; the first one is main")
        parser.add_argument("--name", required=True, help="who will use the key")
        parser.add_argument(
            "--scopes",
            nargs="+",
            metavar="SCOPE",
            help=f"what it may do, of {' '.join(Scope)}; commas or spaces between; all without this option",
        )
        parser.add_argument("--expires-in-days", type=int, metavar="DAYS", help="never without this option")

    def handle(self, *_args: Any, **options: Any) -> None:
        days = options["expires_in_days"]
        if days is not None and days <= 0:
            raise CommandError("--expires-in-days takes a number above zero.")
        scopes = options["scopes"]
        try:
            _key, text = services.api_key_create(
                workspace=services.workspace_get(name=options["workspace"]),
                name=options["name"],
                scopes=None if scopes is None else [one for word in scopes for one in word.split(",") if one],
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        except UserError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(text)
