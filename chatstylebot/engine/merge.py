"""Adapter + base → a merged model in a folder of its own."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from chatstylebot import drafts, files, locks, progress
from chatstylebot.engine import llamafactory, machine
from chatstylebot.errors import UserError
from chatstylebot.models import folders, provenance
from chatstylebot.workspace import Workspace

GLANCE = 0.5  # seconds between two looks whether it is our turn
KEEP = ("model_name_or_path", "adapter_name_or_path", "template", "finetuning_type")


def name(adapter: Path, workspace: Path) -> str:
    """What a merged model is called: its run's place in saves/, else the adapter's folder."""
    saves = Workspace(workspace).saves
    within = adapter.relative_to(saves) if adapter.is_relative_to(saves) else None
    return "_".join(within.parts) if within else adapter.name


@contextmanager
def turn(workspace: Path) -> Iterator[None]:
    """One csb at a time makes models in a workspace: they share a recipe and a log. The second waits for the first."""
    path = Workspace(workspace).private().hidden / "making.lock"
    told = False
    while (handle := locks.attempt(path)) is None:
        if not told:
            progress.say("another csb makes a model here: waiting for its end")
        told = True
        time.sleep(GLANCE)
    try:
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def there(values: Mapping[str, Any], final: Path) -> bool:
    """Whether just what `merge` would make lies in `final` already, whole."""
    made_of = Path(values["adapter_name_or_path"]), Path(values["model_name_or_path"])
    return provenance.merged_of(final, *made_of) and not folders.check(final)


def check_free(final: Path) -> None:
    """Raise UserError unless the folder can be made: what is there is never touched."""
    if file := folders.in_the_way(final):
        raise UserError(f"{file} is a file, and no folder for a model", "choose a folder with --output")
    if final.exists() and any(final.iterdir()):
        raise UserError(f"there is something in {final} already", "choose another folder with --output, or remove it")


def merge(values: Mapping[str, Any], workspace: Path, final: Path, verbose: bool = False) -> Path:
    """Merge into `final`, which appears whole or not at all; `values` are the engine's keys. Raises UserError."""
    check_free(final)
    size = folders.size(Path(values["model_name_or_path"]))
    if machine.disk(final.parent) < size * 1.1:
        raise UserError(f"the merged model needs {size / 1e9:.1f} GB beside {final}", "--output on another disk")
    with drafts.folder(final) as draft:
        _engine(values, workspace, draft, verbose)
        provenance.merged(draft, Path(values["adapter_name_or_path"]), Path(values["model_name_or_path"]))
        if final.exists():
            final.rmdir()
        os.replace(draft, final)
    return final


def _engine(values: Mapping[str, Any], workspace: Path, draft: Path, verbose: bool) -> None:
    # merged into the full base, of a 4-bit adapter as well: merging into 4 bit is refused by the engine
    recipe = {key: values[key] for key in KEEP}
    recipe |= {"export_dir": str(draft), "export_size": 5, "export_device": "cpu"}
    path = Workspace(workspace).private().recipe("export")
    files.write(path, yaml.safe_dump(recipe, allow_unicode=True, sort_keys=False), private=True)
    log = Workspace(workspace).log("export")
    log.unlink(missing_ok=True)
    with progress.stage("merging"):
        llamafactory.run(
            llamafactory.call("export", path, workspace), log, progress.say if verbose else _silent, "export"
        )
    if missing := folders.check(draft):
        raise UserError(f"the merged model is not whole: {'; '.join(missing)}", f"read the log: {log}")


def _silent(line: str) -> None:
    return None
