"""Finds the words that a claim quotes. Whoever wrote the claim is not believed about them."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from apps.analysis.folding import Folded, fold
from apps.analysis.types import Evidence, Reason, State
from apps.transcripts.text import spans
from apps.transcripts.timing import Timeline, timeline
from apps.transcripts.types import UtteranceDraft

JOIN_MS = 5_000
"""One sentence may go on over another's "yes": so soon after, two utterances of a speaker are one stretch of speech.
What is further apart, with others between, was not said in one go."""
PIECE_WORDS = 3
PIECES = 3
"""A quote is merged when so many pieces at most, each of so many words at least, were said, but not together. Shorter
pieces can be found in any long transcript."""
BREAK = "\n"
"""Stands between two stretches; no folded text contains it."""


class Quotable:
    """A transcript made ready for many searches: read once in linear time, then each search is one scan."""

    def __init__(self, utterances: Sequence[tuple[str, UtteranceDraft]]) -> None:
        """Take the utterances of one transcript, in order, with their ids."""
        self._ids = [identifier for identifier, _ in utterances]
        self._drafts = [draft for _, draft in utterances]
        self._offsets = spans(draft.text for draft in self._drafts)
        self._timelines: dict[int, Timeline] = {}
        by_speaker: dict[str, list[int]] = {}
        for index, draft in enumerate(self._drafts):
            by_speaker.setdefault(_name(draft.speaker), []).append(index)
        self._streams = {name: _Stream(self._stretches(indexes)) for name, indexes in by_speaker.items()}

    def locate(self, quote: str, *, speaker: str | None = None, line: int | None = None) -> Evidence:
        """Search a quote; where it was said more than once, near the utterance with index `line`.

        With a speaker only that speaker's words carry it. Said by somebody else, it is unsupported, and the
        evidence shows by whom and when.
        """
        wanted = fold(quote).text
        claimed = None if speaker is None else _name(speaker)
        own = [stream for name, stream in self._streams.items() if claimed in (None, name)]
        others = [stream for name, stream in self._streams.items() if claimed not in (None, name)]
        if wanted and (match := _nearest(own, wanted, line)):
            return self._evidence(quote, match, State.VERIFIED, None)
        if wanted and (match := _nearest(others, wanted, line)):
            return self._evidence(quote, match, State.UNSUPPORTED, Reason.OTHER_SPEAKER)
        is_merged = self._is_merged(wanted.split(), PIECES)
        return Evidence(quote, State.UNSUPPORTED, Reason.MERGED if is_merged else Reason.NOT_FOUND)

    def _is_merged(self, words: Sequence[str], pieces: int) -> bool:
        """Say whether the words are pieces of the transcript, one after the other; each is taken as long as it can."""
        if len(words) < PIECE_WORDS or not pieces or not self._is_said(words[:PIECE_WORDS]):
            return False
        if self._is_said(words):
            return True
        lengths = range(PIECE_WORDS, len(words))
        longest = lengths[bisect_left(lengths, 1, key=lambda length: not self._is_said(words[:length])) - 1]
        split = min(longest, len(words) - PIECE_WORDS)  # the next piece may need words that this one can do without
        return split >= PIECE_WORDS and self._is_merged(words[split:], pieces - 1)

    def _is_said(self, words: Sequence[str]) -> bool:
        folded = f" {' '.join(words)} "
        return any(stream.contains(folded) for stream in self._streams.values())

    def _stretches(self, indexes: Sequence[int]) -> Iterator["_Piece"]:
        """Yield the utterances of one speaker that say something."""
        previous: int | None = None
        for index in indexes:
            folded = fold(self._drafts[index].text)
            if folded.text:
                goes_on = previous is not None and self._goes_on(previous, index)
                yield _Piece(index, folded, self._offsets[index], goes_on)
                previous = index

    def _goes_on(self, previous: int, index: int) -> bool:
        is_next = index == previous + 1
        return is_next or self._drafts[index].start_ms - self._drafts[previous].end_ms <= JOIN_MS

    def _timeline(self, index: int) -> Timeline:
        if index not in self._timelines:
            self._timelines[index] = timeline(self._drafts[index])
        return self._timelines[index]

    def _evidence(self, quote: str, match: "_Match", state: State, reason: Reason | None) -> Evidence:
        first, last = match.utterances[0], match.utterances[-1]
        start = self._timeline(first).start_at(match.char_start - self._offsets[first])
        end = self._timeline(last).end_at(match.char_end - self._offsets[last])
        return Evidence(
            quote=quote,
            state=state,
            reason=reason,
            similarity=1.0,
            utterance_ids=tuple(self._ids[index] for index in match.utterances),
            speaker=self._drafts[first].speaker,
            start=start,
            end=max(start, end),
            char_start=match.char_start,
            char_end=match.char_end,
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    """One utterance on its way into a stream."""

    index: int
    folded: Folded
    offset: int
    """Where it begins in the transcript's text."""
    goes_on: bool
    """Whether it continues the stretch before it."""


@dataclass(frozen=True, slots=True)
class _Match:
    utterances: Sequence[int]
    char_start: int
    char_end: int


class _Stream:
    """All that one speaker said, folded into one text, with the way back into the transcript's text."""

    def __init__(self, pieces: Iterable[_Piece]) -> None:
        parts: list[str] = []
        length = 0
        self._starts, self._ends = array("q"), array("q")
        self._utterances: list[int] = []
        self._begins: list[int] = []
        for piece in pieces:
            # A stretch ends with the space that what goes on would begin with.
            joint, skipped = ("", 1) if piece.goes_on else (BREAK, 0)
            part = joint + piece.folded.text[skipped:]
            self._utterances.append(piece.index)
            self._begins.append(length)
            self._starts.extend([0] * len(joint))
            self._starts.extend(piece.offset + start for start in piece.folded.starts[skipped:])
            self._ends.extend([0] * len(joint))
            self._ends.extend(piece.offset + end for end in piece.folded.ends[skipped:])
            parts.append(part)
            length += len(part)
        self._text = "".join(parts)

    def contains(self, wanted: str) -> bool:
        return wanted in self._text

    def nearest(self, wanted: str, line: int | None) -> _Match | None:
        """Return the place closest to an utterance of the transcript; without one, the first place."""
        place = bisect_left(self._utterances, line or 0)
        middle = self._begins[place] if place < len(self._begins) else len(self._text)
        after = self._text.find(wanted, max(0, middle - 1))
        before = self._text.rfind(wanted, 0, middle + len(wanted) - 2) if middle else -1
        found = [self._match(position, len(wanted)) for position in (after, before) if position >= 0]
        return min(found, key=lambda match: abs(match.utterances[0] - (line or 0)), default=None)

    def _match(self, position: int, length: int) -> _Match:
        begin, end = position + 1, position + length - 2  # the first and the last letter, without the spaces
        first = bisect_right(self._begins, begin) - 1
        last = bisect_right(self._begins, end) - 1
        return _Match(self._utterances[first : last + 1], self._starts[begin], self._ends[end])


def _nearest(streams: Iterable[_Stream], wanted: str, line: int | None) -> _Match | None:
    found = [match for stream in streams if (match := stream.nearest(wanted, line))]
    return min(found, key=lambda match: (abs(match.utterances[0] - (line or 0)), match.char_start), default=None)


def _name(speaker: str) -> str:
    """Speakers are told apart like words: neither case nor spaces make another one of "Client"."""
    return fold(speaker).text
