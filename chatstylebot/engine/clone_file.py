"""The clone as a GGUF that is ready to be served: found where it was made, or made now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatstylebot import drafts, progress
from chatstylebot.card import Card
from chatstylebot.engine import gguf, merge, talk
from chatstylebot.models import gguf_head, provenance
from chatstylebot.workspace import Workspace


def identity(values: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What a GGUF is made from; one that was made from anything else is not this clone."""
    adapter, base = values.get("adapter_name_or_path"), Path(values["model_name_or_path"])
    return provenance.pair(Path(adapter) if adapter else None, base) | {"template": values["template"], "kind": kind}


def ready(workspace: Path, card: Card, model: str | None, adapter: Path | None, base: bool, kind: str = "q8_0") -> Path:
    """The GGUF of the clone, or with `base` of the bare base model; made and checked first if need be. UserError."""
    values = talk.recipe(card, workspace, model, adapter, base)
    source = values.get("adapter_name_or_path")
    if remark := talk.prompt_differs(card, source):
        progress.say(f"note: {remark}")
    name = merge.name(Path(source), workspace) if source else Path(values["model_name_or_path"]).name
    file = Workspace(workspace).exported / f"{name}-{kind}.gguf"
    if _is(file, identity(values, kind)):
        return file
    with merge.turn(workspace):
        if _is(file, identity(values, kind)):  # another csb has made it meanwhile
            return file
        other = " (the one that is there is of another adapter, base or template)" if file.is_file() else ""
        progress.say(f"making {file.relative_to(workspace)}: this is done once, and takes some minutes{other}")
        make(workspace, values, file, kind)
    if (recipe := file.with_suffix(".Modelfile")).is_file():
        progress.say(f"note: {recipe.relative_to(workspace)} is of before; csb export --gguf {kind} writes a new one")
    return file


def _is(file: Path, made_of: Mapping[str, Any]) -> bool:
    told = gguf_head.made_of(file) if file.is_file() else {}
    return {key: told.get(key) for key in made_of} == dict(made_of)


def make(
    workspace: Path, values: Mapping[str, Any], file: Path, kind: str, merged: Path | None = None
) -> dict[str, Any]:
    """Merge (unless `merged` is there), convert and check; the file appears when all is well. Raises UserError.

    Returns the engine's view of the template (engine/reference.py), for a Modelfile.
    """
    log = Workspace(workspace).private().log("gguf")
    log.unlink(missing_ok=True)
    adapter, whole = values.get("adapter_name_or_path"), merged or Path(values["model_name_or_path"])
    with drafts.folder(file) as room:
        if adapter and merged is None:
            whole = merge.merge(values, workspace, room / "merged")
        draft = room / file.name
        with progress.stage("reading the template"):
            reference = gguf.reference(whole, values["template"], log)
        base = Path(values["model_name_or_path"])
        learnt = provenance.origin(Path(adapter) if adapter else None, base)["learnt"]
        with progress.stage(f"converting to {kind}"):
            gguf.convert(whole, draft, kind, reference["jinja"], identity(values, kind) | {"learnt": learnt}, log)
        with progress.stage("comparing with the model"):
            checked = gguf.check(draft, reference, kind, log)
        progress.say(checked.line())
        draft.replace(file)
    progress.say(f"made {file} ({file.stat().st_size / 1e9:.2f} GB)")
    return reference
