"""One training run before it starts: which recipe, fitted to what is here, and what stands in its way."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatstylebot.card import Card
from chatstylebot.engine import devices, keys
from chatstylebot.engine.devices import Device
from chatstylebot.errors import UserError
from chatstylebot.models import folders, presets, provenance, special, tokenizer
from chatstylebot.training import cutoff, dataset_files, prepare, recipe_values, recipes, sources
from chatstylebot.training import deepspeed as zero
from chatstylebot.training.plan import Method, Stage, Zero
from chatstylebot.training.prepare import Prepared
from chatstylebot.training.sources import Source
from chatstylebot.workspace import Workspace, library

FOLDERS = ("output_dir", "model_name_or_path", "adapter_name_or_path", "ref_model", "ref_model_adapters")
RENTED = "; for a rented one: csb train --dry-run --gpu 24"
Report = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of a command line: the stage, the options that have a value, and the KEY=VALUE words."""

    stage: Stage | None
    options: Mapping[str, str | None]
    pairs: Sequence[str]

    def line(self, *more: str) -> str:
        """The command again."""
        options = [word for option, value in self.options.items() if value for word in (option, value)]
        return shlex.join(["csb", "train", *([self.stage] if self.stage else []), *options, *self.pairs, *more])


@dataclass(frozen=True)
class Job:
    """One training run before it starts.

    `system` is the prompt in its samples, None where they hold several; `asked` is what was typed; `gpus` are those it
    is planned for, which may be `elsewhere`.
    """

    prepared: Prepared
    stage: Stage
    method: Method
    workspace: Path
    model: Path
    preset: str | None
    system: str | None
    asked: Asked
    gpus: list[Device] = field(default_factory=list)
    elsewhere: bool = False

    @property
    def line(self) -> str:
        """The command that starts the run over."""
        return self.asked.line("--again")

    @property
    def values(self) -> dict[str, Any]:
        return self.prepared.values

    @property
    def output(self) -> Path:
        return self.workspace / str(self.values["output_dir"])


def plan_run(
    card: Card,
    workspace: Path,
    stage: Stage | None = None,
    pairs: Sequence[str] = (),
    model: str | None = None,
    method: Method | None = None,
    recipe: str | None = None,
    deepspeed: Zero | None = None,
    report: Report = dict,
    elsewhere: Sequence[Device] = (),
) -> Job:
    """The run that is asked for, checked as far as it can be without the engine. Raises UserError.

    `report` reads the account of the last `csb preprocess`, {} where there is none; `pairs` are KEY=VALUE words and win
    over everything; what stands in the way of a start is in `prepared.faults`. `elsewhere` are GPUs of another machine,
    for which the run is planned as if they were here.
    """
    given, given_stage, given_method = keys.parse(pairs), stage, method
    if recipe:
        source = _named(recipe, workspace, stage, deepspeed)
    else:
        source = _chosen(card, workspace, stage or "sft", method or "lora", deepspeed, model or card.model, given)
    values = dict(source.values)
    prepare.same_kind(values, given, recipe)
    if "template" not in given and card.template and not recipe:
        values["template"] = card.template
    if prepare.stage_of(values) != "pretrain":
        base = Workspace(workspace).located(str(given.get("model_name_or_path", values["model_name_or_path"])))
        values["default_system"] = special.of_model(base / tokenizer.FILE).broken(card.prompt())
    values["logging_steps"] = 1  # the progress line wants every step
    _follow(values, given)
    values |= given
    for key in FOLDERS:
        if str(values.get(key) or "").startswith("~"):  # the engine would follow it elsewhere than we look
            values[key] = str(Path(str(values[key])).expanduser())
    for key in ("model_name_or_path", "ref_model"):
        if key in values and library() in (found := Workspace(workspace).located(str(values[key]))).parents:
            values[key] = str(found)  # the engine knows of no library
    keys.check(values)
    sources.check(values, source.name)

    gpus = list(elsewhere) or devices.visible()
    bf16 = bool(gpus) and all(gpu.bf16 for gpu in gpus)
    prepared = prepare.fit(values, given, workspace, bool(gpus), bf16)
    if elsewhere and prepared.values.get("bf16"):
        prepared.notes.append("bf16: a card before Ampere (GTX, V100, T4) has none, there: fp16=true bf16=false")
    prepared.notes[:0] = source.notes
    folder = workspace / str(values["model_name_or_path"])
    if not recipe and "cutoff_len" not in given:
        _cut(prepared, report, workspace, folder)
    preset = presets.titled(folder.name)
    system = None if prepare.stage_of(values) == "pretrain" else _prompt(card, report, workspace, prepared, given)
    if missing := folders.check(folder):
        name, light = preset.name if preset else "MODEL", presets.for_cpu(card.language)
        small = (
            "" if gpus or name in (light, presets.FOR_CPU) else f", or without a GPU: csb train --model {light}{RENTED}"
        )
        prepared.faults.insert(0, prepare.Missing(folders.absent(folder, missing), f"csb download {name}{small}"))
    named = f" --model {model}" if model else ""
    for key in ("adapter_name_or_path", "ref_model_adapters"):
        if adapter := values.get(key):
            try:
                provenance.check_pair(workspace / str(adapter), folder)
            except UserError as fault:
                if fault.problem not in [other.problem for other in prepared.faults]:
                    there = (workspace / str(adapter) / "adapter_config.json").is_file()
                    kind = UserError if there else prepare.Missing
                    prepared.faults.append(kind(fault.problem, f"csb train sft{named}, or {key}=FOLDER"))
    if wrong := _misplaced(workspace, workspace / str(values["output_dir"]), folder, values):
        prepared.faults.append(wrong)
    stage, method = prepare.stage_of(values), prepare.method_of(values)
    options = {"--model": model, "--method": given_method, "--recipe": recipe, "--deepspeed": deepspeed}
    asked, known = Asked(given_stage, options, pairs), preset.name if preset else None
    return Job(prepared, stage, method, workspace, folder, known, system, asked, gpus, bool(elsewhere))


def _misplaced(workspace: Path, output: Path, model: Path, values: Mapping[str, Any]) -> UserError | None:
    """Why a run may not go there: it would be renamed with all that lies in it, or something else would."""
    if file := folders.in_the_way(output):
        return UserError(f"{file} is a file, and no folder for a run", "output_dir=FOLDER")
    if output.is_symlink() and not output.exists():
        return UserError(f"{output} is a link to nowhere", "output_dir=FOLDER")
    own, whole = Workspace(workspace), output.resolve()
    for place in whole.parents:
        if (place / provenance.NAME).is_file():
            return UserError(f"{output} lies in another run, {place}", "output_dir=saves/NAME")
    starts = [workspace / str(values[key]) for key in ("adapter_name_or_path", "ref_model_adapters") if values.get(key)]
    kept = {
        own.data: "data", own.models: "base models", own.config: "recipes", own.hidden: "what was preprocessed",
        own.exported: "merged models", model: "the base model", **dict.fromkeys(starts, "the adapter it starts from"),
    }  # fmt: skip
    for place, what in kept.items():
        if whole == place.resolve() or place.resolve() in whole.parents:
            return UserError(f"{output} is no place for a run: {what} lie there", "output_dir=saves/NAME")
    for place in (workspace, own.saves, *kept):
        if whole == place.resolve() or whole in place.resolve().parents:
            return UserError(f"{output} is no place for a run: there is more in it", "output_dir=saves/NAME")
    return None


def _cut(prepared: Prepared, report: Report, workspace: Path, model: Path) -> None:
    """Take the cutoff from the samples; a number that the user wrote into the recipe stays."""
    now, stage = prepared.values.get("cutoff_len"), prepare.stage_of(prepared.values)
    if now != recipe_values.CUTOFF[stage]:
        return
    found = cutoff.suggested(report(), workspace, model, prepared.datasets) if stage == "sft" else None
    if stage in ("dpo", "kto"):
        found = cutoff.longer(model, prepared.datasets, now)
    if found and found[0] != prepared.values["cutoff_len"]:
        prepared.values["cutoff_len"] = found[0]
        prepared.notes.append(f"cutoff_len {found[0]}: {found[1]}")


def _named(recipe: str, workspace: Path, stage: Stage | None, deepspeed: Zero | None) -> Source:
    """The recipe that the user names."""
    source = sources.named(recipe, workspace)
    if stage and prepare.stage_of(source.values) != stage:
        raise UserError(
            f"{recipe} is a recipe for {prepare.stage_of(source.values)}, not {stage}", f"leave {stage} out"
        )
    if deepspeed:
        source.values["deepspeed"] = zero.path(deepspeed)
    return source


def _chosen(
    card: Card,
    workspace: Path,
    stage: Stage,
    method: Method,
    deepspeed: Zero | None,
    wanted: str,
    given: dict[str, Any],
) -> Source:
    """The recipe of a preset as it is in the workspace, or the generated one that suits a model folder."""
    preset = _preset(wanted, card, given)
    if wanted not in presets.load():
        made = recipes.build(preset, stage, method, deepspeed)
        return Source(_for_folder(made, preset, wanted), wanted)
    source = sources.shipped(recipes.Recipe(preset, stage, method, deepspeed), workspace)
    is_for = (prepare.stage_of(source.values), prepare.method_of(source.values))
    if is_for != (stage, method):
        raise UserError(
            f"{source.name} is a recipe for {' '.join(is_for)}, not {stage} {method}",
            f"csb train --recipe {source.name} runs it as it is; or give it a name of its own",
        )
    return source


def _prompt(card: Card, report: Report, workspace: Path, prepared: Prepared, given: dict[str, Any]) -> str | None:
    """The system prompt in the samples; where it is not the card's, that is a fault (SRV-3)."""
    learnt = dataset_files.neutral(report(), workspace, prepared.datasets)
    prompts = {dataset.name: dataset_files.system(dataset) for dataset in prepared.datasets}
    own = card.prompt()
    if prompts.get("identity") and not any(special.same(own, text) for text in prompts["identity"]):
        prepared.notes.append("the identity samples were made with another prompt: csb id-tag again")
    if learnt is None:
        found, other = set().union(*prompts.values()), prepared.values.get("default_system")
        return other if not found or other in found else found.pop() if len(found) == 1 else None
    if not special.same(learnt, own):
        problem = f"the samples were made with another prompt: {json.dumps(learnt, ensure_ascii=False)}"
        remedy = "csb preprocess EXPORT again, or put the old prompt back into clone.yaml"
        prepared.faults.append(UserError(problem, remedy))
    if "default_system" not in given:
        prepared.values["default_system"] = learnt
    return learnt


def _preset(wanted: str, card: Card, given: dict[str, Any]) -> Any:
    """The preset that is meant, or the one whose recipe suits a model folder best."""
    if wanted in presets.load():
        return presets.get(wanted)
    folder = Path(wanted)
    if not folder.is_dir():
        return presets.get(wanted)  # says what is near
    same = presets.titled(folder.name)
    if same is None and "template" not in given and not card.template:
        raise UserError(
            f"which template {folder.name} speaks is not known", "add template=NAME, as in `csb recipes show`"
        )
    return same or presets.get(presets.FOR_GPU)


def _for_folder(values: dict[str, Any], preset: Any, wanted: str) -> dict[str, Any]:
    """A preset's recipe for another model folder: its own paths and its own output."""
    name = Path(wanted).resolve().name
    moved = dict(values)
    for key in ("model_name_or_path", "ref_model"):
        if key in moved:
            moved[key] = str(Path(wanted).resolve())
    for key in ("output_dir", "adapter_name_or_path", "ref_model_adapters"):
        if key in moved:
            moved[key] = str(moved[key]).replace(f"saves/{preset.name}/", f"saves/{name}/", 1)
    return moved


def _follow(values: dict[str, Any], given: dict[str, Any]) -> None:
    """Keep the reference of DPO and KTO the same as the policy's start when only one of them is given."""
    if "ref_model_adapters" in values and "adapter_name_or_path" in given:
        values["ref_model_adapters"] = given["adapter_name_or_path"]
    if "ref_model" in values and "model_name_or_path" in given:
        values["ref_model"] = given["model_name_or_path"]
