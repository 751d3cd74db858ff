"""Whole-or-nothing writes, and the files that ship with the package."""

import errno
import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from chatstylebot.drafts import Drafts
from chatstylebot.errors import UserError

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """A file or folder of config/ or data/ as it came with the package (a checkout keeps them at its top)."""
    inside = PACKAGE / "shipped" / name
    return inside if inside.exists() else PACKAGE.parent / name


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def typed(paths: Iterable[Path]) -> str:
    """Paths as one types them behind a command."""
    return shlex.join(map(str, paths))


def install(extra: str) -> str:
    """The line that installs an extra: from the checkout this runs from, in tested versions, else from PyPI."""
    top = PACKAGE.parent
    if (top / "pyproject.toml").is_file():
        return f"pip install -c {top / 'constraints.txt'} -e '{top}[{extra}]'"
    return f"pip install 'chatstylebot[{extra}]'"


class Outputs:
    """Files written beside their final place; all of them take it together, or none does."""

    def __init__(self) -> None:
        self._drafts = Drafts()
        self._open: list[BinaryIO] = []
        self._moves: list[tuple[Path, Path]] = []
        self._gone: list[Path] = []

    def open(self, path: Path, private: bool = True) -> BinaryIO:
        """A binary file that becomes `path` at the end; `private` files are readable by their owner only."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # write through a link, so that the link stays and its target is replaced
        final = path.resolve()
        draft = self._drafts.beside(final)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
        file = os.fdopen(handle, "wb")
        self._open.append(file)
        self._moves.append((draft, final))
        return file

    def draft(self, path: Path, private: bool = True) -> Path:
        """Like `open`, for a library that wants a path to write to."""
        self.open(path, private).close()
        return self._moves[-1][0]

    def bytes(self, path: Path, data: bytes, private: bool = True) -> None:
        """Write `data`, to become `path` at the end."""
        with self.open(path, private) as file:
            file.write(data)

    def json(self, path: Path, value: Any, private: bool = True) -> None:
        """Write `value` as indented JSON, to become `path` at the end."""
        self.bytes(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode(), private)

    def remove(self, path: Path) -> None:
        """Take `path` away at the end, if it is there."""
        self._gone.append(path.parent.resolve() / path.name)

    def commit(self) -> None:
        """Put every file in its place."""
        for file in self._open:
            file.close()
        for _, final in self._moves:  # what can be known to fail fails before the first file is replaced
            if final.is_dir():
                raise IsADirectoryError(21, "is a folder", str(final))
        self._drafts.put(self._moves, self._gone)

    def discard(self) -> None:
        """Leave everything as it was."""
        for file in self._open:
            file.close()
        self._drafts.close()


@contextmanager
def together() -> Iterator[Outputs]:
    """Outputs that appear together when the block ends, and not at all when it fails or is interrupted."""
    outputs = Outputs()
    try:
        yield outputs
        outputs.commit()
    except OSError as error:
        long = error.errno == errno.ENAMETOOLONG
        raise UserError(
            f"cannot write {error.filename or 'the files'}: {error.strerror}",
            "give a shorter name"
            if long
            else f"make {Path(error.filename or '.').parent} writable, or make room, or name another place",
        ) from error
    finally:
        outputs.discard()


def write(path: Path, text: str, private: bool = False) -> None:
    """Write one text file, whole or not at all."""
    with together() as outputs:
        outputs.bytes(path, text.encode(), private)


def write_json(path: Path, value: Any, private: bool = False) -> None:
    """Write one JSON file, whole or not at all."""
    with together() as outputs:
        outputs.json(path, value, private)


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises UserError when it is missing or not JSON."""
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"there is no file {path}", "check the path") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is not valid JSON: {error}", "repair it, or move it away") from None


def check_apart(inputs: Sequence[Path], outputs: Sequence[Path]) -> None:
    """Raise UserError where an output would take the place of an input, of another output, or of a folder."""
    for number, target in enumerate(outputs):
        try:
            folder = target.is_dir()
        except OSError as error:  # a name that no file system takes
            raise UserError(f"cannot write {target}: {error.strerror}", "give a shorter name") from None
        if target.resolve() in {path.resolve() for path in inputs}:
            raise UserError(
                f"{target} is an export: it would be overwritten",
                "give it another name: --output NAME or --report NAME",
            )
        if folder:
            raise UserError(f"{target} is a folder", f"write a file name, for example {target / 'chat_records.json'}")
        if target.resolve() in {other.resolve() for other in outputs[:number]}:
            raise UserError(f"{target} would be written twice", "give another name to --report")
        if target.name == "dataset_info.json":
            raise UserError(f"{target} is the list of the datasets", "give another name")


def private_folder(path: Path) -> Path:
    """The folder, made if need be, with a mode that lets nobody else in. Raises UserError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise UserError(f"{path} cannot be made: {error.strerror}", "take a folder that you may write to") from None
    return path
