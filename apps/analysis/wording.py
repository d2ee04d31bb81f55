"""What a report says around its content, in the language of the transcript; English where we have no other."""

# ruff: noqa: RUF001 - Russian letters are meant

from dataclasses import dataclass
from types import MappingProxyType

from apps.analysis.types import Reason, State


@dataclass(frozen=True, slots=True)
class Wording:
    made_by: str
    local_analyst: str
    findings: str
    unsupported: str
    unsupported_note: str
    no_evidence: str
    evidence: str
    states: MappingProxyType[State, str]
    reasons: MappingProxyType[Reason, str]
    numbers: str
    name: str
    value: str
    coverage: str
    covered: str
    no_speech: str
    failed: str
    stale: str
    seconds: str
    labels: MappingProxyType[str, str]
    """What the numbers are called; a name that is missing is shown as it is, with spaces."""


ENGLISH = Wording(
    made_by="Made by",
    local_analyst="the local analyst (simple published algorithms, no language model)",
    findings="Findings",
    unsupported="Not supported by the transcript",
    unsupported_note="These claims are not findings: their quotes were not found where they were said to be.",
    no_evidence="no evidence found",
    evidence="Evidence",
    states=MappingProxyType(
        {State.VERIFIED: "verified", State.APPROXIMATE: "approximate", State.UNSUPPORTED: "unsupported"}
    ),
    reasons=MappingProxyType(
        {
            Reason.NOT_FOUND: "not found in the transcript",
            Reason.OTHER_SPEAKER: "said by another speaker than claimed",
            Reason.MERGED: "put together from things said apart",
        }
    ),
    numbers="Numbers",
    name="Name",
    value="Value",
    coverage="Coverage",
    covered="{share} of the detected speech was analysed ({analysed} of {speech}).",
    no_speech="No speech was detected in the recording.",
    failed="This report could not be written: {detail} ({code})",
    stale="The transcript has changed since this report was written.",
    seconds="{seconds} s",
    labels=MappingProxyType({"pace_wpm": "Words per minute", "talk_ms": "Talk time", "share": "Share of talk"}),
)

RUSSIAN = Wording(
    made_by="Составил",
    local_analyst="локальный анализ (простые опубликованные алгоритмы, без языковой модели)",
    findings="Наблюдения",
    unsupported="Не подтверждено расшифровкой",
    unsupported_note="Это не наблюдения: приведённые цитаты не найдены там, где они якобы сказаны.",
    no_evidence="подтверждений не найдено",
    evidence="Подтверждения",
    states=MappingProxyType(
        {State.VERIFIED: "точных", State.APPROXIMATE: "близких", State.UNSUPPORTED: "не найденных"}
    ),
    reasons=MappingProxyType(
        {
            Reason.NOT_FOUND: "в расшифровке не найдено",
            Reason.OTHER_SPEAKER: "это сказал другой говорящий",
            Reason.MERGED: "склеено из сказанного в разных местах",
        }
    ),
    numbers="Числа",
    name="Показатель",
    value="Значение",
    coverage="Охват",
    covered="Проанализировано {share} найденной речи ({analysed} из {speech}).",
    no_speech="Речь в записи не найдена.",
    failed="Отчёт не удалось составить: {detail} ({code})",
    stale="После составления отчёта расшифровка изменилась.",
    seconds="{seconds} с",
    labels=MappingProxyType(
        {
            "count": "Количество",
            "key_phrases": "Ключевые фразы",
            "longest_ms": "Самая длинная",
            "longest_turn_ms": "Самая длинная реплика",
            "pace_wpm": "Слов в минуту",
            "pause_ms": "Длительность пауз",
            "pauses": "Паузы",
            "questions": "Вопросы",
            "response_ms": "Пауза перед ответом",
            "sentences": "Предложения",
            "share": "Доля речи",
            "speaker": "Говорящий",
            "speakers": "Говорящие",
            "talk_ms": "Время речи",
            "text": "Текст",
            "total_ms": "Всего",
            "turns": "Реплики",
            "words": "Слова",
        }
    ),
)

WORDINGS = MappingProxyType({"en": ENGLISH, "ru": RUSSIAN})
