"""Decisions about transcripts: a version is never changed, each change makes a new one."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import Max

from apps.recordings.models import Recording
from apps.transcripts.coverage import measure
from apps.transcripts.errors import InvalidGapError
from apps.transcripts.models import SPEAKER_LENGTH_MAX, Transcript, Utterance
from apps.transcripts.selectors import speech_of, utterances_of
from apps.transcripts.text import joined, line_clean
from apps.transcripts.types import Coverage, Region, UtteranceDraft


@transaction.atomic(savepoint=False)
def transcript_save(  # noqa: PLR0913 - a version is all of this
    *,
    recording: Recording,
    utterances: Sequence[UtteranceDraft],
    language_code: str,
    language_assumed: bool,
    engines: Sequence[Mapping[str, str]],
    coverage: Coverage,
    silences: Iterable[Region] = (),
) -> Transcript:
    """Save the next version of a recording's transcript: as many queries for a day of talk as for a word."""
    Recording.objects.select_for_update(no_key=True).only("pk").get(pk=recording.pk)  # versions have no race
    latest = Transcript.objects.filter(recording=recording).aggregate(latest=Max("version"))["latest"] or 0
    transcript = Transcript.objects.create(
        recording=recording,
        version=latest + 1,
        language_code=language_code,
        language_assumed=language_assumed,
        engines=list(engines),
        text=joined(draft.text for draft in utterances),
        speech_ms=coverage.speech_ms,
        covered_ms=coverage.covered_ms,
        gaps=_regions_json(coverage.gaps),
        silences=_regions_json(silences),
    )
    rows = [_utterance(transcript, index, draft) for index, draft in enumerate(utterances)]
    transcript.in_order = tuple(Utterance.objects.bulk_create(rows))
    return transcript


def silence_accept(*, recording: Recording, transcript: Transcript, start_ms: int, end_ms: int) -> Transcript:
    """Save a new version in which a stretch counts as speech no more. Raises InvalidGapError."""
    region = _region(start_ms, end_ms)
    drafts = [utterance.draft() for utterance in utterances_of(transcript)]
    return _amend(recording, transcript, drafts, [*transcript.silence_regions(), region])


def utterance_add(
    *, recording: Recording, transcript: Transcript, start_ms: int, end_ms: int, text: str, speaker: str
) -> Transcript:
    """Save a new version with an utterance that a person typed. Raises InvalidGapError."""
    region = _region(start_ms, end_ms)
    typed = UtteranceDraft(
        speaker=line_clean(speaker)[:SPEAKER_LENGTH_MAX],
        start_ms=region.start_ms,
        end_ms=region.end_ms,
        text=line_clean(text),
    )
    if not typed.text:
        raise InvalidGapError("Type what is said.", param="text")
    if not typed.speaker:
        raise InvalidGapError("Say who speaks.", param="speaker")
    drafts = [utterance.draft() for utterance in utterances_of(transcript)]
    place = sum(1 for draft in drafts if draft.start_ms <= typed.start_ms)
    return _amend(recording, transcript, [*drafts[:place], typed, *drafts[place:]], transcript.silence_regions())


def _amend(
    recording: Recording, transcript: Transcript, drafts: Sequence[UtteranceDraft], silences: Sequence[Region]
) -> Transcript:
    return transcript_save(
        recording=recording,
        utterances=drafts,
        language_code=transcript.language_code,
        language_assumed=transcript.language_assumed,
        engines=transcript.engines,
        coverage=measure(speech_of(recording=recording), drafts, silences=silences),
        silences=silences,
    )


def _region(start_ms: int, end_ms: int) -> Region:
    if not 0 <= start_ms < end_ms:
        raise InvalidGapError("A gap ends after it begins.", param="end")
    return Region(start_ms, end_ms)


def _regions_json(regions: Iterable[Region]) -> list[dict[str, int]]:
    return [{"start": one.start_ms, "end": one.end_ms} for one in regions]


def _utterance(transcript: Transcript, index: int, draft: UtteranceDraft) -> Utterance:
    return Utterance(
        transcript=transcript,
        index=index,
        channel=draft.channel,
        speaker=draft.speaker,
        start_ms=draft.start_ms,
        end_ms=draft.end_ms,
        text=draft.text,
        confidence=draft.confidence,
        words=[
            {"text": word.text, "start": word.start_ms, "end": word.end_ms, "confidence": word.confidence}
            for word in draft.words
        ],
    )
