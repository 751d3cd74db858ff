"""A zip archive into a folder of its own, when it is what it claims to be."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from chatstylebot.errors import UserError

MOST_MEMBERS = 500_000
MOST_BYTES = 32 << 30  # of the files that are unpacked
LARGE = 64 << 20  # a file below this size is no bomb
RATIO = 100  # chat text shrinks to a fifth, seldom to a thirtieth


def unpack(path: Path, folder: Path, suffixes: frozenset[str]) -> None:
    """Write the archive's files with one of these suffixes below `folder`. Raises UserError for what is unsafe."""
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = _checked(path, archive, suffixes)
            for member, name in wanted:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as copy:
                    while block := source.read(1 << 20):
                        copy.write(block)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{path} is a damaged zip archive: {error}", "copy or download it again") from None
    except RuntimeError:  # how zipfile says that it is encrypted
        raise UserError(f"{path} is encrypted", "unpack it with its password and give the folder") from None
    except OSError as error:
        raise UserError(f"{path} cannot be unpacked: {error.strerror or error}", "unpack it by hand") from None


def check(path: Path) -> None:
    """Hold a file that is a zip inside (an Excel sheet) against the same limits. Raises UserError."""
    try:
        with zipfile.ZipFile(path) as archive:
            _checked(path, archive, None)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{path} is damaged: {error}", "save or copy it again") from None


def _checked(
    path: Path, archive: zipfile.ZipFile, suffixes: frozenset[str] | None
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The members that are to be unpacked, with their safe names."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise UserError(f"{path} holds {len(members):,} files", "unpack what is needed by hand and give the folder")
    wanted, size = [], 0
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or (name.parts and ":" in name.parts[0]):
            raise UserError(
                f"{path} is not safe: a file in it wants to be written outside ({member.filename!r})",
                "get the archive from its source again",
            )
        link = stat.S_ISLNK(member.external_attr >> 16)
        if member.is_dir() or link or (suffixes is not None and name.suffix.lower() not in suffixes):
            continue
        if "__MACOSX" in name.parts or name.name.startswith("."):
            continue
        size += member.file_size
        if member.file_size > LARGE and member.file_size > RATIO * max(member.compress_size, 1):
            raise UserError(
                f"{path} is not safe: {name.name} would grow {member.file_size // max(member.compress_size, 1):,}-fold",
                "get the archive from its source again",
            )
        wanted.append((member, name))
    if size > MOST_BYTES:
        raise UserError(f"{path} would unpack to {size >> 30} GiB", "unpack it by hand and give the folder")
    return wanted
