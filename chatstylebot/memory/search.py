"""A question → the passages that answer it: by words, by meaning where there are vectors, newer ones a little first.

Words give 0 to 1: how much of what the question asks for stands in the passage (lexical.py). Meaning gives 0 to 1:
the cosine, from that of the best passage (1) down to that of the CANDIDATES-th (0). Where both are there, the score is
their weighted sum: unlike ranks (RRF), it sees when the question's words are found nowhere. benchmarks/memory.py
measures all three.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from chatstylebot.memory.lexical import Lexical
from chatstylebot.memory.passages import Passage
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CANDIDATES = 50  # of each kind that are weighed
WORDS = 0.6  # what words count beside meaning
FRESH = 0.1  # what of a score is left to age: a passage as old as the half-life loses half of it
LEAST = 0.15  # of the best score: what is below it shares a "what" or a "the" with the question
DAY = 86_400_000  # ms


class Nearest(Protocol):
    """Where vectors lie: here, or in a server."""

    def nearest(self, vector: Sequence[float], most: int, scope: Scope) -> list[tuple[int, float]]:
        """The passages with the nearest vectors: number and cosine, the nearest first."""
        ...


class Embedding(Protocol):
    """A LlamaIndex embedding model, as far as a question needs one."""

    def get_query_embedding(self, query: str) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Found:
    """A passage, and how well it fits, 0 to 1."""

    passage: Passage
    score: float


class Search:
    """The two ways to search one index; without `embedding` only that by words."""

    def __init__(
        self,
        store: Store,
        embedding: Embedding | None = None,
        vectors: Nearest | None = None,
        half_life: timedelta = timedelta(days=365),
    ) -> None:
        self.store, self.embedding, self.vectors, self.half_life = store, embedding, vectors, half_life
        self.words = Lexical(store)
        self._beside = ThreadPoolExecutor(1, "words")
        self._last: tuple[object, list[tuple[int, float]]] = None, []

    def find(self, question: str, scope: Scope, most: int, now: datetime) -> list[Found]:
        """The best passages of the scope for the question, the best first."""
        if self.embedding is not None and self.vectors is not None and question.strip():
            # side by side: neither needs Python while it works
            by_words = self._beside.submit(self.by_words, question, scope)
            vector = self.embedding.get_query_embedding(question)
            by_meaning = self.vectors.nearest(vector, CANDIDATES, scope)
            # by meaning something is always the least alike, however many there are
            scores, least = mixed(dict(by_words.result()), dict(by_meaning)), 0.0
        else:
            scores, least = dict(self.by_words(question, scope)), LEAST
        passages = self.store.passages(list(scores))
        found = [
            Found(passages[number], score * self._freshness(passages[number], now))
            for number, score in scores.items()
            if number in passages
        ]
        # of two that fit as well the newer one, and then always the same one
        found.sort(key=lambda one: (-one.score, -one.passage.last, one.passage.text))
        return [one for one in found[:most] if one.score >= least * found[0].score]

    def by_words(self, question: str, scope: Scope) -> list[tuple[int, float]]:
        """The passages that share words with the question, the best first: number, and 0 to 1. The last question's are
        known."""
        asked = question, scope, self.store.version()
        if self._last[0] != asked:
            self._last = asked, self.words.find(question, CANDIDATES, scope)
        return self._last[1]

    def _freshness(self, passage: Passage, now: datetime) -> float:
        """1 for what was said just now, down to 1 - FRESH."""
        age = max(now.timestamp() * 1000 - passage.last, 0) / DAY
        left: float = 0.5 ** (age / (self.half_life / timedelta(days=1)))
        return 1 - FRESH * (1 - left)


def mixed(by_words: dict[int, float], by_meaning: dict[int, float]) -> dict[int, float]:
    """Both scores as one, for every passage that either has found."""
    if not by_meaning:
        return by_words
    best, last = max(by_meaning.values()), min(by_meaning.values())
    if best == last:
        both = dict.fromkeys(by_meaning, 1 - WORDS)
    else:
        both = {number: (1 - WORDS) * (cosine - last) / (best - last) for number, cosine in by_meaning.items()}
    for number, share in by_words.items():
        both[number] = both.get(number, 0.0) + WORDS * share
    return both


class Here:
    """The vectors of the store itself, all in memory: exact, and a few milliseconds for 100,000."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version: object = None
        self._numbers: NDArray[np.int64]
        self._matrix: NDArray[np.float32]
        self._allowed: dict[Scope, NDArray[np.bool_]] = {}

    def nearest(self, vector: Sequence[float], most: int, scope: Scope) -> list[tuple[int, float]]:
        """The passages with the nearest vectors: number and cosine, the nearest first."""
        import numpy as np

        if (version := self._store.version()) != self._version:
            self._numbers, self._matrix = self._store.matrix()
            self._version, self._allowed = version, {}
        if not len(self._numbers):
            return []
        wanted = np.asarray(vector, np.float32)
        cosines = self._matrix @ (wanted / (np.linalg.norm(wanted) or 1.0))
        if scope.sql()[0] != "1":
            cosines = np.where(self._permitted(scope), cosines, -2.0)
        best = np.argpartition(-cosines, min(most, len(cosines) - 1))[:most]
        best = best[np.argsort(-cosines[best], kind="stable")]
        return [(int(self._numbers[at]), float(cosines[at])) for at in best if cosines[at] > -2.0]

    def _permitted(self, scope: Scope) -> "NDArray[np.bool_]":
        import numpy as np

        if scope not in self._allowed:
            condition, values = scope.sql()
            if len(self._allowed) > 100:
                self._allowed.clear()
            self._allowed[scope] = np.isin(self._numbers, self._store.where(condition, *values))
        return self._allowed[scope]
