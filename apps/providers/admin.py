"""The ledger for staff: written by the gateway, read by people."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.accounts.admin_base import WorkspaceBound
from apps.accounts.selectors import Role
from apps.providers.models import ProviderCall


@admin.register(ProviderCall)
class ProviderCallAdmin(WorkspaceBound, ModelAdmin):  # type: ignore[misc]
    view_role = Role.ADMIN
    list_display = (
        "started_at",
        "operation",
        "provider",
        "model",
        "purpose",
        "attempt",
        "status",
        "cached",
        "cost",
        "currency",
        "error_code",
    )
    list_filter = ("status", "operation", "provider", "cached", ("workspace", admin.RelatedOnlyFieldListFilter))
    search_fields = ("=subject_id", "=id", "provider_request_id")
    ordering = ("-started_at", "-pk")
    fields = (
        "id",
        "workspace",
        "subject_id",
        "operation",
        "provider",
        "model",
        "purpose",
        "attempt",
        "status",
        "cached",
        "units",
        "cost",
        "currency",
        "error_code",
        "provider_request_id",
        "idem_key",
        "started_at",
        "finished_at",
    )  # never the answer: it is speech, and belongs on the recording's page
    readonly_fields = fields
    list_select_related = ("workspace",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:  # noqa: ANN401 - unfold ships no types
        return super().get_queryset(request).defer("raw_answer")
