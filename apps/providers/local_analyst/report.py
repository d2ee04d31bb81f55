"""The local analyst's two reports: `summary` and `conversation`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict

from apps.providers.local_analyst.keyphrases import key_phrases
from apps.providers.local_analyst.rank import best_pieces
from apps.providers.local_analyst.talk import SpeakerTalk, Talk, Turn, talk_of
from apps.providers.local_analyst.text import Piece, Stems, pieces_of
from apps.providers.local_analyst.wording import WORDINGS, Wording
from apps.providers.types import Claim, Draft, LanguageRequest, Line, Quote, language_primary

MAX_SENTENCES = 10
MAX_PHRASES = 12
MAX_QUESTIONS = 50
"""More are counted, not listed."""
LEAST_MONOLOGUE_MS = 10_000


def report_write(request: LanguageRequest) -> Draft:
    """Write the report `request.task` in the language of the transcript.

    Raises KeyError for a task or a language that the local analyst has not learned.
    """
    language = language_primary(request.language_code)
    write, wording = REPORTS[request.task], WORDINGS[language]
    lines = [line for line in request.lines if line.text.strip()]
    return write(lines, language, wording)


def _summary(lines: Sequence[Line], language: str, wording: Wording) -> Draft:
    stems = Stems(language)
    pieces = pieces_of(lines, stems)
    if not pieces:
        return Draft(wording.summary, f"{wording.no_speech}\n\n*{wording.method_summary}*")
    sentences = best_pieces(pieces, min(MAX_SENTENCES, max(1, math.isqrt(len(pieces)))))
    phrases = key_phrases((line.text for line in lines), stems, MAX_PHRASES)
    paragraphs = [" ".join(sentence.text for sentence in sentences)]
    if phrases:
        paragraphs.append(f"**{wording.key_phrases}:** {', '.join(phrase.text for phrase in phrases)}")
    paragraphs.append(f"*{wording.method_summary}*")
    return Draft(
        title=wording.summary,
        text="\n\n".join(paragraphs),
        claims=tuple(
            _claim(wording.sentence_claim, sentence, "key_statement", number)
            for number, sentence in enumerate(sentences, start=1)
        ),
        totals={
            "key_phrases": [asdict(phrase) for phrase in phrases],
            "sentences": len(pieces),
            "words": sum(piece.words for piece in pieces),
        },
    )


def _conversation(lines: Sequence[Line], language: str, wording: Wording) -> Draft:
    pieces = pieces_of(lines, Stems(language))
    if not pieces:
        return Draft(wording.conversation, f"{wording.no_speech}\n\n*{wording.method_conversation}*")
    talk = talk_of(lines, pieces, language)
    questions = talk.questions[:MAX_QUESTIONS]
    claims = [_claim(wording.question_claim, piece, "question", n) for n, piece in enumerate(questions, start=1)]
    claims += _monologue(talk.turns, wording)
    return Draft(
        title=wording.conversation,
        text=_conversation_text(talk, wording),
        claims=tuple(claims),
        totals={
            "speakers": [asdict(speaker) for speaker in talk.speakers],
            "turns": len(talk.turns),
            "questions": len(talk.questions),
            "pauses": {"count": talk.pauses, "total_ms": talk.pause_ms, "longest_ms": talk.longest_pause_ms},
        },
    )


REPORTS: dict[str, Callable[[Sequence[Line], str, Wording], Draft]] = {
    "summary": _summary,
    "conversation": _conversation,
}


def _claim(title: str, piece: Piece, category: str, number: int) -> Claim:
    quote = Quote(piece.text, piece.line.speaker, piece.line.index)
    return Claim(f"{title} {number}", piece.text, category, (quote,))


def _monologue(turns: Sequence[Turn], wording: Wording) -> list[Claim]:
    longest = max(turns, key=lambda turn: turn.talk_ms)
    if longest.talk_ms < LEAST_MONOLOGUE_MS:
        return []
    first, last = longest.lines[0], longest.lines[-1]
    quotes = tuple(Quote(line.text, line.speaker, line.index) for line in dict.fromkeys((first, last)))
    text = wording.monologue_text.format(
        speaker=longest.speaker or wording.speaker_unknown, talk=_duration(longest.talk_ms, wording)
    )
    return [Claim(wording.monologue_claim, text, "longest_turn", quotes)]


def _conversation_text(talk: Talk, wording: Wording) -> str:
    counts = [wording.questions.format(count=len(talk.questions))]
    if talk.pauses:
        total, longest = _duration(talk.pause_ms, wording), _duration(talk.longest_pause_ms, wording)
        counts.append(wording.pauses.format(count=talk.pauses, total=total, longest=longest))
    points = [_speaker_line(speaker, wording) for speaker in talk.speakers] + counts
    return "\n".join(f"- {point}" for point in points) + f"\n\n*{wording.method_conversation}*"


def _speaker_line(speaker: SpeakerTalk, wording: Wording) -> str:
    name = speaker.speaker or wording.speaker_unknown
    parts = [wording.speaker_line.format(speaker=name, turns=speaker.turns, words=speaker.words)]
    if speaker.share is not None and speaker.pace_wpm is not None:  # the transcript has times
        talk = _duration(speaker.talk_ms, wording)
        parts.append(wording.talked.format(talk=talk, share=f"{speaker.share:.0%}"))
        parts.append(wording.pace.format(pace=speaker.pace_wpm))
    return ", ".join(parts)


def _duration(milliseconds: int, wording: Wording) -> str:
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return (wording.minutes if minutes else wording.seconds).format(minutes=minutes, seconds=seconds)
