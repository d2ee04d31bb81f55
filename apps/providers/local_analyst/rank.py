"""Which pieces say most: LexRank over cosine similarity of weighted stems.

The graph of all pieces grows with the square of their number, so a long text is ranked in blocks of neighbours
first, and the best of each block against each other. Similarity is computed only between pieces that share a stem.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from apps.providers.local_analyst.text import Piece

BLOCK_PIECES = 250
DAMPING = 0.85
ROUNDS = 30
"""Power iterations; the ranking is stable long before."""
TOO_ALIKE = 0.6
"""Cosine above which a piece says again what a chosen one said."""
LEAST_WORDS = 4
"""Shorter pieces ("yes, of course") are no summary of anything."""

Vector = dict[str, float]


def best_pieces(pieces: Sequence[Piece], count: int) -> list[Piece]:
    """Return up to `count` pieces that stand for the text, in the order in which they were said."""
    weights = _stem_weights(pieces)
    numbers = [n for n, piece in enumerate(pieces) if piece.stems and _states(piece)]
    numbers = numbers or list(range(len(pieces)))
    vectors = {n: _vector(pieces[n], weights) for n in numbers}
    while len(numbers) > BLOCK_PIECES:
        blocks = [numbers[start : start + BLOCK_PIECES] for start in range(0, len(numbers), BLOCK_PIECES)]
        keep = max(count, BLOCK_PIECES // (len(blocks) + 1))
        numbers = sorted(n for block in blocks for n in _ranked(block, vectors)[:keep])
    chosen: list[int] = []
    for n in _ranked(numbers, vectors):
        if len(chosen) == count:
            break
        if all(_cosine(vectors[n], vectors[other]) < TOO_ALIKE for other in chosen):
            chosen.append(n)
    return [pieces[n] for n in sorted(chosen)]


def _states(piece: Piece) -> bool:
    return piece.words >= LEAST_WORDS and not piece.text.endswith("?")


def _stem_weights(pieces: Sequence[Piece]) -> dict[str, float]:
    """Inverse document frequency: a stem that is everywhere tells nothing about a piece."""
    spread = Counter(stem for piece in pieces for stem in piece.stems)
    return {stem: math.log(1 + len(pieces) / times) for stem, times in spread.items()}


def _vector(piece: Piece, weights: dict[str, float]) -> Vector:
    raw = {stem: times * weights[stem] for stem, times in piece.stems.items()}
    length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {stem: value / length for stem, value in raw.items()}


def _cosine(left: Vector, right: Vector) -> float:
    if len(left) > len(right):
        left, right = right, left
    return sum(value * right.get(stem, 0.0) for stem, value in left.items())


def _ranked(numbers: Sequence[int], vectors: dict[int, Vector]) -> list[int]:
    """Order pieces by their share of a random walk over similar pieces; equal ones by their place in the text."""
    edges = _edges(numbers, vectors)
    strength = {n: sum(edges[n].values()) for n in numbers}
    rank = dict.fromkeys(numbers, 1.0 / len(numbers))
    for _ in range(ROUNDS):
        gain: dict[int, float] = defaultdict(float)
        for n in numbers:
            if strength[n]:
                share = rank[n] / strength[n]
                for other, similarity in edges[n].items():
                    gain[other] += share * similarity
        rank = {n: (1 - DAMPING) / len(numbers) + DAMPING * gain[n] for n in numbers}
    return sorted(numbers, key=lambda n: (-rank[n], n))


def _edges(numbers: Sequence[int], vectors: dict[int, Vector]) -> dict[int, dict[int, float]]:
    holders: dict[str, list[tuple[int, float]]] = defaultdict(list)
    edges: dict[int, dict[int, float]] = {n: defaultdict(float) for n in numbers}
    for n in numbers:
        for stem, value in vectors[n].items():
            for other, other_value in holders[stem]:
                edges[n][other] += value * other_value
                edges[other][n] += value * other_value
            holders[stem].append((n, value))
    return edges
