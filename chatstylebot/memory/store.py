"""The index on disk: passages, their words (SQLite FTS5) and their vectors, in one file that only its owner can read.

Everything is added and deleted in transactions. What is deleted is overwritten: no byte of it stays in the file.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from chatstylebot import database
from chatstylebot.memory import words
from chatstylebot.memory.passages import Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLES = f"""
create table passages (
  number integer primary key, id text not null unique, chat text not null, name text not null, grouped integer not null,
  first integer not null, last integer not null, text text not null, tokens text not null
);
create index passages_of_chat on passages (chat, grouped, last);
create table speaking (speaker text not null, number integer not null, primary key (speaker, number)) without rowid;
create index speaking_in on speaking (number);
create virtual table words using fts5 (
  tokens, content = 'passages', content_rowid = 'number', tokenize = '{words.TOKENIZER}'
);
create virtual table vocabulary using fts5vocab ('words', 'row');
create table vectors (number integer primary key, vector blob);
create table about (key text primary key, value text not null)
"""
MANY = 500  # values in one statement


Run = Callable[..., Any]
Value = TypeVar("Value")


class Store(database.Keeper):
    """The index of one workspace."""

    TABLES = TABLES
    _opened: tuple[int, int] | None = None

    @classmethod
    def open(cls, file: Path) -> Self:
        """What is kept in that file, made if need be. Raises UserError; a damaged file stays as it is."""
        made = cls(file, database.connect(file, cls.TABLES, check=False))
        made._opened = _inode(file)
        return made

    @classmethod
    def passing(cls) -> Self:
        """One that is kept nowhere."""
        return cls(Path(":memory:"), database.passing(cls.TABLES))

    def rows(self, line: str, *values: object) -> list[tuple[Any, ...]]:
        """What a question in SQL brings."""
        return self._run(line, *values).fetchall()

    def replaced(self) -> bool:
        """Whether another file, or none, stands where this one was opened."""
        return self._opened is not None and _inode(self._file) != self._opened

    def version(self) -> object:
        """Another value whenever the file has changed."""
        [(outside,)] = self._run("pragma data_version")
        return outside, self._connection.total_changes

    # what it holds

    def count(self) -> int:
        """How many passages there are."""
        [(number,)] = self._run("select count(*) from passages")
        return int(number)

    def ids(self) -> set[str]:
        """The ids of all passages."""
        return {id for (id,) in self._run("select id from passages")}

    def about(self) -> dict[str, str]:
        """What was noted about the index."""
        return dict(self._run("select key, value from about").fetchall())

    def note(self, **about: str) -> None:
        """Note something about the index."""
        with self._transaction() as run:
            for key, value in about.items():
                run("insert or replace into about values (?, ?)", (key, value))

    def passages(self, numbers: Sequence[int]) -> dict[int, Passage]:
        """The passages of these numbers."""
        found: dict[int, Passage] = {}
        for part in _parts(numbers):
            marks = ",".join("?" * len(part))
            spoke: dict[int, list[str]] = {}
            for speaker, number in self._run(f"select speaker, number from speaking where number in ({marks})", *part):
                spoke.setdefault(number, []).append(speaker)
            rows = self._run(
                f"select number, chat, name, grouped, first, last, text from passages where number in ({marks})", *part
            )
            for number, chat, name, group, first, last, text in rows:
                speakers = tuple(spoke.get(number, ()))
                found[number] = Passage(chat, name, bool(group), first, last, speakers, text)
        return found

    def chats(self) -> list[tuple[str, str, bool, int, int, int]]:
        """Each chat, those with most first: id, name, group, passages, first and last time (ms)."""
        rows = self._run(
            "select chat, max(name), max(grouped), count(*), min(first), max(last) from passages group by chat"
            " order by count(*) desc, chat"
        )
        return [(chat, name, bool(group), number, first, last) for chat, name, group, number, first, last in rows]

    def speakers(self) -> set[str]:
        """Everybody who speaks in a passage, but the owner."""
        return {speaker for (speaker,) in self._run("select distinct speaker from speaking")}

    def speakers_in(self, chats: Sequence[str]) -> set[str]:
        """Everybody but the owner who speaks in these chats."""
        found: set[str] = set()
        for part in _parts(chats):
            marks = ",".join("?" * len(part))
            which = f"select number from passages where chat in ({marks})"
            found |= {
                who for (who,) in self._run(f"select distinct speaker from speaking where number in ({which})", *part)
            }
        return found

    # what changes it

    def change(self, added: Iterable[Passage], gone: Collection[str]) -> int:
        """Take passages out by their ids and put others in, all or nothing; how many were added. Raises UserError."""
        number = 0
        with self._transaction() as run:
            for part in _parts(gone):
                marks = ",".join("?" * len(part))
                _drop(run, f"select number from passages where id in ({marks})", part)
            [(last,)] = run("select coalesce(max(number), 0) from passages").fetchall()
            for number, passage in enumerate(added, 1):
                _put(run, last + number, passage)
        return number

    def forget(self, numbers: Collection[int]) -> None:
        """Take passages out so that no byte of them stays in the file. Raises UserError."""
        with self._erasing():
            with self._transaction() as run:
                for part in _parts(numbers):
                    marks = ",".join("?" * len(part))
                    _drop(run, f"select number from passages where number in ({marks})", part)
            self._one()

    def tidy(self) -> None:
        """Of what was deleted no byte stays in the file. Raises UserError while somebody reads it."""
        with self._erasing():
            self._one()

    def _one(self) -> None:
        # FTS5 only marks what is deleted, until its parts are made one
        self._run("insert into words (words) values ('optimize')")

    def where(self, condition: str, *values: object) -> list[int]:
        """The numbers of the passages that a condition on `passages` holds for."""
        return [number for (number,) in self._run(f"select number from passages where {condition}", *values)]

    def chats_where(self, condition: str, *values: object) -> list[str]:
        """The chats of the passages that a condition holds for."""
        return [chat for (chat,) in self._run(f"select distinct chat from passages where {condition}", *values)]

    def numbers(self, ids: Sequence[str], condition: str = "1", *values: object) -> dict[str, int]:
        """The numbers of these passages, of those that a condition holds for."""
        found: dict[str, int] = {}
        for part in _parts(ids):
            marks = ",".join("?" * len(part))
            found |= dict(
                self._run(
                    f"select id, number from passages where id in ({marks}) and {condition}", *part, *values
                ).fetchall()
            )
        return found

    def ids_of(self, numbers: Sequence[int]) -> list[str]:
        """The ids of the passages of these numbers."""
        found: list[str] = []
        for part in _parts(numbers):
            marks = ",".join("?" * len(part))
            found += [id for (id,) in self._run(f"select id from passages where number in ({marks})", *part)]
        return found

    def texts(self) -> Iterator[tuple[int, str]]:
        """Every passage's number and text."""
        yield from self._run("select number, text from passages order by number").fetchall()

    # vectors

    def pending(self, most: int) -> list[tuple[int, str, str]]:
        """Passages that have no vector yet, the newest first: number, id, text."""
        return self._run(
            "select number, id, text from passages where number not in (select number from vectors)"
            " order by last desc, number limit ?", most
        ).fetchall()  # fmt: skip

    def vector(self, made: Iterable[tuple[int, str, bytes | None]]) -> None:
        """Keep vectors (float16, little endian) by their passages' numbers and ids; None where a server holds it.
        A passage that is gone by now gets none."""
        with self._transaction() as run:
            for number, id, vector in made:
                run(
                    "insert or replace into vectors select number, ? from passages where number = ? and id = ?",
                    (vector, number, id),
                )

    def without_vectors(self, **about: str) -> None:
        """Begin anew with the vectors: another model makes them now."""
        with self._transaction() as run:
            run("delete from vectors")
            for key, value in about.items():
                run("insert or replace into about values (?, ?)", (key, value))

    def vectored(self) -> int:
        """How many passages have a vector."""
        [(number,)] = self._run("select count(*) from vectors")
        return int(number)

    def matrix(self) -> "tuple[NDArray[np.int64], NDArray[np.float32]]":
        """The numbers of the passages with a vector here, and their vectors (one a row, of length 1)."""
        import numpy as np

        rows = self._run("select number, vector from vectors where vector is not null order by number").fetchall()
        numbers = np.fromiter((number for number, _ in rows), np.int64, len(rows))
        if not rows:
            return numbers, np.empty((0, 0), np.float32)
        flat = np.frombuffer(b"".join(vector for _, vector in rows), "<f2")
        return numbers, flat.astype(np.float32).reshape(len(rows), -1)


def _inode(file: Path) -> tuple[int, int] | None:
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino


def _parts(values: Collection[Value]) -> Iterator[list[Value]]:
    """The values, as many at a time as a statement may hold."""
    whole = list(values)
    for begin in range(0, len(whole), MANY):
        yield whole[begin : begin + MANY]


def _put(run: Run, number: int, passage: Passage) -> None:
    tokens = words.spaced(passage.text)
    run(
        "insert into passages values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            passage.id,
            passage.chat,
            passage.name,
            passage.group,
            passage.first,
            passage.last,
            passage.text,
            tokens,
        ),
    )
    run("insert into words (rowid, tokens) values (?, ?)", (number, tokens))
    for speaker in dict.fromkeys(passage.speakers):
        run("insert into speaking values (?, ?)", (speaker, number))


def _drop(run: Run, which: str, values: Sequence[object]) -> None:
    old = f"select 'delete', number, tokens from passages where number in ({which})"
    run(f"insert into words (words, rowid, tokens) {old}", values)
    for table in ("speaking", "vectors"):
        run(f"delete from {table} where number in ({which})", values)
    run(f"delete from passages where number in ({which})", values)
