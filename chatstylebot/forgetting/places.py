"""Which files of a workspace are whose: what csb writes, what is the user's own, what cannot hold anybody's words."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from chatstylebot import files
from chatstylebot.errors import UserError
from chatstylebot.feedback import export as exports
from chatstylebot.models import folders
from chatstylebot.workspace import Workspace

SHIPPED = tuple(
    f"data/{name}.json" for name in ("example", "identity.template", "dpo_zh_demo", "kto_en_demo", "pretrain_demo")
)
LOGS = ("*.log", "questions*.json")  # in .csb: nobody needs them


def written(own: Workspace, index: pl.DataFrame) -> list[Path]:
    """The files of samples that the last preprocess wrote, wherever they lie."""
    return [own.folder / name for name in index["file"].unique()]


def reports(own: Workspace) -> dict[Path, dict[str, Any]]:
    """The report of the last run, and its copy where `--report` put one."""
    found: dict[Path, dict[str, Any]] = {}
    for path in (own.report, None):
        path = path or own.folder / next((r.get("report") or "" for r in found.values()), "")
        report = None
        if path.is_file():
            with contextlib.suppress(UserError):  # a path that somebody else uses by now
                report = files.read_json(path)
        if isinstance(report, dict) and "messages_in" in report:
            found[path] = report
    return found


def hashes(own: Workspace, index: pl.DataFrame, names: Sequence[str] | None, with_votes: bool = False) -> set[str]:
    """The hashes of files of samples: of these names in the index, of all that there are (None)."""
    paths = [own.folder / name for name in names or ()]
    if names is None:
        paths = [*written(own, index), *own.data.glob("*.json")]
    if with_votes:
        paths += [own.data / name for name in exports.ENTRIES]
    return {files.digest(path) for path in paths if path.is_file()}


def skipped(own: Workspace, path: Path) -> bool:
    """Whether a file or folder is none that could hold them: a base model's, an environment, what we look for."""
    if path == own.forgetting or path.name == ".git":
        return True
    if path.parent.parent == own.models and folders.is_base(path.parent):
        return path.name not in folders.strangers(path.parent)
    return os.path.isfile(path / "pyvenv.cfg")


def ours(own: Workspace, path: Path, index: pl.DataFrame) -> bool:
    """Whether the file is one that csb writes, not one of the user's own."""
    places = (own.data, own.hidden, own.saves, own.exported, own.config)
    one = path in (own.card, own.contacts) or path in written(own, index) or path in reports(own)
    return one or any(place in path.parents for place in places)


def innocent(own: Workspace) -> list[Path]:
    """Files that hold nothing of anybody's: what ships with the package, and the texts of the base models."""
    package = [path for path in files.PACKAGE.rglob("*") if path.suffix in (".py", ".json", ".yaml", ".html", ".js")]
    shipped = [path for path in map(files.shipped, SHIPPED) if path.is_file()]
    models = [path for path in own.models.glob("*/*") if folders.is_base(path.parent)]
    texts = [path for path in models if path.suffix in (".json", ".jinja", ".txt", ".model", ".md")]
    return [*package, *shipped, *(path for path in texts if path.name not in folders.strangers(path.parent))]


def disposable(own: Workspace) -> list[Path]:
    logs = [path for pattern in LOGS for path in own.hidden.glob(pattern)]
    return [*logs, *own.saves.rglob("engine.log")]
