"""Which language a recording is taken to be in."""

from django.conf import settings

from apps.providers.selectors import speech_candidates
from apps.recordings.models import Recording


def language_of(recording: Recording) -> tuple[str | None, bool]:
    """Return the language to transcribe in, and whether we only assume it.

    The uploader's word comes first, then the workspace's default. Without either an engine that detects languages
    gets None; where no engine can, the language of the settings is assumed.
    """
    named = recording.language_code or recording.workspace.default_language_code
    if named:
        return named, False
    if speech_candidates(language_code=None):
        return None, False
    return settings.ASSUMED_LANGUAGE_CODE, True
