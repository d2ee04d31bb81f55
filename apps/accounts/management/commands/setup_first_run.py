"""`manage.py setup_first_run`: the first workspace, administrator and API key, each made once."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from apps.accounts import services
from apps.accounts.models import Membership, User, Workspace

FIRST_WORKSPACE = "main"
FIRST_USER = "admin"


class Command(BaseCommand):
    help = (
        "Make the workspace `main`, an administrator and an API key where there are none yet. Their secrets are "
        "written to admin_password and api_key under VOX_HOME, readable by the owner alone."
    )

    @transaction.atomic
    def handle(self, *_args: Any, **_options: Any) -> None:
        home: Path = settings.VOX_HOME
        home.mkdir(parents=True, exist_ok=True)
        workspace, is_new = Workspace.objects.get_or_create(name=FIRST_WORKSPACE, defaults={"title": "Main"})
        if not User.objects.filter(is_superuser=True).exists():
            password = secrets.token_urlsafe(12)
            user = User.objects.create_superuser(FIRST_USER, password=password)
            Membership.objects.create(user=user, workspace=workspace, role=Membership.Role.ADMIN)
            write_secret(home / "admin_password", password)
        if is_new:
            _key, text = services.api_key_create(workspace=workspace, name="first run")
            write_secret(home / "api_key", text)


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
