"""The GPUs that training may use: those of the machine, less those that CUDA_VISIBLE_DEVICES hides."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chatstylebot.engine import machine
from chatstylebot.errors import UserError

AMPERE = 8.0  # compute capability from which bf16 is fast; older cards train in fp16
SMALLEST = 4  # GB: no card below that trains anything
CAPABILITY = ("nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader")


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU for training; `memory` in bytes."""

    name: str
    memory: int
    bf16: bool


def visible(run: machine.Run = machine.run, environ: Mapping[str, str] = os.environ) -> list[Device]:
    """The GPUs that the engine will see, in its order; a driver too old to tell a capability counts as Ampere."""
    found = machine.gpus(run)
    if not found:
        return []
    code, out, _ = run(CAPABILITY)
    told = [_number(line) for line in out.splitlines() if line.strip()] if code == 0 else []
    sees = [*told, *[AMPERE] * len(found)][: len(found)]
    devices = [Device(gpu.name, gpu.total << 20, cap >= AMPERE) for gpu, cap in zip(found, sees, strict=True)]
    wanted = environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return devices
    chosen = [word.strip() for word in wanted.split(",")]
    if not all(word.isdigit() for word in chosen if word not in ("", "-1")):
        return devices[: len(chosen)]  # UUIDs: as many as are named
    return [devices[int(word)] for word in chosen if word.isdigit() and int(word) < len(devices)]


def elsewhere(text: str) -> list[Device]:
    """The GPUs that `24`, `24GB` or `24x2` stands for: 10⁹ bytes a GB, and bf16. Raises UserError."""
    found = re.fullmatch(r"([0-9]{1,5}(?:\.[0-9]+)?) *(?:gb?)?(?: *[x×] *([0-9]{1,4}))?", text.strip().lower())
    size, number = (float(found[1]), int(found[2] or 1)) if found else (0, 0)
    if not size or not number:
        raise UserError(
            f"--gpu {text} is no GPU", "--gpu GB, its memory, such as --gpu 24; of two such GPUs --gpu 24x2"
        )
    if size < SMALLEST < number:
        raise UserError(
            f"--gpu {text} is {number} GPUs of {size:g} GB each", f"of {size:g} such GPUs: --gpu {number}x{size:g}"
        )
    return [Device(f"a GPU of {size:g} GB elsewhere", round(size * 1e9), bf16=True)] * number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return AMPERE
