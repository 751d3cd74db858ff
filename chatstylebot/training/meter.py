"""How far a run is: the engine's own log as one living line on a terminal, as a few lines elsewhere."""

import contextlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import Any, Self

from chatstylebot import progress

Entry = dict[str, Any]  # one line of the engine's trainer_log.jsonl
GLANCE = 0.25  # seconds between two looks into the engine's log


@dataclass(frozen=True, slots=True)
class State:
    """What the engine's log has told so far: steps, the last losses, and the seconds that were left."""

    step: int = 0
    total: int = 0
    loss: float | None = None
    dev: float | None = None
    left: float | None = None

    def after(self, entry: Entry) -> "State":
        """The state once the log has one more line."""
        return replace(
            self,
            step=entry.get("current_steps", self.step),
            total=entry.get("total_steps", self.total),
            loss=entry.get("loss", self.loss),
            dev=entry.get("eval_loss", self.dev),
            left=_seconds(entry.get("remaining_time")),
        )

    def told(self) -> str:
        """Steps and losses, as a person reads them."""
        parts = [f"step {self.step}/{self.total}"] if self.total else []
        parts += [f"loss {self.loss:.3f}"] if self.loss is not None else []
        parts += [f"dev loss {self.dev:.3f}"] if self.dev is not None else []
        return " · ".join(parts)


def _seconds(text: object) -> float | None:
    """The engine's `0:01:02` or `1 day, 0:01:02` as seconds, None for what is neither."""
    found = re.fullmatch(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)", str(text))
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60.0 + seconds


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds."""
    whole = max(int(seconds), 0)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


class Meter:
    """Shows steps, losses and time while the engine runs; with `verbose`, every line the engine says."""

    def __init__(self, log: Path, verbose: bool) -> None:
        self._log, self._verbose = log, verbose
        self._read = log.stat().st_size if log.is_file() else 0  # a resumed run goes on with its log
        self._state = State()
        self._line: _Line | None = None
        self._told = float("-inf")

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self._verbose:
            self._line = _Line(self._new)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line:
            self._line.stop()

    def heard(self, line: str) -> None:
        """A line of the engine's output came."""
        if self._verbose:
            progress.say(line)
        elif self._line is None:
            for entry in self._new():
                self._say(entry)

    def _new(self) -> list[Entry]:
        """What is new in the engine's log."""
        if not self._log.is_file():
            return []
        with self._log.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        return _entries(whole)

    def _say(self, entry: Entry) -> None:
        self._state = now = self._state.after(entry)
        new = now.step != self._told
        if "eval_loss" in entry or (new and (now.step == now.total or now.step - self._told >= max(now.total / 10, 1))):
            self._told = now.step
            progress.say(f"training: {now.told()} · {entry.get('remaining_time', '?')} left")


class _Line:
    """A line on the terminal with a clock that ticks also while a step takes a minute."""

    def __init__(self, entries: Callable[[], list[Entry]]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._entries = entries
        self._begin = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[told]}"))
        # nothing is drawn but by the thread below, which alone reads the log
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
        self._task = self._bar.add_task("starting the engine", total=None, told=clock(0))
        self._over = threading.Event()
        self._bar.start()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._bar.stop()

    def _watch(self) -> None:
        state, since = State(), self._begin
        while not self._over.wait(GLANCE):
            now = time.monotonic()
            for entry in self._entries():
                state, since = state.after(entry), now
            told = " · ".join(filter(None, (state.told(), *times(state, now - self._begin, now - since))))
            if state.total:
                what = "training" if state.step < state.total else "finishing"  # the last evaluation, and saving
                self._bar.update(self._task, description=what, total=state.total, completed=state.step)
            self._bar.update(self._task, told=told, refresh=True)


def times(state: State, elapsed: float, since: float) -> list[str]:
    """The time that is gone and, between the first step and the last, what is left; `since`: the log's last line."""
    left = None if state.left is None or state.step >= state.total else state.left - since
    return [clock(elapsed), *([f"{clock(left)} left"] if left is not None else [])]


def _entries(data: bytes) -> list[Entry]:
    """The lines of the engine's log; a torn one, left by a kill, is passed over."""
    found = []
    for line in data.splitlines():
        with contextlib.suppress(ValueError):
            if isinstance(entry := json.loads(line), dict):
                found.append(entry)
    return found


def change(log: Path) -> str:
    """How the losses of a run went, "" where there are none.

    One step says little: what is told of training is the mean of the first and of the last tenth of the steps. Each
    evaluation saw the whole dev set, so the first and the last are told, and the lowest where that is another one.
    """
    entries = _entries(log.read_bytes()) if log.is_file() else []
    # by step: a resumed run logs again what came after its checkpoint
    steps = {entry["current_steps"]: float(entry["loss"]) for entry in entries if "loss" in entry}
    dev = {entry["current_steps"]: float(entry["eval_loss"]) for entry in entries if "eval_loss" in entry}
    return ", ".join(filter(None, (_training([steps[n] for n in sorted(steps)]), _dev(dev))))


def tenth(steps: int) -> int:
    """How many steps a tenth of them is, one at least."""
    return max(ceil(steps / 10), 1)


def _training(losses: Sequence[float]) -> str:
    if len(losses) < 2:
        return f"loss {losses[0]:.3f}" if losses else ""
    part = tenth(len(losses))
    return f"loss {fmean(losses[:part]):.3f} → {fmean(losses[-part:]):.3f} (first and last tenth of the steps)"


def _dev(dev: Mapping[int, float]) -> str:
    if not dev:
        return ""
    first, last = dev[min(dev)], dev[max(dev)]
    best = min(dev, key=lambda step: dev[step])
    told = f"dev loss {first:.3f} → {last:.3f}" if len(dev) > 1 else f"dev loss {last:.3f}"
    return told + (f", lowest {dev[best]:.3f} at step {best}" if dev[best] < min(first, last) else "")
