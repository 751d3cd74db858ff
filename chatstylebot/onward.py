"""What comes next: the last lines of a step name the line to type, from where the user stands."""

import os
import shlex
from pathlib import Path

from chatstylebot.card import Card
from chatstylebot.workspace import Workspace

ENOUGH = 1_000  # training samples from which a style shows (corpus.quality)


def samples(workspace: Path, card: Card, train: int, whole: bool, other: str = "") -> list[str]:
    """After samples were made; `train` of them are for training; `whole`: the base model is here; `other` is what
    training needs to hear of them where they do not lie in their usual place."""
    lines = []
    if train < ENOUGH and not card.url:
        lines += [
            f"a style takes about {ENOUGH:,} samples; for more: several exports at once (csb preprocess A B)",
            "with few, a larger model that sees your answers may be nearer to you: csb init ~/another-clone --no-gpu",
        ]
    return [*lines, f"next: {_enter(workspace)}{_then(workspace, card, whole, other)}"]


def bereft(workspace: Path) -> list[str]:
    """What to say where .csb/ is not beside the samples: it was deleted, or stayed on another machine."""
    if not Workspace(workspace).bereft:
        return []
    gone = "what csb preprocess left in .csb/ is not here (held-out talk, memory, rhythm; who is whose, for csb forget)"
    return [f"{gone}: right on a rented machine, else csb preprocess --replace, with all your exports, brings it back"]


def _then(workspace: Path, card: Card, whole: bool, other: str) -> str:
    """What follows the samples."""
    own = Workspace(workspace)
    if card.url:
        return "csb rag index, then csb chat"
    if not own.card.is_file() and own.original:
        return "csb init ~/my-clone --model MODEL makes a workspace outside of this folder; csb preprocess again there"
    if not own.card.is_file():
        return f"csb init . here writes clone.yaml (--name, --language, --model); then csb train --dry-run{other}"
    fetch = "" if whole else "csb download, then "
    return f"{fetch}csb train --dry-run{other}, then csb train{other}"


def _enter(workspace: Path) -> str:
    """The way into the workspace, where we are not in it."""
    inside = workspace.resolve() in (Path.cwd().resolve(), *Path.cwd().resolve().parents)
    return "" if inside else f"cd {shlex.quote(os.path.relpath(workspace))}, "
