"""Key phrases by RAKE: runs of words between stop words, scored by how their words keep company."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from apps.providers.local_analyst.text import WORD, Stems

MAX_WORDS = 3
"""Longer runs are accidents of missing punctuation."""

Phrase = tuple[tuple[str, str], ...]
"""(stem, word as said) of each word."""


@dataclass(frozen=True, slots=True)
class KeyPhrase:
    text: str
    """As it was most often said, in lower case."""
    count: int


def key_phrases(texts: Iterable[str], stems: Stems, limit: int) -> list[KeyPhrase]:
    """Return the phrases that carry the topic, best first; phrases of the same stems are one."""
    said: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    frequency: Counter[str] = Counter()
    company: Counter[str] = Counter()
    for text in texts:
        for run in _runs(text, stems):
            key = tuple(stem for stem, _ in run)
            said[key][" ".join(word for _, word in run)] += 1
            frequency.update(key)
            for stem in key:
                company[stem] += len(key)

    def score(key: tuple[str, ...]) -> float:
        # RAKE's word score is company over frequency. Speech repeats itself, so a phrase said once that is
        # merely long must not win: the score is weighted by how often the phrase was said.
        return sum(company[stem] / frequency[stem] for stem in key) * said[key].total()

    ranked = sorted(said, key=lambda key: (-score(key), key))
    return [KeyPhrase(said[key].most_common(1)[0][0], said[key].total()) for key in ranked[:limit]]


def _runs(text: str, stems: Stems) -> Iterator[Phrase]:
    run: list[tuple[str, str]] = []
    end = 0
    for match in WORD.finditer(text):
        broken = bool(text[end : match.start()].strip())  # punctuation between two words
        stem = stems.of_word(match.group())
        if broken or stem is None or len(run) == MAX_WORDS:
            if run:
                yield tuple(run)
            run = []
        if stem is not None:
            run.append((stem, match.group().lower()))
        end = match.end()
    if run:
        yield tuple(run)
