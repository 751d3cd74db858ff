"""How far a run is: the engine's own log as one line on a terminal, as a few lines elsewhere."""

import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from chatstylebot import progress


class Meter:
    """Shows steps, loss and time left while the engine runs; with `verbose`, every line the engine says."""

    def __init__(self, log: Path, verbose: bool) -> None:
        self._log, self._verbose = log, verbose
        self._read = log.stat().st_size if log.is_file() else 0  # a resumed run goes on with its log
        self._told = -1.0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Meter":
        if sys.stderr.isatty() and not self._verbose:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("starting the engine", total=None, told="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def heard(self, line: str) -> None:
        """A line of the engine's output came."""
        if self._verbose:
            progress.say(line)
        for step in self._steps():
            self._show(step)

    def _steps(self) -> list[dict[str, Any]]:
        if not self._log.is_file():
            return []
        with self._log.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        return [json.loads(line) for line in whole.splitlines() if line.strip()]

    def _show(self, step: dict[str, Any]) -> None:
        now, total = step.get("current_steps", 0), step.get("total_steps", 0)
        parts = [f"step {now}/{total}"]
        if "loss" in step:
            parts.append(f"loss {step['loss']:.3f}")
        if "eval_loss" in step:
            parts.append(f"dev loss {step['eval_loss']:.3f}")
        parts.append(f"{step.get('remaining_time', '?')} left")
        told = " · ".join(parts)
        if self._bar:
            self._bar.update(self._task, description="training", total=total, completed=now, told=told)
        elif not self._verbose and ("eval_loss" in step or now == total or now - self._told >= max(total / 10, 1)):
            self._told = now
            progress.say(f"training: {told}")


def losses(log: Path) -> list[float]:
    """The training losses of a run, in order."""
    if not log.is_file():
        return []
    steps = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.strip()]
    return [float(step["loss"]) for step in steps if "loss" in step]
