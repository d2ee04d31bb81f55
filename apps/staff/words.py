"""Codes in plain words: what happened, and what a person can do about it."""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Explanation:
    what: str
    advice: str


_UNKNOWN = Explanation(
    "Something went wrong that has no explanation here yet.",
    "Retry it; if it ends in the same way, give the code below to whoever runs this server.",
)

EXPLANATIONS = MappingProxyType(
    {
        "no_engine_for_language": Explanation(
            "No speech engine that is switched on understands this language.",
            "Choose the right language in the details and run it again, or ask for an engine for it to be set up.",
        ),
        "coverage_incomplete": Explanation(
            "Some of the speech has no text yet. What there is can be read.",
            "Listen to the gaps in the transcript: retry them, type what is said, or accept them as silence.",
        ),
        "report_failed": Explanation(
            "The transcript is complete, but a report could not be written.",
            "Retry: only the reports are written again.",
        ),
        "budget_exceeded": Explanation(
            "Going on would cost more than the budget allows.",
            "Ask an administrator to raise the budget, then retry.",
        ),
        "corrupted_audio_file": Explanation(
            "The file is damaged, or a part of it is missing.",
            "Play it on the device it came from; if it is whole there, upload it again.",
        ),
        "no_audio_in_file": Explanation(
            "There is no sound in this file.", "Check that the right file was chosen, then upload that one."
        ),
        "media_duration_too_long": Explanation(
            "The recording is longer than this server accepts.", "Cut it into parts and upload each."
        ),
        "decoder_killed": Explanation(
            "The file made its decoder crash or use too much.",
            "It is badly broken: convert it to another format and upload that.",
        ),
        "unsupported_media": Explanation(
            "This is not an audio or video format that we read.", "Convert it to mp3, m4a, flac, ogg or wav."
        ),
        "object_missing": Explanation(
            "The stored file is gone.", "Upload the recording again and tell whoever runs this server."
        ),
        "storage_unavailable": Explanation("The storage did not answer for a long time.", "Retry in a few minutes."),
        "no_space_left": Explanation(
            "The server had no room for the work.", "Tell whoever runs this server; retry when there is room."
        ),
        "poison": Explanation(
            "The workers died at this recording again and again.",
            "Retry once; if it ends in the same way, convert the file and upload that.",
        ),
        "stage_timeout": Explanation(
            "A step took longer than it may take.", "Retry. A very long recording is better cut into parts."
        ),
    }
)

WARNINGS = MappingProxyType(
    {
        "no_speech": ("No speech", "Nobody was heard speaking."),
        "language_assumed": ("Language assumed", "Nobody named the language, so a default was taken."),
        "speakers_uncertain": ("Speakers uncertain", "Who says what may be wrong in places."),
        "poor_audio": ("Poor audio", "Very quiet or distorted: words may be missing."),
        "local_analysis": ("Local analysis", "The reports were written without a language model."),
    }
)

STAGE_WORDS = MappingProxyType(
    {
        "prepare": "Preparing the audio",
        "transcribe": "Transcribing",
        "assemble": "Assembling the transcript",
        "analyze": "Writing the reports",
        "deliver": "Delivering",
    }
)

METADATA_WORDS = MappingProxyType(
    {
        "number": "Number",
        "date": "Date",
        "employee": "Employee",
        "client": "Client",
        "place": "Place",
        "building_type": "Building type",
        "zone": "Zone",
        "city": "City",
        "tags": "Tags",
    }
)
"""The fields that staff fill in; other keys of the metadata are shown as they came."""

LANGUAGES = MappingProxyType(
    {
        "en": "English",
        "ru": "Russian",
        "de": "German",
        "es": "Spanish",
        "fr": "French",
        "it": "Italian",
        "pt": "Portuguese",
        "pl": "Polish",
        "uk": "Ukrainian",
        "kk": "Kazakh",
        "uz": "Uzbek",
        "tt": "Tatar",
        "tr": "Turkish",
        "ar": "Arabic",
        "zh": "Chinese",
        "ja": "Japanese",
        "ko": "Korean",
        "hi": "Hindi",
    }
)
"""Offered by name; the API takes any language there is."""


def explanation(code: str) -> Explanation:
    """Return what the code of a failure means for people."""
    return EXPLANATIONS.get(code, _UNKNOWN)


def warning_words(code: str) -> tuple[str, str]:
    """Return a warning's name and what it means."""
    return WARNINGS.get(code, (code.replace("_", " ").capitalize(), ""))


def language_name(code: str) -> str:
    """Return a language's name, with its region where one is given; the code where it has no name here."""
    primary, _, region = code.partition("-")
    name = LANGUAGES.get(primary)
    if name is None:
        return code
    return f"{name} ({region})" if region else name
