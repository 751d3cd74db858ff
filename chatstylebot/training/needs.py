"""What a run needs beside what the machine has that it is planned for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatstylebot.engine import machine
from chatstylebot.errors import UserError
from chatstylebot.models import presets
from chatstylebot.models.shape import ModelShape
from chatstylebot.training import duration, lengths, plan, prepare
from chatstylebot.training.job import Asked, Job

ESTIMATE = "(an estimate, not measured; loading and evaluations come on top)"
TIGHT = 0.9  # of the memory: an estimate may be as far off


@dataclass(frozen=True, slots=True)
class Needs:
    """Samples, optimizer steps, and two lines: the memory beside what there is, the time ("": not known)."""

    samples: int
    steps: int
    memory: str
    time: str = ""
    fits: bool = True


def of(job: Job, more: Sequence[str] = ()) -> Needs:
    """What the run needs on the GPUs that it is planned for; `more` words stand behind a line to type instead."""
    values, samples = job.values, sum(job.prepared.samples.values())
    limit = values.get("max_samples")
    if limit:
        samples = sum(min(n, int(limit)) for n in job.prepared.samples.values())
    batch, gpus = _batch(values), max(len(job.gpus), 1)
    epochs = float(values.get("num_train_epochs", 3))
    steps = plan.steps(samples, batch, _accumulation(values), gpus, epochs)
    drawn = samples * epochs
    if int(values.get("max_steps", -1)) > 0:
        steps = int(values["max_steps"])
        drawn = steps * batch * _accumulation(values) * gpus
    shape = _shape(job)
    if shape is None:
        return Needs(samples, steps, "memory: unknown, the model is not here")
    asked: Any = {
        "stage": job.stage, "batch": batch, "cutoff_len": int(values.get("cutoff_len", 2048)),
        "lora_rank": int(values.get("lora_rank") or 16), "bf16": _half(values), "gpus": gpus,
        "deepspeed": _zero(values),
    }  # fmt: skip
    need = plan.estimate(shape, job.method, **asked).total
    time = _time(job, shape, drawn)
    if not job.gpus:
        return Needs(samples, steps, _on_cpu(need), time)
    have = min(gpu.memory for gpu in job.gpus)
    where = job.gpus[0].name if gpus == 1 else f"each of {gpus} GPUs ({job.gpus[0].name})"
    told = f"memory: about {need / 1e9:.1f} GB (an estimate) of {have / 1e9:.1f} GB on {where}"
    if need <= have:
        return Needs(samples, steps, told + (": it is tight" if need > TIGHT * have else ""), time)
    told = f"{told}: too much; {_instead(job, shape, have, asked, more)}"
    return Needs(samples, steps, told, time, fits=False)


def _shape(job: Job) -> ModelShape | None:
    """The shape of the model that is here, else of the preset."""
    try:
        shape = plan.shape_of(job.model) if (job.model / "config.json").is_file() else None
    except UserError:
        shape = None
    return presets.get(job.preset).shape if shape is None and job.preset else shape


def _batch(values: dict[str, Any]) -> int:
    return int(values.get("per_device_train_batch_size", 8))


def _accumulation(values: dict[str, Any]) -> int:
    return int(values.get("gradient_accumulation_steps", 1))


def _half(values: dict[str, Any]) -> bool:
    return bool(values.get("bf16") or values.get("fp16"))


def _zero(values: dict[str, Any]) -> plan.Zero | None:
    known: tuple[plan.Zero, ...] = ("z0", "z2", "z3")
    return next((zero for zero in known if zero in str(values.get("deepspeed", ""))), None)


def _on_cpu(need: int) -> str:
    free = machine.ram()[1]
    told = f"memory: about {need / 1e9:.1f} GB (an estimate), on the CPU"
    if free and need > free:
        told += f", which has {free / 1e9:.1f} GB free: too much, take a smaller model (csb recipes models)"
    return told


def _instead(job: Job, shape: ModelShape, have: int, asked: dict[str, Any], more: Sequence[str]) -> str:
    """What would fit, as the line to type; of several GPUs also whether dividing alone would do."""
    methods = (job.method,) if job.asked.options["--recipe"] else plan.METHODS  # a recipe decides how to train
    smaller = plan.fits(shape, job.method, have, **asked, accumulation=_accumulation(job.values), methods=methods)
    if smaller is None:
        other = (
            " with this recipe, take another one (csb recipes list) or" if job.asked.options["--recipe"] else ", take"
        )
        return f"nothing smaller fits{other} a smaller model (csb recipes models)"
    told = f"this would fit: {_line(job, smaller, asked['deepspeed'], more)}"
    divided = [zero for zero in plan.zeros(job.method, asked["gpus"], asked["deepspeed"]) if zero != asked["deepspeed"]]
    if not divided or smaller.deepspeed in divided:
        return told
    for zero in divided:
        if plan.estimate(shape, job.method, **asked | {"deepspeed": zero}).total <= have:
            return f"{told}\nwith --deepspeed {zero} the batch of {asked['batch']} would fit, too"
    return f"{told}\ndivided by --deepspeed {divided[-1]}, what you asked for would not fit either"


def _line(job: Job, choice: plan.Choice, zero: plan.Zero | None, more: Sequence[str]) -> str:
    """What was typed, with the choice in it; as many samples a step as before."""
    together = _batch(job.values) * _accumulation(job.values)
    changed = {
        "per_device_train_batch_size": choice.batch,
        "gradient_accumulation_steps": together // choice.batch,
    }
    if "eval_dataset" in job.values and int(job.values.get("per_device_eval_batch_size", 8)) > choice.batch:
        changed["per_device_eval_batch_size"] = choice.batch
    if choice.cutoff_len != int(job.values.get("cutoff_len", 2048)):
        changed["cutoff_len"] = choice.cutoff_len
    options, dropped = dict(job.asked.options), set(changed)
    if choice.method != job.method:
        options["--method"] = choice.method
        dropped |= prepare.KIND.keys()
    if choice.deepspeed != zero:
        options["--deepspeed"] = choice.deepspeed
        dropped.add("deepspeed")
    pairs = [pair for pair in job.asked.pairs if pair.partition("=")[0] not in dropped]
    pairs += [f"{key}={value}" for key, value in changed.items()]
    return Asked(job.asked.stage, options, pairs).line(*more)


def _time(job: Job, shape: ModelShape, drawn: float) -> str:
    """How long it takes to train on `drawn` samples, the evaluations not counted; "" where it is not known."""
    values, batch, gpus = job.values, _batch(job.values), len(job.gpus)
    cutoff, limit = int(values.get("cutoff_len", 2048)), int(values.get("max_samples") or 0)
    tokens = number = 0.0
    for dataset in job.prepared.datasets:
        found = [min(length, cutoff) for length in lengths.of(dataset, job.model)]
        if not found:
            return ""
        samples = min(dataset.samples, limit or dataset.samples)
        filled = job.stage == "pretrain" or bool(values.get("packing"))
        tokens += samples * (sum(found) / len(found) if filled else duration.padded(found, batch))
        number += samples
    if not number:
        return ""
    whole = round(tokens / number * drawn * plan.PASSES.get(job.stage, 1.0))
    if gpus:
        rates = duration.on_gpus(min(gpu.memory for gpu in job.gpus), gpus, _half(values))
        took = duration.span(shape, job.method, whole, rates, drawn / batch / gpus)
    else:
        took = duration.span(shape, job.method, whole, duration.on_cpu(machine.cores()))
    return f"time: about {duration.words(*took)} {ESTIMATE}"
