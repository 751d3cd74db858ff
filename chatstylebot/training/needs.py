"""What a run needs beside what this machine has."""

from typing import Any

from chatstylebot.engine import devices, machine
from chatstylebot.errors import UserError
from chatstylebot.models import presets
from chatstylebot.training import plan
from chatstylebot.training.job import Job


def of(job: Job) -> tuple[int, int, str]:
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
