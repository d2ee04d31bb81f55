"""Which part of the detected speech has text.

Detection and engines disagree by fractions of a second. What is only that must not stop a recording, and what is
more must never be hidden.
"""

from collections.abc import Sequence

from apps.transcripts.regions import difference, total_ms, union
from apps.transcripts.types import Coverage, Region, UtteranceDraft

NEAR_MS = 1_000
"""Speech this close to an utterance belongs to it: engines and the detector place the same sound differently."""
SHORT_MS = 1_500
"""A shorter stretch without text is a cough or a breath rather than a sentence."""
SHORT_SHARE = 0.2
"""Short stretches are forgiven only while they are at most this share of a channel's speech: where they are more,
the engine did not hear the channel, however choppy the speech on it is."""


def measure(
    speech_by_channel: Sequence[Sequence[Region]],
    utterances: Sequence[UtteranceDraft],
    *,
    silences: Sequence[Region] = (),
) -> Coverage:
    """Compare the detected speech with the utterances heard on the same channel.

    Speech counts per channel, so two people at once count twice. `silences` are what a person declared to be no
    speech. Gaps of all channels are listed together.
    """
    quiet = union(silences)
    speech_ms = uncovered_ms = 0
    gaps: list[Region] = []
    for channel, regions in enumerate(speech_by_channel):
        speech = difference(union(regions), quiet)
        missing = _missing(speech, _heard(utterances, channel))
        speech_ms += total_ms(speech)
        uncovered_ms += total_ms(missing)
        gaps.extend(missing)
    return Coverage(speech_ms, speech_ms - uncovered_ms, tuple(union(gaps)))


def is_complete(coverage: Coverage, *, min_share: float, max_gap_ms: int) -> bool:
    """Say whether enough of the speech has text. All of nothing is enough."""
    if not coverage.speech_ms:
        return True
    longest_ms = max((gap.end_ms - gap.start_ms for gap in coverage.gaps), default=0)
    return coverage.covered_ms >= min_share * coverage.speech_ms and longest_ms <= max_gap_ms


def _heard(utterances: Sequence[UtteranceDraft], channel: int) -> list[Region]:
    return union(
        Region(one.start_ms - NEAR_MS, one.end_ms + NEAR_MS)
        for one in utterances
        if one.channel in (channel, None) and one.text.strip()
    )


def _missing(speech: Sequence[Region], heard: Sequence[Region]) -> list[Region]:
    uncovered = difference(speech, heard)
    long = [one for one in uncovered if one.end_ms - one.start_ms >= SHORT_MS]
    short_ms = total_ms(uncovered) - total_ms(long)
    return long if short_ms <= SHORT_SHARE * total_ms(speech) else uncovered
