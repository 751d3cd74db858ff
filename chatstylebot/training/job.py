"""One training run before it starts: which recipe, fitted to what is here, and what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chatstylebot.card import Card
from chatstylebot.errors import UserError
from chatstylebot.training import deepspeed as zero
from chatstylebot.training import devices, keys, machine, models, plan, prepare, presets, provenance, recipes
from chatstylebot.training.plan import Method, Stage, Zero
from chatstylebot.training.prepare import Prepared


@dataclass(frozen=True)
class Job:
    """One training run before it starts."""

    prepared: Prepared
    stage: Stage
    method: Method
    workspace: Path
    model: Path
    preset: str | None

    zero: Zero | None = None

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
    method: Method = "lora",
    recipe: str | None = None,
    deepspeed: Zero | None = None,
) -> Job:
    """The run that is asked for, checked as far as it can be without the engine. Raises UserError.

    `pairs` are KEY=VALUE words and win over everything; what stands in the way of a start is in `prepared.faults`.
    """
    given = keys.parse(pairs)
    if recipe:
        values, preset = _from_recipe(recipe, workspace), None
        if stage and prepare.stage_of(values) != stage:
            raise UserError(f"{recipe} is a recipe for {prepare.stage_of(values)}, not {stage}", "leave the stage out")
        if deepspeed:
            values["deepspeed"] = zero.path(deepspeed)
    else:
        wanted = model or card.model
        chosen = _preset(wanted, card, given)
        preset = chosen.name
        values = recipes.build(chosen, stage or "sft", method, deepspeed)
        if wanted not in presets.load():
            values = _for_folder(values, chosen, wanted, given)
    if "template" not in given and card.template and not recipe:
        values["template"] = card.template
    if prepare.stage_of(values) != "pretrain":
        values["default_system"] = card.prompt()
    values["logging_steps"] = 1  # the progress line wants every step
    _follow(values, given)
    values |= given
    keys.check(values)

    cards_here = devices.visible()
    bf16 = bool(cards_here) and all(gpu.bf16 for gpu in cards_here)
    prepared = prepare.fit(values, given, workspace, bool(cards_here), bf16)
    folder = workspace / str(values["model_name_or_path"])
    if missing := models.check(folder):
        name = preset or next((p.name for p in presets.load().values() if folder.name == p.title), "MODEL")
        small = "" if cards_here or name == presets.FOR_CPU else f"; without a GPU: --model {presets.FOR_CPU}"
        prepared.faults.insert(0, UserError(_absent(folder, missing), f"csb download {name}{small}"))
    for key in ("adapter_name_or_path", "ref_model_adapters"):
        if adapter := values.get(key):
            try:
                provenance.check_pair(workspace / str(adapter), folder)
            except UserError as fault:
                if fault.problem not in [other.problem for other in prepared.faults]:
                    prepared.faults.append(UserError(fault.problem, f"csb train sft first, or {key}=FOLDER"))
    return Job(prepared, prepare.stage_of(values), prepare.method_of(values), workspace, folder, preset)


def _absent(folder: Path, missing: list[str]) -> str:
    if not folder.is_dir():
        return f"the base model is not in {folder}"
    return f"the base model in {folder} is not whole: {'; '.join(missing)}"


def _from_recipe(recipe: str, workspace: Path) -> dict[str, Any]:
    """The values of a recipe file, else of the shipped recipe of that name."""
    for path in (Path(recipe), workspace / recipe):
        if path.is_file():
            try:
                values = yaml.safe_load(path.read_text("utf-8-sig"))
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                first = str(error).replace("\n", " ")
                raise UserError(f"{path} is not valid YAML: {first}", "repair it") from None
            if not isinstance(values, dict):
                raise UserError(f"{path} holds no keys", "csb recipes show NAME shows what a recipe looks like")
            keys.check(values, source=str(path))
            for key in ("model_name_or_path", "output_dir"):
                if key not in values:
                    raise UserError(f"{path} has no {key}", f"add {key}: …")
            return values
    found = recipes.get(recipe)
    return recipes.build(found.preset, found.stage, found.method, found.deepspeed)


def _preset(wanted: str, card: Card, given: dict[str, Any]) -> Any:
    """The preset that is meant, or the one whose recipe suits a model folder best."""
    if wanted in presets.load():
        return presets.get(wanted)
    folder = Path(wanted)
    if not folder.is_dir():
        return presets.get(wanted)  # says what is near
    same = next((p for p in presets.load().values() if p.title == folder.name), None)
    if same is None and "template" not in given and not card.template:
        raise UserError(
            f"which template {folder.name} speaks is not known", "add template=NAME, as in `csb recipes show`"
        )
    return same or presets.get(presets.FOR_GPU)


def _for_folder(values: dict[str, Any], preset: Any, wanted: str, given: dict[str, Any]) -> dict[str, Any]:
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


def needs(job: Job) -> tuple[int, int, str]:
    """Samples, optimizer steps, and the memory the run needs beside what this machine has."""
    values, samples = job.values, sum(job.prepared.samples.values())
    limit = values.get("max_samples")
    if limit:
        samples = sum(min(n, int(limit)) for n in job.prepared.samples.values())
    gpus = devices.visible()
    batch = int(values.get("per_device_train_batch_size", 8))
    steps = plan.steps(
        samples,
        batch,
        int(values.get("gradient_accumulation_steps", 1)),
        max(len(gpus), 1),
        float(values.get("num_train_epochs", 3)),
    )
    if int(values.get("max_steps", -1)) > 0:
        steps = int(values["max_steps"])
    try:
        shape = plan.shape_of(job.model) if (job.model / "config.json").is_file() else None
    except UserError:
        shape = None
    if shape is None and job.preset:
        shape = presets.get(job.preset).shape
    if shape is None:
        return samples, steps, "memory: unknown, the model is not here"
    zero = next((z for z in ("z0", "z2", "z3") if z in str(values.get("deepspeed", ""))), None)
    asked: Any = {
        "stage": job.stage, "batch": batch, "cutoff_len": int(values.get("cutoff_len", 2048)),
        "lora_rank": int(values.get("lora_rank") or 16), "bf16": bool(values.get("bf16") or values.get("fp16")),
        "gpus": max(len(gpus), 1), "deepspeed": zero,
    }  # fmt: skip
    need = plan.estimate(shape, job.method, **asked).total
    if not gpus:
        free = machine.ram()[1]
        told = f"memory: about {need / 1e9:.1f} GB (an estimate), on the CPU"
        if free and need > free:
            told += f", which has {free / 1e9:.1f} GB free: too much, take a smaller model (--model {presets.FOR_CPU})"
        return samples, steps, told
    have = min(gpu.memory for gpu in gpus)
    told = f"memory: about {need / 1e9:.1f} GB (an estimate) of {have / 1e9:.1f} GB on {gpus[0].name}"
    if need <= have:
        return samples, steps, told
    smaller = plan.fits(shape, job.method, have, **asked)
    if smaller is None:
        return samples, steps, f"{told}: too much; nothing smaller fits, take a smaller model (csb recipes models)"
    how = f"--method {smaller.method} per_device_train_batch_size={smaller.batch} cutoff_len={smaller.cutoff_len}"
    return samples, steps, f"{told}: too much; this would fit: {how}"
