"""Search by words: BM25 as SQLite's FTS5 counts it, over what the index holds."""

import math
import sqlite3
import threading

from chatstylebot.memory import words
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.store import MANY, Store

# the question in a table of its own, so that its words come out as the index spells them
QUESTION = f"""
create virtual table question using fts5 (tokens, tokenize = '{words.TOKENIZER}');
create virtual table asked using fts5vocab ('question', 'instance');
"""
COMMON = 10_000  # passages that a question's words may stand in together: rarer words say more, and cost less
K1 = 1.2  # of FTS5's bm25(), as it is built


class Lexical:
    """The words of one index; may be shared by threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._question = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._question.executescript(QUESTION)
        self._lock = threading.Lock()
        self._version: object = None
        self._total = 0
        self._known: dict[str, int] = {}

    def find(self, question: str, most: int, scope: Scope) -> list[tuple[int, float]]:
        """The passages that share words with the question, the best first: number, and how much of what the question
        asks for is there, 0 to 1: bm25 in parts of what it could be at most."""
        terms = self._terms(question)
        weights = {term: _idf(self._total, number) for term, (_, number) in terms.items()}
        wanted: list[str] = []
        seen = 0
        for word, number in sorted(terms.values(), key=lambda item: item[1]):
            if number and (not wanted or seen + number <= COMMON):
                wanted.append(word)
                seen += number
        if not wanted:
            return []
        condition, values = scope.sql()
        # the index alone tells whose a passage is: the rows themselves are long
        among = "" if condition == "1" else f" and +rowid in (select number from passages where {condition})"
        rows = self._store.rows(
            f"select rowid, rank from words where words match ?{among} order by rank limit ?",
            " OR ".join(f'"{word}"' for word in wanted), *values, most,
        )  # fmt: skip
        whole = sum(weights.values()) * (K1 + 1)
        return [(number, min(-rank / whole, 1.0)) for number, rank in rows]

    def _terms(self, question: str) -> dict[str, tuple[str, int]]:
        """The question's terms as the index spells them: a word that becomes it, and in how many passages it stands."""
        with self._lock:
            if (version := self._store.version()) != self._version:
                self._version, self._total, self._known = version, self._store.count(), {}
            asked = words.of(question)[:MANY]
            run = self._question.execute
            run("delete from question")
            self._question.executemany("insert into question (rowid, tokens) values (?, ?)", enumerate(asked))
            found: dict[str, tuple[str, int]] = {}
            for term, row in run("select term, doc from asked order by doc, offset").fetchall():
                if term not in self._known:
                    known = self._store.rows("select doc from vocabulary where term = ?", term)
                    self._known[term] = known[0][0] if known else 0
                found.setdefault(term, (asked[row], self._known[term]))
            return found


def _idf(total: int, number: int) -> float:
    """What a term weighs, as FTS5 weighs it; one that stands nowhere weighs most."""
    return max(math.log((total - number + 0.5) / (number + 0.5)), 1e-6) if total else 1e-6
