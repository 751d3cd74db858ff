"""Which adapters, merged models and GGUFs of a workspace remember samples that are to be forgotten."""

import os
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatstylebot.models import gguf_head, provenance
from chatstylebot.workspace import Workspace


@dataclass(frozen=True)
class Memory:
    """Something that has learnt; `sure` where the samples that it learnt from are known to be among those."""

    path: Path
    sure: bool
    line: str | None = None  # trains it anew
    beside: tuple[Path, ...] = ()  # what goes with it

    @property
    def paths(self) -> tuple[Path, ...]:
        """All that is to be removed."""
        return (self.path, *self.beside)


def find(workspace: Workspace, held: Collection[str], clean: Collection[str]) -> list[Memory]:
    """What may remember, runs before exports, the oldest first.

    `held` are the hashes of the files of samples that held the person, `clean` those of files that did not. What learnt
    only from clean ones does not remember; what learnt from anything unknown may.
    """
    found: list[Memory] = []
    for folder in sorted(_folders(workspace), key=lambda path: (provenance.made(path), str(path))):
        learnt = provenance.learnt(folder) if provenance.ours(folder) else None  # None: made by the plain engine
        if (sure := _remembers(learnt, held, clean)) is None:
            continue
        told = provenance.read(folder)
        run = provenance.state(folder) != "none" and not (folder / provenance.MERGED).is_file()
        line = told.get("line") or f"csb train {told.get('stage', 'sft')} --again"
        found.append(Memory(folder, sure, line if run else None))
    for file in workspace.ggufs():
        beside = tuple(path for path in (file.with_suffix(".Modelfile"),) if path.is_file())
        told = gguf_head.made_of(file)
        learnt = told.get("learnt") if isinstance(told.get("learnt"), list) else None
        if told and told.get("adapter") is None and learnt is None:
            learnt = []  # of a bare base model
        if (sure := _remembers(learnt, held, clean)) is not None:
            found.append(Memory(file, sure, None, beside))
    return sorted(found, key=lambda one: one.line is None)


def lines(found: Sequence[Memory], here: Path) -> list[str]:
    """What to type in the folder `here`, so that nothing remembers any more."""
    if not found:
        return []
    runs = [one for one in found if one.line]
    gone = [path for one in found for path in one.paths]
    tops = [path for path in gone if not set(path.parents) & set(gone)]  # what lies in another goes with it
    paths = [shlex.quote(os.path.relpath(path, here)) for path in tops]
    anew = [*dict.fromkeys(one.line for one in runs if one.line)]
    anew += ["csb export"] if len(runs) < len(found) else []
    return [f"rm -r {' '.join(paths)}", *anew]


def _remembers(learnt: list[str] | None, held: Collection[str], clean: Collection[str]) -> bool | None:
    """Whether it remembers (True), may (False) or cannot (None)."""
    if learnt is None:
        return False
    if set(learnt) & set(held):
        return True
    return None if set(learnt) <= set(clean) else False


def _folders(workspace: Workspace) -> Iterator[Path]:
    """Every folder with an adapter or a model of ours in it, checkpoints left out: they go with their run."""
    for place in (workspace.saves, workspace.exported, workspace.models):
        for top, inner, names in os.walk(place, followlinks=True):
            inner[:] = [name for name in inner if not name.startswith((".", "checkpoint-"))]
            ours = provenance.ours(Path(top))
            weights = set(provenance.WEIGHTS) & set(names) or provenance.last_checkpoint(Path(top))
            # a record without weights: of a run that is on
            if ours or (weights and place != workspace.models):
                yield Path(top)
