"""A transcript as a file: plain text, SubRip, WebVTT. The JSON of a transcript is the API's own."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.transcripts.cues import cues
from apps.transcripts.types import UtteranceDraft

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SUBRIP_TAG = re.compile(r"<(?=[A-Za-z/!])")


def txt(utterances: Sequence[UtteranceDraft]) -> str:
    """Return one line per utterance: when it begins, who speaks, what is said."""
    return "".join(f"[{clock(one.start_ms)}] {one.speaker}: {one.text}\n" for one in utterances)


def srt(utterances: Sequence[UtteranceDraft]) -> str:
    """Return SubRip. It knows no escapes: what a player would take for a tag or a timing is shown by a lookalike."""
    blocks = []
    is_dialogue = len({one.speaker for one in utterances}) > 1
    for number, cue in enumerate(cues(utterances), start=1):
        text = "\n".join(cue.lines)
        text = _subrip(f"{cue.speaker}: {text}" if is_dialogue else text)
        times = f"{_stamp(cue.start_ms, ',')} --> {_stamp(cue.end_ms, ',')}"
        blocks.append(f"{number}\n{times}\n{text}\n")
    return "\n".join(blocks)


def vtt(utterances: Sequence[UtteranceDraft]) -> str:
    """Return WebVTT with the speaker as voice of each cue."""
    blocks = ["WEBVTT\n"]
    for cue in cues(utterances):
        text = "\n".join(cue.lines).translate(_ENTITIES)
        times = f"{_stamp(cue.start_ms, '.')} --> {_stamp(cue.end_ms, '.')}"
        blocks.append(f"{times}\n<v {cue.speaker.translate(_ENTITIES)}>{text}\n")
    return "\n".join(blocks)


def clock(time_ms: int) -> str:
    """Return hh:mm:ss."""
    minutes, seconds = divmod(time_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def _subrip(text: str) -> str:
    return _SUBRIP_TAG.sub("\u2039", text).replace("-->", "--\u203a")


def _stamp(time_ms: int, point: str) -> str:
    return f"{clock(time_ms)}{point}{time_ms % 1000:03}"


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a transcript down."""

    media_type: str
    write: Callable[[Sequence[UtteranceDraft]], str]


FORMATS = {
    "txt": Format("text/plain; charset=utf-8", txt),
    "srt": Format("application/x-subrip; charset=utf-8", srt),
    "vtt": Format("text/vtt; charset=utf-8", vtt),
}
