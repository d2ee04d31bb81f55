"""The ledger for staff: written by the gateway, read by people."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.providers.models import ProviderCall


@admin.register(ProviderCall)
class ProviderCallAdmin(ModelAdmin):  # type: ignore[misc]
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
    list_filter = ("status", "operation", "provider", "cached", "workspace")
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

    def get_queryset(self, request: HttpRequest) -> Any:  # noqa: ANN401 - unfold ships no types
        return super().get_queryset(request).defer("raw_answer")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - nobody may
        return False

    def has_change_permission(self, request: HttpRequest, obj: ProviderCall | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ProviderCall | None = None) -> bool:  # noqa: ARG002
        return False
