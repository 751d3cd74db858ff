"""Drafts: what is written beside its final place, and known as left behind once its maker is dead.

The draft of NAME is `.NAME.TOKEN.part` in the same folder. `.TOKEN.part` lies beside it, locked by its maker as long as
that lives, and names the list of moves (`.TOKEN.moves`) that is written before the first of several drafts takes its
place. Whoever finds the list of a dead maker goes on with it: several files change together even under a kill -9.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from chatstylebot import locks

NAME = re.compile(r"\.(?:.+\.)?([0-9a-f]{12})\.part")
MOVES = re.compile(r"\.([0-9a-f]{12})\.moves")


class Drafts:
    """The drafts of one piece of work."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(6)
        self._locks: dict[Path, int] = {}
        self._made: list[Path] = []
        self._moves: Path | None = None

    def beside(self, final: Path) -> Path:
        """Where the draft of `final`, a resolved path in a folder that exists, is to be written. Raises OSError."""
        self._enter(final.parent)
        self._made.append(final.parent / f".{final.name}.{self._token}.part")
        return self._made[-1]

    def _enter(self, folder: Path) -> None:
        """Have drafts of ours in the folder, and none of dead processes."""
        if folder in self._locks:
            return
        sweep([folder])
        self._moves = self._moves or folder / f".{self._token}.moves"
        handle = locks.take(_lock(folder, self._token))
        assert handle is not None, "a token is nobody else's"
        self._locks[folder] = handle
        os.write(handle, os.fsencode(self._moves))

    def put(self, moves: Sequence[tuple[Path, Path]], gone: Sequence[Path]) -> None:
        """Move every draft to its place and take away what is to be gone: all of it, also when we are killed here."""
        if self._moves is None or len(moves) + len(gone) < 2:
            _carry_out(moves, gone)
            return
        top = self._moves.parent
        for path in gone:
            if path.exists():
                self._enter(path.parent)
        told = {
            "moves": [[_from(top, draft), _from(top, final)] for draft, final in moves],
            "gone": [_from(top, p) for p in gone],
        }
        draft = self.beside(self._moves)
        draft.write_text(json.dumps(told), "utf-8")
        os.replace(draft, self._moves)
        _carry_out(moves, gone)
        self._moves.unlink()

    def close(self) -> None:
        """Take away the drafts that are still there."""
        unfinished = self._moves is not None and self._moves.exists()  # a move failed: the next run goes on
        for draft in () if unfinished else self._made:
            _remove(draft)
        for folder, handle in self._locks.items():
            os.close(handle)
            if not unfinished:
                with contextlib.suppress(OSError):
                    _lock(folder, self._token).unlink(missing_ok=True)
        self._locks.clear()


@contextlib.contextmanager
def folder(final: Path) -> Iterator[Path]:
    """A new private folder beside `final`: renamed to `final` by the block, or gone with all that is in it."""
    drafts = Drafts()
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
        made = drafts.beside(final.parent.resolve() / final.name)
        made.mkdir(mode=0o700)
        yield made
    finally:
        drafts.close()


def sweep(folders: Iterable[Path]) -> None:
    """Bring to their end the moves that dead processes began in these folders, and take away the drafts of dead ones.

    What we may not change stays.
    """
    found: dict[Path, list[str]] = {}
    for place in folders:
        with contextlib.suppress(OSError):
            if names := [entry.name for entry in os.scandir(place) if entry.name[:1] == "." and _ours(entry)]:
                found[place] = names
    for pattern, work in ((MOVES, _finish), (NAME, _discard)):
        for place, names in found.items():
            for token in {match[1] for name in names if (match := pattern.fullmatch(name))}:
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    work(place, token, names)


def _ours(entry: "os.DirEntry[str]") -> bool:
    if not (NAME.fullmatch(entry.name) or MOVES.fullmatch(entry.name)):
        return False
    return os.name == "nt" or entry.stat(follow_symlinks=False).st_uid == os.getuid()


def _finish(place: Path, token: str, names: Sequence[str]) -> None:
    lock = _lock(place, token)
    with locks.held(lock) as handle:
        if handle is None:
            return
        list_of_moves = place / f".{token}.moves"
        told = json.loads(list_of_moves.read_text("utf-8"))
        moves = [(place / draft, place / final) for draft, final in told["moves"]]
        # a list that somebody else put here moves nothing but drafts, and takes away nothing but what lies beside them
        moves = [(draft, final) for draft, final in moves if draft == final.with_name(f".{final.name}.{token}.part")]
        gone = [path for path in (place / path for path in told["gone"]) if _lock(path.parent, token).exists()]
        # what is not there any more was moved before its maker died
        _carry_out([(draft, final) for draft, final in moves if draft.exists()], gone)
        list_of_moves.unlink()


def _discard(place: Path, token: str, names: Sequence[str]) -> None:
    lock = _lock(place, token)
    with locks.held(lock) as handle:
        if handle is None:
            return
        moves = os.fsdecode(os.read(handle, 65536))
        if moves and os.path.exists(moves):  # of a workspace elsewhere, which goes on with them
            return
        for name in names:
            if (match := NAME.fullmatch(name)) and match[1] == token and name != lock.name:
                _remove(place / name)
    lock.unlink(missing_ok=True)


def _lock(folder: Path, token: str) -> Path:
    return folder / f".{token}.part"


def _from(top: Path, path: Path) -> str:
    """The path as seen from the folder: a workspace that was moved meanwhile is still whole."""
    try:
        return os.path.relpath(path, top)
    except ValueError:  # another drive
        return str(path)


def _carry_out(moves: Sequence[tuple[Path, Path]], gone: Sequence[Path]) -> None:
    for draft, final in moves:
        os.replace(draft, final)
    for path in gone:
        path.unlink(missing_ok=True)


def _remove(draft: Path) -> None:
    try:
        mode = draft.lstat().st_mode
    except OSError:
        return
    if stat.S_ISDIR(mode):
        shutil.rmtree(draft, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            draft.unlink()
