"""A durable SQLite file of our own: made, opened, checked; what it refuses, said as the user can put it right."""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

from chatstylebot import files
from chatstylebot.errors import UserError

PATIENCE = 30.0  # seconds to wait for another process that writes


class Keeper:
    """One such file, open; may be shared by threads, and the file by processes."""

    TABLES: ClassVar[str]

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self._file, self._connection = file, connection
        self._lock = threading.Lock()

    @classmethod
    def open(cls, file: Path) -> Self:
        """What is kept in that file, made if need be. Raises UserError; a damaged file stays as it is."""
        return cls(file, connect(file, cls.TABLES))

    def _run(self, line: str, *values: Any) -> sqlite3.Cursor:
        """One statement, on the disk when this returns. Raises UserError."""
        with self._lock, told(self._file):
            return self._connection.execute(line, values)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A function that runs SQL; at the end of the block all of it is on the disk, or none."""
        with self._lock, told(self._file):
            self._connection.execute("begin immediate")
            try:
                yield self._connection.execute
                self._connection.execute("commit")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")

    @contextlib.contextmanager
    def _erasing(self) -> Iterator[None]:
        """Of what is deleted in the block no byte is left in any page. Raises UserError."""
        self._empty_log()  # what would hinder it afterwards hinders it before anything is deleted
        yield
        self._run("vacuum")
        self._empty_log()

    def _empty_log(self) -> None:
        with self._lock:
            empty_log(self._file, self._connection)

    def close(self) -> None:
        """Let go of the file; closing twice is closing once."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(file: Path, tables: str, version: int = 1, check: bool = True) -> sqlite3.Connection:
    """A connection that may be shared by threads; a new file gets these tables. Raises UserError; a damaged file stays
    as it is. `check`: look through the whole file first, which takes as long as it is large."""
    _make(file)
    with told(file):
        # transactions are ours, not the library's
        connection = sqlite3.connect(file, PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            _prepare(file, connection, tables, version, check)
        except BaseException:
            connection.close()
            raise
    return connection


def passing(tables: str) -> sqlite3.Connection:
    """A connection to what is kept in memory alone, and gone with it."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for statement in _statements(tables):
        connection.execute(statement)
    return connection


def _statements(tables: str) -> Iterator[str]:
    return filter(str.strip, tables.split(";"))


def _make(file: Path) -> None:
    """The file and its folder, open to nobody else; git does not see them."""
    try:
        ignore = files.private_folder(file.parent) / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")
        # sqlite would give it the mode of any other file; the log beside it takes the mode of this one
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        file.chmod(0o600)
    except OSError as error:
        raise UserError(
            f"cannot write {error.filename or file}: {error.strerror}", f"make {file.parent} writable"
        ) from None


def _prepare(file: Path, connection: sqlite3.Connection, tables: str, version: int, check: bool) -> None:
    """Make the tables in a new file, and check those of an old one."""
    run = connection.execute
    _write_ahead(connection)
    # full: a commit is on the disk, not on its way; deleted text is overwritten
    for line in ("synchronous = full", "fullfsync = on", "secure_delete = on"):
        run(f"pragma {line}").fetchall()
    run("begin immediate")
    try:
        [(found,)] = run("pragma user_version").fetchall()
        [(there,)] = run("select count(*) from sqlite_master").fetchall()
        if found == 0 and there == 0:
            for statement in _statements(tables):
                run(statement)
            run(f"pragma user_version = {version}")
        elif found != version:
            made = "a newer csb" if found > version else "another program"
            raise UserError(f"{file} was made by {made}", "upgrade chatstylebot, or move the file away")
        run("commit")
    finally:
        if connection.in_transaction:
            run("rollback")
    if not check:
        return
    [(fault,), *_] = run("pragma quick_check(1)").fetchall()
    if fault != "ok":
        raise damaged(file, fault)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; sqlite does not wait by itself when two processes do so at once."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("pragma journal_mode = wal").fetchall()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.01)


def damaged(file: Path, why: str) -> UserError:
    return UserError(
        f"{file} is damaged ({why.splitlines()[-1]}); nothing was changed in it",
        f"move {file}* to another folder (a new one is made; `sqlite3 OLD .recover` saves what can be read)",
    )


def empty_log(file: Path, connection: sqlite3.Connection) -> None:
    """Bring the log into the file, and cut it to nothing. Raises UserError while another program reads."""
    with told(file):
        [(busy, *_)] = connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    if busy:
        raise UserError(
            f"another program is reading {file}: what is deleted would stand in its log",
            "stop csb serve and the bot, then the same line again",
        )


@contextlib.contextmanager
def told(file: Path) -> Iterator[None]:
    """What sqlite refuses, as the user can put it right."""
    try:
        yield
    except sqlite3.OperationalError as error:  # locked, full, read-only, gone
        if "malformed" in str(error):
            raise damaged(file, str(error)) from error
        raise UserError(f"{file}: {error}", "make room, or end what else is using it, and try again") from error
    except sqlite3.ProgrammingError:  # used after close: a bug
        raise
    except sqlite3.DatabaseError as error:
        raise damaged(file, str(error)) from error
