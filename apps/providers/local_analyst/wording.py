"""What the reports say around the numbers, in the language of the transcript."""

# ruff: noqa: RUF001 - Russian letters are meant

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    summary: str
    conversation: str
    method_summary: str
    method_conversation: str
    no_speech: str
    key_phrases: str
    speaker_unknown: str
    speaker_line: str
    talked: str
    pace: str
    pauses: str
    questions: str
    question_claim: str
    monologue_claim: str
    monologue_text: str
    sentence_claim: str
    minutes: str
    seconds: str


ENGLISH = Wording(
    summary="Summary",
    conversation="Conversation",
    method_summary=(
        "Made by local algorithms, without a language model: the sentences were chosen by LexRank and are "
        "quoted as they were said; the key phrases by RAKE."
    ),
    method_conversation=(
        "Counted by local algorithms, without a language model. Pauses are silences of a second or more."
    ),
    no_speech="No speech was found in the recording.",
    key_phrases="Key phrases",
    speaker_unknown="Speaker",
    speaker_line="{speaker}: turns: {turns}, words: {words}",
    talked="{talk} of talk ({share})",
    pace="{pace} words per minute",
    pauses="Pauses: {count}, together {total}, the longest {longest}",
    questions="Questions asked: {count}",
    question_claim="Question",
    monologue_claim="Longest turn",
    monologue_text="{speaker} talked for {talk} without being interrupted.",
    sentence_claim="Key statement",
    minutes="{minutes} min {seconds} s",
    seconds="{seconds} s",
)

RUSSIAN = Wording(
    summary="Краткое содержание",
    conversation="Ход разговора",
    method_summary=(
        "Составлено локальными алгоритмами без языковой модели: предложения выбраны методом LexRank и приведены "
        "дословно, ключевые фразы найдены методом RAKE."
    ),
    method_conversation=(
        "Подсчитано локальными алгоритмами без языковой модели. Паузой считается тишина не короче секунды."
    ),
    no_speech="Речь в записи не найдена.",
    key_phrases="Ключевые фразы",
    speaker_unknown="Говорящий",
    speaker_line="{speaker}: реплик: {turns}, слов: {words}",
    talked="говорит {talk} ({share})",
    pace="{pace} слов в минуту",
    pauses="Пауз: {count}, всего {total}, самая длинная {longest}",
    questions="Задано вопросов: {count}",
    question_claim="Вопрос",
    monologue_claim="Самая длинная реплика",
    monologue_text="{speaker} говорит без перерыва {talk}.",
    sentence_claim="Ключевое высказывание",
    minutes="{minutes} мин {seconds} с",
    seconds="{seconds} с",
)

WORDINGS = {"en": ENGLISH, "ru": RUSSIAN}
