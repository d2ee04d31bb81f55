"""When the characters of an utterance were said: exactly where words have times, between them in proportion."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from apps.transcripts.types import UtteranceDraft

SEARCH_CHARACTERS = 80
"""How far behind the last found word the next is looked for: engines write some words differently in the text
(numbers, punctuation), and one that is missing must not drag the others along."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Known points of an utterance; between them the text is taken to have been said at an even pace."""

    offsets: tuple[int, ...]
    times_ms: tuple[int, ...]

    def start_at(self, offset: int) -> int:
        """Return when the character at `offset` begins."""
        after = bisect_right(self.offsets, offset)
        return self._between(max(after - 1, 0), min(after, len(self.offsets) - 1), offset)

    def end_at(self, offset: int) -> int:
        """Return when the character before `offset` ends."""
        before = bisect_left(self.offsets, offset)
        return self._between(max(before - 1, 0), min(before, len(self.offsets) - 1), offset)

    def _between(self, left: int, right: int, offset: int) -> int:
        first, last = self.offsets[left], self.offsets[right]
        start, end = self.times_ms[left], self.times_ms[right]
        if last <= first:
            return end if offset >= last else start
        return start + (end - start) * (offset - first) // (last - first)


def timeline(utterance: UtteranceDraft) -> Timeline:
    """Find the utterance's words in its text and return when its characters were said."""
    points = [(0, utterance.start_ms)]
    for start, end, word in _found(utterance.text, [word.text for word in utterance.words]):
        points.append((start, utterance.words[word].start_ms))
        points.append((end, utterance.words[word].end_ms))
    points.append((len(utterance.text), utterance.end_ms))
    offsets, times = [], []
    latest = utterance.start_ms
    for offset, time in points:
        latest = max(latest, min(time, utterance.end_ms))
        offsets.append(offset)
        times.append(latest)
    return Timeline(tuple(offsets), tuple(times))


def _found(text: str, words: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return start, end and index of each word that stands in the text, in order and without overlap."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = text  # a letter that changes its length in lower case would shift what follows it
    found = []
    position = 0
    for index, word in enumerate(words):
        start = lowered.find(word.lower(), position, position + SEARCH_CHARACTERS + len(word))
        if start < 0:
            start = text.find(word, position, position + SEARCH_CHARACTERS + len(word))
        if start >= 0:
            position = start + len(word)
            found.append((start, position, index))
    return found
