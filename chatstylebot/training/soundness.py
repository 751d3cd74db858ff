"""Whether a run has learnt anything: its losses while it runs, its weights at the end."""

import json
import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatstylebot.errors import UserError
from chatstylebot.training import meter

PATIENCE = 10  # steps in a row whose gradient is no number; float16 skips a few of them while it finds its scale
WEIGHTS = ("adapter_model*.safetensors", "model*.safetensors")
CHUNK = 1 << 24  # bytes of a tensor that are looked at together
# the bits of an exponent: where all of them are set, the number is NaN or infinite
EXPONENTS = {"F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80), "F32": ("<u4", 0x7F800000), "F64": ("<u8", 0x7FF << 52)}
AGAIN = "the same line with --again starts over"
SMALLER = f"a smaller learning_rate, learning_rate=1e-4; {AGAIN}"


class Unsound(UserError):
    """A run that came to nothing."""


BROKEN = ("the run is broken: its gradients are no numbers any more", SMALLER)


class Watch:
    """Hears what the engine says of each step; raises Unsound as soon as a run cannot come to anything."""

    def __init__(self) -> None:
        self._row = 0

    def heard(self, line: str) -> None:
        """A line of the engine's output. Raises Unsound."""
        if (found := re.search(r"'grad_norm': '?([^',}]+)", line)) is None:
            return
        self._row = 0 if math.isfinite(_number(found[1])) else self._row + 1
        if self._row >= PATIENCE:
            raise Unsound(*BROKEN)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def check(output: Path) -> None:
    """Raise Unsound unless the losses of a finished run and all its weights are sound."""
    state = _state(output / "trainer_state.json")
    losses = [entry for entry in state.get("log_history", []) if "loss" in entry]
    if losses and all(entry["loss"] == 0 for entry in losses):
        why = "the loss was 0 in every step: no sample had a token to learn left"
        raise Unsound(f"nothing was learnt: {why}", f"a longer cutoff_len; {AGAIN}")
    last = losses[-meter.tenth(len(losses)) :] if losses else []
    if any(not math.isfinite(entry["loss"]) for entry in last) or (last and all(_dead(entry) for entry in last)):
        raise Unsound(*BROKEN)
    for path in sorted({path for pattern in WEIGHTS for path in output.glob(pattern)}):
        try:
            name = unsound(path)
        except (ValueError, KeyError, TypeError, struct.error):
            raise Unsound(f"the run is broken: {path} is no whole safetensors file", AGAIN) from None
        if name:
            raise Unsound(f"the run is broken: {name} in {path} holds what is no number", SMALLER)


def _dead(entry: dict[str, Any]) -> bool:
    """A step that moved nothing: where a loss is no number, the engine writes 0."""
    norm = entry.get("grad_norm")
    return entry["loss"] == 0 and (norm is None or norm == 0 or not math.isfinite(float(norm)))


def _state(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def unsound(path: Path) -> str | None:
    """The first tensor of a safetensors file with a NaN or an infinity in it, None where all are numbers."""
    import numpy

    for name, kind, data in _tensors(path):
        width, bits = EXPONENTS[kind]
        for begin in range(0, len(data), CHUNK):
            numbers = numpy.frombuffer(data[begin : begin + CHUNK], width)
            if (numbers & bits == bits).any():
                return name
    return None


def _tensors(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Name, kind and bytes of each tensor of floats. The format: https://github.com/huggingface/safetensors#format"""
    import numpy

    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        head = json.loads(file.read(length))
    data = numpy.memmap(path, "u1", "r")
    for name, told in head.items():
        if name != "__metadata__" and told["dtype"] in EXPONENTS:
            begin, end = told["data_offsets"]
            yield name, told["dtype"], data[8 + length + begin : 8 + length + end].data
