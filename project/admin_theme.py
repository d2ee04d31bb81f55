"""How the staff pages look and what their sidebar offers. Read by django-unfold."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

_MAY = "apps.staff.navigation"


def _item(title: str, icon: str, view: str, permission: str, **more: str) -> dict[str, Any]:
    link = reverse_lazy(view)
    return {"title": title, "icon": icon, "link": link, "permission": f"{_MAY}.{permission}", **more}


def _flower_address(request: HttpRequest) -> str:
    """Flower listens beside the site; it asks for its own name and password."""
    return f"http://{urlsplit(f'//{request.get_host()}').hostname}:{settings.FLOWER_PORT}/"


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "VoxPersona",
    "SITE_HEADER": "VoxPersona",
    "SITE_SUBHEADER": "Recordings, transcripts, reports",
    "SITE_URL": None,
    "SITE_ICON": lambda _request: static("voxpersona/logo.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("voxpersona/logo.svg")},
    ],
    "STYLES": [lambda _request: static("voxpersona/staff.css")],
    "DASHBOARD_CALLBACK": "apps.staff.dashboard.dashboard_context",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "base": {
            "50": "oklch(98.4% .003 220)",
            "100": "oklch(96.4% .005 220)",
            "200": "oklch(92.2% .008 220)",
            "300": "oklch(86.6% .012 220)",
            "400": "oklch(70.8% .018 222)",
            "500": "oklch(55% .022 224)",
            "600": "oklch(44.4% .024 226)",
            "700": "oklch(37% .025 228)",
            "800": "oklch(27.4% .022 230)",
            "900": "oklch(20.8% .019 232)",
            "950": "oklch(14.6% .016 234)",
        },
        "primary": {
            "50": "oklch(97.6% .014 190)",
            "100": "oklch(94.6% .03 190)",
            "200": "oklch(89.6% .054 190)",
            "300": "oklch(82.6% .082 190)",
            "400": "oklch(74% .1 191)",
            "500": "oklch(63.4% .1 193)",
            "600": "oklch(51.6% .085 196)",
            "700": "oklch(44.6% .072 198)",
            "800": "oklch(38.4% .06 200)",
            "900": "oklch(33.2% .05 202)",
            "950": "oklch(24.6% .04 206)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    _item("Overview", "space_dashboard", "admin:index", "may_enter"),
                    _item(
                        "Recordings",
                        "graphic_eq",
                        "admin:recordings_recording_changelist",
                        "may_view",
                        badge=f"{_MAY}.attention_badge",
                        active=f"{_MAY}.recordings_active",
                    ),
                    _item("Upload", "upload", "admin:recordings_recording_add", "may_upload"),
                ],
            },
            {
                "title": "Workspace",
                "separator": True,
                "items": [
                    _item("Workspaces", "workspaces", "admin:accounts_workspace_changelist", "may_view"),
                    _item("People", "group", "admin:accounts_user_changelist", "may_administer"),
                    _item("API keys", "key", "admin:accounts_apikey_changelist", "may_administer"),
                    _item("Audit log", "history", "admin:accounts_auditentry_changelist", "may_administer"),
                ],
            },
            {
                "title": "Operation",
                "separator": True,
                "items": [
                    _item("Engine calls", "receipt_long", "admin:providers_providercall_changelist", "may_administer"),
                    _item("Schedules", "schedule", "admin:django_celery_beat_periodictask_changelist", "may_operate"),
                    _item("API reference", "api", "home", "may_enter") | {"link": "/api/docs"},
                    _item("Workers (Flower)", "dns", "home", "may_operate") | {"link": _flower_address},
                ],
            },
        ],
    },
}
