"""What staff say about a recording: at its upload, and later on its page."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from apps.accounts.models import Workspace
from apps.accounts.selectors import Access, Role
from apps.analysis.scenarios import DEFAULT_SCENARIO, SCENARIOS
from apps.core.names import visible_text
from apps.recordings.models import Recording
from apps.recordings.types import RecordingDraft
from apps.staff.words import LANGUAGES, METADATA_WORDS, language_name

TITLE_LENGTH_MAX = 300
VALUE_LENGTH_MAX = 200
TAGS_MAX = 30
TAGS_LENGTH_MAX = 500

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

HINTS = {
    "number": "Of the file or the visit",
    "employee": "Who recorded it",
    "client": "Who was talked to",
    "place": "Hotel, restaurant ...",
    "building_type": "hotel, restaurant, health centre",
    "zone": "Lobby, spa, kitchen ...",
    "tags": "Separated by commas",
}


class LineField(forms.CharField):
    """One line of text for people; what could hide or reorder characters is written out."""

    def clean(self, value: Any) -> str:  # noqa: ANN401 - whatever the form brought
        return visible_text(super().clean(value))


class DetailsForm(forms.Form):
    """Title, kind of work, language, and the metadata of the domain."""

    title = LineField(max_length=TITLE_LENGTH_MAX, required=False)
    scenario = forms.ChoiceField(initial=DEFAULT_SCENARIO)
    language_code = forms.ChoiceField(label="Language", required=False)
    number = LineField(max_length=VALUE_LENGTH_MAX, required=False)
    date = LineField(max_length=VALUE_LENGTH_MAX, required=False)
    employee = LineField(max_length=VALUE_LENGTH_MAX, required=False)
    client = LineField(max_length=VALUE_LENGTH_MAX, required=False)
    place = LineField(max_length=VALUE_LENGTH_MAX, required=False)
    building_type = LineField(max_length=VALUE_LENGTH_MAX, required=False)
    zone = LineField(max_length=VALUE_LENGTH_MAX, required=False)
    city = LineField(max_length=VALUE_LENGTH_MAX, required=False)
    tags = LineField(max_length=TAGS_LENGTH_MAX, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)
        choice = forms.ChoiceField
        scenarios, languages = self.fields["scenario"], self.fields["language_code"]
        if isinstance(scenarios, choice) and isinstance(languages, choice):
            scenarios.choices = [(one.key, one.title) for one in SCENARIOS.values()]
            languages.choices = self._languages()
        for name, field in self.fields.items():
            field.widget.attrs |= {"class": "vp-input", "autocomplete": "off"}
            if name in HINTS:
                field.widget.attrs["placeholder"] = HINTS[name]
            if name in METADATA_WORDS:
                field.label = METADATA_WORDS[name]
        date = self.get_initial_for_field(self.fields["date"], "date") or ""
        if not date or _ISO_DATE.fullmatch(str(date)):
            self.fields["date"].widget.input_type = "date"

    def clean_tags(self) -> list[str]:
        """Return the tags one by one, each once."""
        tags = [tag.strip() for tag in self.cleaned_data["tags"].split(",")]
        kept = list(dict.fromkeys(tag for tag in tags if tag))
        if len(kept) > TAGS_MAX:
            raise forms.ValidationError(f"{TAGS_MAX} tags at most.")
        return kept

    def metadata(self, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what was filled in, over the keys of `known` that this form does not show."""
        others = {key: value for key, value in (known or {}).items() if key not in METADATA_WORDS}
        return others | {key: self.cleaned_data[key] for key in METADATA_WORDS if self.cleaned_data[key]}

    def draft(self, *, filename: str) -> RecordingDraft:
        """Return the form as the description of a new recording."""
        return RecordingDraft(
            scenario=self.cleaned_data["scenario"],
            filename=filename,
            title=self.cleaned_data["title"],
            language_code=self.cleaned_data["language_code"],
            metadata=self.metadata(),
        )

    def first_error(self) -> tuple[str, str]:
        """Return the first field that is wrong and what is wrong with it."""
        field, messages = next(iter(self.errors.items()))
        return field, str(messages[0])

    def _languages(self) -> list[tuple[str, str]]:
        current = str(self.initial.get("language_code") or "")
        known = {"": "Detect, or default"} | dict(LANGUAGES)
        return list((known | ({} if current in known else {current: language_name(current)})).items())


class UploadForm(DetailsForm):
    """The details of one upload, and where it belongs."""

    workspace = forms.ModelChoiceField(Workspace.objects.none(), empty_label=None)

    field_order = ("workspace",)

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["workspace"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = access.workspaces(Role.ANALYST)


def details_initial(recording: Recording) -> dict[str, Any]:
    """Return a recording's details as its form shows them."""
    metadata = {key: _shown(recording.metadata[key]) for key in METADATA_WORDS if key in recording.metadata}
    return metadata | {
        "title": recording.title,
        "scenario": recording.scenario,
        "language_code": recording.language_code,
    }


def _shown(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
