"""What the sidebar offers to whom. Named in the settings of the theme."""

from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.admin_base import access_of
from apps.accounts.selectors import Role
from apps.staff.selectors import attention_count

BADGE_MAX = 99


def may_enter(request: HttpRequest) -> bool:
    return request.user.is_active


def may_view(request: HttpRequest) -> bool:
    return access_of(request).may(Role.VIEWER)


def may_upload(request: HttpRequest) -> bool:
    return access_of(request).may(Role.ANALYST)


def may_administer(request: HttpRequest) -> bool:
    return access_of(request).may(Role.ADMIN)


def may_operate(request: HttpRequest) -> bool:
    return access_of(request).everywhere


def attention_badge(request: HttpRequest) -> str:
    """Return how many recordings wait for a person; nothing where none does."""
    count = attention_count(access_of(request), at_most=BADGE_MAX + 1)
    return f"{BADGE_MAX}+" if count > BADGE_MAX else str(count or "")


def recordings_active(request: HttpRequest) -> bool:
    """Say whether the page belongs to the recordings; uploading has an entry of its own."""
    here = reverse("admin:recordings_recording_changelist")
    return request.path.startswith(here) and request.path != reverse("admin:recordings_recording_add")
