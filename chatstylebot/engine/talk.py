"""What the engine needs to talk as the clone: base, adapter, and the card's prompt and sampling."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.card import Card
from chatstylebot.engine import llamafactory
from chatstylebot.errors import UserError
from chatstylebot.models import folders, presets, provenance, special, tokenizer
from chatstylebot.workspace import Workspace, inside

SHOWN = 3  # checkpoints and runs that are named
CLONES = ("sft", "dpo", "kto")


def finished(workspace: Path) -> list[Path]:
    """The folders of finished runs that made a clone, the newest first."""
    found = [folder for folder in Workspace(workspace).saves.glob("*/*/*") if provenance.state(folder) == "finished"]
    clones = [folder for folder in found if folder.name.partition("-")[0] in CLONES]
    return sorted(clones, key=lambda folder: (provenance.made(folder), folder.name), reverse=True)


def adapter_of(card: Card, workspace: Path, model: str | None) -> Path:
    """The adapter to talk to: the card's, else the newest run of the model, else (none named) of any. UserError."""
    if card.adapter is not None and model is None:
        return workspace / card.adapter
    wanted = model or card.model
    name = wanted if wanted in presets.load() else Path(wanted).resolve().name
    runs = finished(workspace)
    own = [folder for folder in runs if folder.parent.parent.name == name]
    if own:
        if begun := next(
            (one for one in _interrupted(workspace, name) if provenance.made(one) > provenance.made(own[0])), None
        ):
            progress.say(f"note: {_shown(begun, workspace)} is not finished; this is {_shown(own[0], workspace)}")
        return own[0]
    if runs and model is None:
        progress.say(f"note: no finished run of {name}; this is {_shown(runs[0], workspace)}")
        return runs[0]
    if card.url and model is None:
        raise UserError(
            f"clone.yaml names a server ({card.url}) whose model answers: nothing was trained here",
            "csb serve has a chat page for it; csb chat talks to it here",
        )
    nearest = f"--adapter {runs[0].relative_to(workspace)}, or " if runs else ""
    raise UserError(
        f"no finished adapter for {name} in {Workspace(workspace).saves}",
        nearest + "csb train" + (f" --model {model}" if model else ""),
    )


def _interrupted(workspace: Path, name: str) -> list[Path]:
    """Runs of a model that made no clone yet."""
    found = Workspace(workspace).saves.glob(f"{name}/*/*")
    return [one for one in found if one.name in CLONES and provenance.state(one) == "interrupted"]


def _shown(run: Path, workspace: Path) -> str:
    return run.relative_to(workspace).as_posix()


def base_of(model: str, workspace: Path) -> tuple[Path, str | None]:
    """The folder of the base model and its template, None where only the user can know it. Raises UserError."""
    known = presets.load()
    template: str | None
    if model in known:
        folder, template = Workspace(workspace).base(known[model].title), known[model].template
    else:
        folder = Path(model) if Path(model).is_dir() else Workspace(workspace).located(model)
        if not folder.is_dir():
            presets.get(model)  # says what is near
        template = next((p.template for p in known.values() if p.title == folder.name), None) or _merged(folder)
    if missing := folders.check(folder):
        raise UserError(folders.absent(folder, missing), f"csb download {model}")
    return folder, template


def _merged(folder: Path) -> str | None:
    """The template of a model that was merged here."""
    told = provenance.told_in(folder / provenance.MERGED)
    preset = presets.titled(Path(str(told.get("base_folder"))).name)
    adapter = Path(str(told["adapter_folder"])) if told.get("adapter_folder") else None
    learnt = provenance.read(adapter).get("template") if adapter else None
    return learnt or (preset.template if preset else None)


def _no_adapter(adapter: Path, missing: list[str], workspace: Path) -> UserError:
    """What to say of a folder that holds no adapter: which there are, those of the same run first."""
    near = adapter if adapter.is_dir() else adapter.parent
    inside = sorted(near.glob("checkpoint-*"), key=lambda path: (len(path.name), path.name))
    there = [path for path in [*reversed(inside), *finished(workspace)] if provenance.weighty(path)]
    runs = [f"--adapter {os.path.relpath(path)}" for path in there]
    anew = "csb train --again" if provenance.state(adapter) != "none" else "csb train"
    why = "is not there" if not adapter.is_dir() else f"is neither an adapter nor a model: {'; '.join(missing)}"
    more = f"; {len(runs)} others are there, such as those below" if len(runs) > SHOWN else ""
    lines = [*runs[:SHOWN], *([] if runs and anew == "csb train" else [anew])]
    return UserError(f"{adapter} {why}{more}", " or ".join(lines))


def _preset_of(told: Mapping[str, Any]) -> str | None:
    """The preset (or the folder) that a run's record names as its base."""
    if not told.get("base"):
        return None
    preset = presets.titled(Path(str(told["base"])).name)
    return preset.name if preset else str(told["base"])


def recipe(card: Card, workspace: Path, model: str | None, adapter: Path | None, base: bool) -> dict[str, Any]:
    """The engine's keys for chat, webchat and api. Raises UserError for a pair that does not belong together."""
    told: dict[str, Any] = {}
    if not base:
        adapter = workspace / adapter if adapter else adapter_of(card, workspace, model)
        if not adapter.is_dir():
            raise _no_adapter(adapter, [], workspace)
        told = provenance.read(adapter)
    # an adapter knows its base; the card's model may be another by now
    folder, template = base_of(model or _preset_of(told) or card.model, workspace)
    values: dict[str, Any] = {"model_name_or_path": str(folder)}
    if adapter and not base:
        provenance.check_sound(adapter)
        if (adapter / "adapter_config.json").is_file():
            if not provenance.weighty(adapter):
                raise _no_adapter(adapter, ["its weights are gone (adapter_model.safetensors)"], workspace)
            provenance.check_pair(adapter, folder)
            values |= {"adapter_name_or_path": str(adapter), "finetuning_type": "lora"}
        elif missing := folders.check(adapter):
            raise _no_adapter(adapter, missing, workspace)
        else:  # full training left a whole model
            values |= {"model_name_or_path": str(adapter), "finetuning_type": "full"}
        if told.get("method") == "qlora":
            values |= {"quantization_bit": 4, "quantization_method": "bnb"}
    template = card.template or told.get("template") or template
    if template is None:
        raise UserError(f"which template {folder.name} speaks is not known", "write template: … in clone.yaml")
    rule = special.of_model(folder / tokenizer.FILE)
    values |= {"template": template, "default_system": rule.broken(card.prompt()), "infer_backend": "huggingface"}
    return values | {"do_sample": True, **card.sampling.model_dump()}


def prompt_differs(card: Card, adapter: str | None) -> str | None:
    """A remark when the card's template or prompt is not the one the adapter was trained with."""
    told = provenance.read(Path(adapter)) if adapter else {}
    if card.template and told.get("template") not in (None, card.template):
        return f"the card says template: {card.template}; the adapter was trained with {told['template']}"
    trained = told.get("system")
    if trained is None or special.same(trained, card.prompt()):
        return None
    return f"the card's prompt has changed since training; it was: {trained}"


def begin(
    verb: llamafactory.Verb, model: str | None, adapter: Path | None, base: bool, env: Mapping[str, str]
) -> llamafactory.Call:
    """The engine's call for talking, its recipe written into .csb/. Raises UserError."""
    workspace = inside(model or adapter)
    card = cards.find(workspace) or Card()
    values = recipe(card, workspace, model, adapter, base)
    if remark := prompt_differs(card, values.get("adapter_name_or_path")):
        progress.say(f"note: {remark}")
    path = Workspace(workspace).private().recipe(verb)
    files.write(path, yaml.safe_dump(values, allow_unicode=True, sort_keys=False), private=True)
    return llamafactory.call(verb, path, workspace, env)
