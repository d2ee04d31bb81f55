"""From the answers for many chunks to the utterances of one recording."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise
from string import ascii_uppercase

from apps.providers.types import Segment
from apps.transcripts.regions import clipped, total_ms, union
from apps.transcripts.text import line_clean
from apps.transcripts.types import ChunkText, Region, UtteranceDraft, UtteranceWord


def assemble(
    chunks: Sequence[ChunkText],
    *,
    duration_ms: int,
    channels: int,
    speech_by_channel: Sequence[Sequence[Region]],
) -> tuple[UtteranceDraft, ...]:
    """Return the utterances in the order in which they begin, whatever the order of the chunks.

    On several channels each is a speaker: the first is A, the second B. On one channel the engine's labels become
    A, B ... by first appearance; segments without a label are one speaker more. Segments without times share the
    speech around them by the length of their texts. Nothing lies outside its chunk or the recording.
    """
    heard: list[tuple[str | None, UtteranceDraft]] = []
    for chunk in sorted(chunks, key=_chunk_order):
        speech = speech_by_channel[chunk.channel] if chunk.channel < len(speech_by_channel) else ()
        heard.extend(_utterances(chunk, duration_ms, speech))
    heard.sort(key=lambda one: (one[1].start_ms, one[1].channel))
    labels: dict[str | None, str] = {}
    return tuple(
        replace(
            draft,
            speaker=speaker_name(draft.channel or 0)
            if channels > 1
            else labels.setdefault(label, speaker_name(len(labels))),
        )
        for label, draft in heard
    )


def speaker_name(number: int) -> str:
    """Return A for 0, B for 1 ... Z, AA, AB ..."""
    name, left = "", number + 1
    while left:
        left, letter = divmod(left - 1, len(ascii_uppercase))
        name = ascii_uppercase[letter] + name
    return name


def _chunk_order(chunk: ChunkText) -> tuple[int, int, int, tuple[str, ...]]:
    """Everything that could tell two chunks apart, so that the order of arrival never matters."""
    return chunk.channel, chunk.start_ms, chunk.end_ms, tuple(segment.text for segment in chunk.segments)


def _utterances(
    chunk: ChunkText, duration_ms: int, speech: Sequence[Region]
) -> Iterator[tuple[str | None, UtteranceDraft]]:
    """Yield the engine's label and the utterance, in the engine's order, for each segment that says something."""
    window = Region(_between(chunk.start_ms, 0, duration_ms), _between(chunk.end_ms, 0, duration_ms))
    spoken = [(segment, line_clean(segment.text)) for segment in chunk.segments]
    spoken = [(segment, text) for segment, text in spoken if text]
    spans = _spans([segment for segment, _ in spoken], [len(text) for _, text in spoken], chunk, window, speech)
    for (segment, text), span in zip(spoken, spans, strict=True):
        yield (
            segment.speaker,
            UtteranceDraft(
                speaker="",
                start_ms=span.start_ms,
                end_ms=span.end_ms,
                text=text,
                confidence=segment.confidence,
                words=_words(segment, chunk.start_ms, window),
                channel=chunk.channel,
            ),
        )


def _spans(
    segments: Sequence[Segment], lengths: Sequence[int], chunk: ChunkText, window: Region, speech: Sequence[Region]
) -> list[Region]:
    """Return the place of each segment; runs of segments without times lie between their timed neighbours."""
    known = [_known_span(segment, chunk.start_ms, window) for segment in segments]
    spans: list[Region] = []
    for is_known, run in groupby(range(len(segments)), key=lambda index: known[index] is not None):
        indexes = list(run)
        if is_known:
            spans.extend(span for index in indexes if (span := known[index]) is not None)
            continue
        following = known[indexes[-1] + 1] if indexes[-1] + 1 < len(known) else None
        start = spans[-1].end_ms if spans else window.start_ms
        end = following.start_ms if following else window.end_ms
        spans.extend(_shares(Region(start, max(start, end)), [lengths[index] for index in indexes], speech))
    return spans


def _known_span(segment: Segment, offset_ms: int, window: Region) -> Region | None:
    """Return where the engine says that a segment lies, from its words if need be; None where it does not say."""
    start, end = segment.start_ms, segment.end_ms
    if start is None:
        start = min((word.start_ms for word in segment.words if word.start_ms is not None), default=None)
    if end is None:
        end = max((word.end_ms for word in segment.words if word.end_ms is not None), default=None)
    return None if start is None or end is None else _placed(start, end, offset_ms, window)


def _shares(window: Region, lengths: Sequence[int], speech: Sequence[Region]) -> list[Region]:
    """Divide the speech inside a window by the lengths of the texts; without any speech there, the window itself."""
    regions = clipped(union(speech), window.start_ms, window.end_ms) or [window]
    spoken_ms, letters = total_ms(regions), sum(lengths)
    bounds = [0, *(reached * spoken_ms // letters for reached in accumulate(lengths))]
    return [
        Region(_speech_position(regions, start, is_end=False), _speech_position(regions, end, is_end=True))
        for start, end in pairwise(bounds)
    ]


def _speech_position(regions: Sequence[Region], spoken_ms: int, *, is_end: bool) -> int:
    """Return when so much of the speech has passed. At a pause an end lies before it and a start after it."""
    for region in regions:
        length = region.end_ms - region.start_ms
        if spoken_ms < length or (is_end and spoken_ms == length):
            return region.start_ms + spoken_ms
        spoken_ms -= length
    return regions[-1].end_ms


def _words(segment: Segment, offset_ms: int, window: Region) -> tuple[UtteranceWord, ...]:
    """Return the words with their times in the recording, or none where the time of any is unknown."""
    words = []
    for word in segment.words:
        text = line_clean(word.text)
        if not text:
            continue
        if word.start_ms is None or word.end_ms is None:
            return ()
        span = _placed(word.start_ms, word.end_ms, offset_ms, window)
        words.append(UtteranceWord(text, span.start_ms, span.end_ms, word.confidence))
    return tuple(words)


def _placed(start_ms: int, end_ms: int, offset_ms: int, window: Region) -> Region:
    start = _between(start_ms + offset_ms, window.start_ms, window.end_ms)
    return Region(start, max(start, _between(end_ms + offset_ms, window.start_ms, window.end_ms)))


def _between(value: int, lowest: int, highest: int) -> int:
    return max(lowest, min(value, highest))
