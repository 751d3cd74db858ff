"""Drafts: what is written beside its final place, and known as left behind once its maker is dead.

The draft of NAME is `.NAME.TOKEN.part` in the same folder. `.TOKEN.part` lies beside it, locked by its maker as long as
that lives, and says where the maker is at home: in `.csb` of the workspace, else in the folder of its first draft. The
lock there names every folder with drafts of his, and before the first of several drafts takes its place, the list of
moves (`.TOKEN.moves`) is written there. Whoever finds the list of a dead maker goes on with it, so several files change
together even under a kill -9; without a list the drafts go. See docs/decisions/0013.
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
from chatstylebot.errors import UserError

NAME = re.compile(r"\.(?:.+\.)?([0-9a-f]{12})\.part")
MOVES = re.compile(r"\.([0-9a-f]{12})\.moves")
HOME: list[Path] = []  # .csb of the workspace that this process works in; set once, by Workspace.settle


class Drafts:
    """The drafts of one piece of work."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(6)
        self._locks: dict[Path, int] = {}
        self._made: list[Path] = []
        self._home: Path | None = HOME[0] if HOME and HOME[0].is_dir() else None

    def beside(self, final: Path) -> Path:
        """Where the draft of `final`, a resolved path in a folder that exists, is to be written. Raises OSError."""
        self._enter(final.parent)
        self._made.append(final.parent / f".{final.name}.{self._token}.part")
        return self._made[-1]

    def _enter(self, folder: Path) -> None:
        """Have drafts of ours in the folder, and none of dead processes."""
        self._home = self._home or folder
        for place in dict.fromkeys((self._home, folder)):
            if place not in self._locks:
                sweep([place])
                handle = self._locks[place] = _taken(_lock(place, self._token))
                os.write(handle, os.fsencode(self._home) + b"\n")
                if place != self._home:  # written down at home before there is a draft
                    os.write(self._locks[self._home], os.fsencode(place) + b"\n")

    def put(self, moves: Sequence[tuple[Path, Path]], gone: Sequence[Path]) -> None:
        """Move every draft to its place and take away what is to be gone: all of it, also when we are killed here."""
        if self._home is None or len(moves) + len(gone) < 2:
            _carry_out(moves, gone)
            return
        for path in gone:
            if path.exists():
                self._enter(path.parent)
        listed = self._home / f".{self._token}.moves"
        told = {
            "moves": [[_from(self._home, draft), _from(self._home, final)] for draft, final in moves],
            "gone": [_from(self._home, path) for path in gone],
        }
        draft = self.beside(listed)
        draft.write_text(json.dumps(told), "utf-8")
        try:
            os.replace(draft, listed)
            _carry_out(moves, gone)
            listed.unlink()
        except BaseException:  # Ctrl-C in the middle: all of it first
            if listed.is_file():
                with contextlib.suppress(OSError):
                    _carry_on(listed, self._token)
            raise

    def close(self) -> None:
        """Take away the drafts that are still there."""
        unfinished = self._home is not None and (self._home / f".{self._token}.moves").exists()
        for draft in () if unfinished else self._made:  # a move failed: the next run goes on
            _remove(draft)
        for folder, handle in reversed(self._locks.items()):  # home, which knows of the others, last
            os.close(handle)
            if not unfinished:
                with contextlib.suppress(OSError):
                    _lock(folder, self._token).unlink(missing_ok=True)
        self._locks.clear()


@contextlib.contextmanager
def folder(final: Path) -> Iterator[Path]:
    """A new private folder beside `final`: renamed to `final` by the block, or gone with all that is in it.

    Raises UserError where it cannot be made.
    """
    drafts = Drafts()
    try:
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            made = drafts.beside(final.parent.resolve() / final.name)
            made.mkdir(mode=0o700)
        except OSError as error:
            raise UserError(f"{final.parent} cannot be written to: {error.strerror}", "choose another place") from None
        yield made
    finally:
        drafts.close()


def sweep(folders: Iterable[Path]) -> None:
    """Bring to its end what dead processes began in these folders, or take it away. What we may not change stays."""
    found: dict[Path, list[str]] = {}
    for place in folders:
        with contextlib.suppress(OSError):
            if names := _left(place):
                found[place] = names
    for pattern in (MOVES, NAME):  # a list first: it needs its drafts
        for place, names in found.items():
            for token in {match[1] for name in names if (match := pattern.fullmatch(name))}:
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    _settle(place, token)


def _taken(lock: Path) -> int:
    """The handle of a lock that is nobody else's; unlocked on a file system without locks: nobody sweeps there."""
    try:
        handle = locks.take(lock)
    except OSError:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    assert handle is not None, "a token is nobody else's"
    return handle


def _left(folder: Path) -> list[str]:
    """The names of the drafts and lists of ours in a folder."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.name[:1] == "." and _ours(entry)]


def _ours(entry: "os.DirEntry[str]") -> bool:
    if not (NAME.fullmatch(entry.name) or MOVES.fullmatch(entry.name)):
        return False
    try:
        return os.name == "nt" or entry.stat(follow_symlinks=False).st_uid == os.getuid()
    except FileNotFoundError:  # somebody else has just swept it
        return False


def _settle(place: Path, token: str) -> None:
    """End what the maker of a token began, if he is dead."""
    home = _listed(place, token)[:1]
    # a workspace may have been moved since
    top = home[0] if home and _lock(home[0], token).is_file() else place
    with locks.held(_lock(top, token)) as handle:
        if handle is None:
            return
        if top != place and not _dead(place, token):
            return
        folders = dict.fromkeys((place, top, *_listed(top, token)))
        moves = top / f".{token}.moves"
        if moves.is_file():
            folders |= dict.fromkeys(_carry_on(moves, token))
        for folder in folders:
            if folder.is_dir():
                for name in _left(folder):
                    if name != f".{token}.part" and (match := NAME.fullmatch(name)) and match[1] == token:
                        _remove(folder / name)
                if folder != top:
                    _lock(folder, token).unlink(missing_ok=True)
    _lock(top, token).unlink(missing_ok=True)


def _dead(place: Path, token: str) -> bool:
    with locks.held(_lock(place, token)) as handle:
        return handle is not None


def _carry_on(listed: Path, token: str) -> list[Path]:
    """Make the moves of a list; the folders in which its drafts lie.

    A list that somebody else put here moves nothing but drafts of its own token to the name that they carry, and takes
    away nothing but what lies beside such a token's lock.
    """
    top, told = listed.parent, json.loads(listed.read_text("utf-8"))
    moves = [(top / draft, top / final) for draft, final in told["moves"]]
    moves = [(draft, final) for draft, final in moves if draft == final.with_name(f".{final.name}.{token}.part")]
    gone = [path for path in (top / path for path in told["gone"]) if _lock(path.parent, token).exists()]
    # what is not there any more was moved before its maker died
    _carry_out([(draft, final) for draft, final in moves if draft.exists()], gone)
    listed.unlink()
    return [draft.parent for draft, _ in moves]


def _listed(place: Path, token: str) -> list[Path]:
    """The folders that a lock names, the home of its maker first."""
    try:
        return [Path(os.fsdecode(line)) for line in _lock(place, token).read_bytes().split(b"\n") if line]
    except OSError:
        return []


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
