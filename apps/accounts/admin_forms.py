"""Forms of the staff pages about people and keys."""

from typing import Any

from django import forms
from django.forms import BaseInlineFormSet
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.accounts.models import ApiKey, Membership
from apps.accounts.types import Scope

SCOPE_WORDS = {
    Scope.READ: "read: recordings, transcripts, reports, audio",
    Scope.UPLOAD: "upload: send recordings",
    Scope.PROCESS: "process: run again, cancel, correct",
    Scope.EXPORT: "export: transcripts and reports as files",
    Scope.DELETE: "delete: recordings with all that belongs to them",
    Scope.WEBHOOKS: "webhooks: endpoints that are told of events",
    Scope.ADMIN: "admin: settings of the workspace",
}


class ApiKeyForm(forms.ModelForm[ApiKey]):
    """A new key: everything but the name is fixed once it exists."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, words) for scope, words in SCOPE_WORDS.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        initial=[Scope.READ.value, Scope.UPLOAD.value],
        help_text="Give a program only what it needs.",
    )

    class Meta:
        model = ApiKey
        fields = ("workspace", "name", "scopes", "expires_at")
        help_texts = {"expires_at": "Empty: it never expires.", "name": "Who or what uses it."}

    def clean_expires_at(self) -> Any:  # noqa: ANN401 - whatever the field made of it
        expires_at = self.cleaned_data.get("expires_at")
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError("This lies in the past.")
        return expires_at


class NewPersonMembershipFormSet(BaseInlineFormSet[Any, Any, Any]):
    """Somebody made by a workspace's administrator must belong to one of that person's workspaces."""

    def clean(self) -> None:
        super().clean()
        if self.instance.pk is None and not any(self._is_kept(form) for form in self.forms):
            raise forms.ValidationError("Choose at least one workspace for this person.")

    def _is_kept(self, form: forms.ModelForm[Membership]) -> bool:
        data = getattr(form, "cleaned_data", {})
        return bool(data.get("workspace")) and not data.get("DELETE")
