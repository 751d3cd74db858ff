"""What lies beside an adapter: which base, prompt and data it was made with, and whether the run came to its end."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from chatstylebot import files
from chatstylebot.errors import UserError

NAME = "csb_run.json"
MERGED = "csb_merged.json"  # beside a merged model
WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin", "model.safetensors", "model.safetensors.index.json")
State = Literal["none", "foreign", "interrupted", "broken", "finished"]
BEGUN = {"csb_run.lock", "recipe.yaml"}  # what a run that was killed at its very start leaves
# what the plain engine leaves beside an adapter, or beside a model that it trained whole
ENGINES = {"adapter_config.json", "trainer_state.json", "trainer_log.jsonl", "training_args.bin"}
EDGE = 1 << 20


def fingerprint(model: Path) -> str:
    """A hash that tells base models apart: config.json, and size, head and tail (1 MiB) of each weight file."""
    total = hashlib.sha256()
    there = (model / "config.json", *model.glob("*.safetensors"), *model.glob("pytorch_model*.bin"))
    for path in sorted(path for path in there if path.is_file()):
        total.update(f"{path.name}:{path.stat().st_size};".encode())
        with path.open("rb") as file:
            total.update(file.read(EDGE))
            file.seek(max(path.stat().st_size - EDGE, 0))
            total.update(file.read(EDGE))
    return total.hexdigest()


def adapter_hash(folder: Path) -> str:
    """A hash of an adapter's weights: they are small."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("adapter_model*")):
        total.update(path.read_bytes())
    return total.hexdigest()


def weighty(folder: Path) -> bool:
    """Whether weights lie there, of an adapter or of a whole model."""
    return any((folder / name).is_file() for name in WEIGHTS)


def pair(adapter: Path | None, base: Path) -> dict[str, str | None]:
    """The hashes that tell what an export is of."""
    return {"base": fingerprint(base), "adapter": adapter_hash(adapter) if adapter else None}


def state(folder: Path) -> State:
    """What a run's folder holds: nothing, something else, or a run and how it ended.

    A folder that the plain engine filled has no record of ours: it is finished when weights lie at its top, and none of
    a run's when it holds neither weights nor checkpoints.
    """
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not {name for name in there - BEGUN if not name.startswith(".")}:
        return "none"
    told = read(folder).get("state")
    if told in ("finished", "interrupted", "broken"):
        return told  # type: ignore[no-any-return]
    if weighty(folder):
        return "finished" if there & ENGINES else "foreign"  # a base model
    return "interrupted" if checkpoints(folder) else "foreign"


def read(folder: Path) -> dict[str, Any]:
    """The record beside an adapter, or in the run that a checkpoint belongs to; {} when there is none."""
    if folder.name.startswith("checkpoint-") and not (folder / NAME).is_file():
        folder = folder.parent
    return told_in(folder / NAME)


def told_in(path: Path) -> dict[str, Any]:
    """The JSON object in a file, {} where it is not there, damaged, or something else."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # not there, or damaged
        return {}
    return told if isinstance(told, dict) else {}


def write(folder: Path, **told: Any) -> None:
    """Write the record, whole or not at all."""
    files.write_json(folder / NAME, read(folder) | told, private=True)


def origin(adapter: Path | None, base: Path) -> dict[str, Any]:
    """What an export is made of, and which samples that has learnt from."""
    known = learnt(base) if adapter is None else both(learnt(adapter), learnt(base))
    return {"adapter_folder": adapter and str(adapter), "base_folder": str(base), "learnt": known}


def ours(folder: Path) -> bool:
    """Whether we have made what lies there."""
    return (folder / NAME).is_file() or (folder / MERGED).is_file()


def merged(folder: Path, adapter: Path, base: Path) -> None:
    """Write down what a merged model is made of."""
    files.write_json(folder / MERGED, origin(adapter, base) | pair(adapter, base), private=True)


def merged_of(folder: Path, adapter: Path, base: Path) -> bool:
    """Whether a merged model of ours lies there that is made of these."""
    told, wanted = told_in(folder / MERGED), pair(adapter, base)
    return {key: told.get(key) for key in wanted} == wanted


def learnt(folder: Path) -> list[str] | None:
    """The hashes of the samples that an adapter or a model has learnt from, None where nobody wrote them down.

    A base model that came from elsewhere has learnt from none of ours.
    """
    told = read(folder) or told_in(folder / MERGED)
    if not told and not (folder / "adapter_config.json").is_file():
        return []
    found = told.get("learnt")
    return found if isinstance(found, list) else None


def both(*known: list[str] | None) -> list[str] | None:
    """The hashes of all that several have learnt from, None where it is not known of one."""
    return sorted({one for part in known if part is not None for one in part}) if None not in known else None


def made(folder: Path) -> float:
    """When a run's record, or the adapter of a run without one, was last written (seconds since 1970)."""
    there = [path for path in (folder / name for name in (NAME, *WEIGHTS)) if path.is_file()]
    return there[0].stat().st_mtime if there else 0.0


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint from which a run can go on."""
    found = [path for path in checkpoints(folder) if (path / "trainer_state.json").is_file()]
    return found[-1] if found else None


def checkpoints(folder: Path) -> list[Path]:
    """The folders checkpoint-N of a run, by their steps; copies with other names are none."""
    found = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdecimal()]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))


def resumable(folder: Path, steps: int) -> Path | None:
    """The newest checkpoint that is not at the run's end already, else the newest.

    From one at its end the engine would take one step more than it was asked for. `steps` is how many were asked for, 0
    or less where that follows from the epochs.
    """
    last = last_checkpoint(folder)
    for path in reversed(checkpoints(folder)):
        told = told_in(path / "trainer_state.json")
        if told and told.get("global_step", 0) < (steps if steps > 0 else told.get("max_steps", 0)):
            return path
    return last


def check_sound(folder: Path) -> None:
    """Raise UserError where the run that lies there, or that the checkpoint belongs to, learnt nothing."""
    if read(folder).get("state") == "broken":
        raise UserError(f"the run in {folder} is broken: it learnt nothing", "csb train again, or --adapter FOLDER")


def check_pair(adapter: Path, model: Path) -> None:
    """Raise UserError unless the adapter was trained on this very base (REC-6)."""
    if not (adapter / "adapter_config.json").is_file():
        raise UserError(f"there is no adapter in {adapter}", "csb train, or adapter: in clone.yaml")
    check_sound(adapter)
    told = read(adapter)
    if not told.get("base_fingerprint") or not (model / "config.json").is_file():
        return  # made by the plain engine: nothing is known about its base
    if told["base_fingerprint"] != fingerprint(model):
        raise UserError(
            f"the adapter {adapter} was trained on {told.get('base')}, which {model} is not (or no longer)",
            f"csb train again, or --model {told.get('base')}",
        )
