"""The line of a run: a clock that ticks inside a step, the dev loss, and an end that compares tenths of the steps."""

import json
import os
import pty
import re
import sys
from pathlib import Path

import pytest

from chatstylebot.training import meter
from chatstylebot.training.meter import Meter, State

RUN = """
import sys
from pathlib import Path
from chatstylebot.training.meter import Meter
log = Path(sys.argv[1])
with Meter(log, verbose=False):
    log.write_text('{"current_steps": 1, "total_steps": 9, "loss": 4.5, "remaining_time": "1:00:00"}\\n')
    input()  # a step that lasts until the test has seen enough
"""


def _log(folder: Path, *entries: object) -> Path:
    path = folder / "trainer_log.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), "utf-8")
    return path


def _steps(*losses: float) -> list[dict[str, float]]:
    return [{"current_steps": n, "total_steps": len(losses), "loss": loss} for n, loss in enumerate(losses, 1)]


def test_the_clock_ticks_and_the_time_left_falls_inside_a_step(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"COLUMNS": "120", "TERM": "xterm"}
        os.execv(sys.executable, [sys.executable, "-c", RUN, str(tmp_path / "log.jsonl")])
    said, seen = b"", set[tuple[str, str]]()
    while len(seen) < 3:  # pytest's limit ends a clock that stands still
        said += os.read(terminal, 4096)
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode("utf-8", "ignore"))
        seen = set(re.findall(r"step 1/9 · loss 4\.500 · (\d:\d\d:\d\d) · (\d:\d\d:\d\d) left", plain))
    os.write(terminal, b"\n")
    assert os.waitpid(pid, 0)[1] == 0
    elapsed, left = zip(*sorted(seen), strict=True)
    assert len(set(elapsed)) > 1
    assert len(set(left)) > 1
    assert max(left) <= "1:00:00"


def test_the_dev_loss_stays_in_the_line_when_the_next_step_comes() -> None:
    state = State()
    for entry in (
        {"current_steps": 1, "total_steps": 20, "loss": 4.5, "remaining_time": "1 day, 2:03:04"},
        {"current_steps": 1, "total_steps": 20, "eval_loss": 4.25},
        {"current_steps": 2, "total_steps": 20, "loss": 4.0, "remaining_time": "0:00:09"},
    ):
        state = state.after(entry)
    assert state.told() == "step 2/20 · loss 4.000 · dev loss 4.250"
    assert meter.times(state, 3661.9, 4) == ["1:01:01", "0:00:05 left"]
    assert meter.times(state, 3661.9, 40) == ["1:01:01", "0:00:00 left"]


def test_no_time_is_left_before_the_first_step_and_after_the_last() -> None:
    assert meter.times(State(), 7, 7) == ["0:00:07"]
    assert meter.times(State(20, 20, 1.0, None, 0.0), 70, 1) == ["0:01:10"]
    assert State().after({"remaining_time": "?"}).left is None
    assert State().after({"remaining_time": "1 day, 2:03:04"}).left == 93784


@pytest.mark.parametrize(
    ("losses", "told"),
    [
        # the demo's: the first batch against the last said "4.607 → 4.648", as if nothing had been learnt
        (
            (4.607, 4.5, 4.7, 4.4, *[4.2] * 28, 3.6, 3.4, 3.2, 4.648),
            "loss 4.552 → 3.712 (first and last tenth of the steps)",
        ),
        ((2.0, 1.0), "loss 2.000 → 1.000 (first and last tenth of the steps)"),
        ((2.0,), "loss 2.000"),
        ((), ""),
    ],
)
def test_the_end_compares_the_first_tenth_of_the_steps_with_the_last(
    losses: tuple[float, ...], told: str, tmp_path: Path
) -> None:
    assert meter.change(_log(tmp_path, *_steps(*losses))) == told


@pytest.mark.parametrize(
    ("dev", "told"),
    [
        ((3.0,), "dev loss 3.000"),
        ((3.0, 2.0), "dev loss 3.000 → 2.000"),
        ((3.0, 2.0, 2.5), "dev loss 3.000 → 2.500, lowest 2.000 at step 2"),
    ],
)
def test_the_end_tells_the_dev_loss_and_where_it_was_lowest(dev: tuple[float, ...], told: str, tmp_path: Path) -> None:
    evaluated = [{"current_steps": n, "total_steps": len(dev), "eval_loss": loss} for n, loss in enumerate(dev, 1)]
    assert meter.change(_log(tmp_path, *_steps(5.0), *evaluated)) == f"loss 5.000, {told}"


def test_a_step_that_was_done_again_after_a_kill_counts_once_and_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    log = _log(tmp_path, *_steps(4.0, 3.0))
    with log.open("a", encoding="utf-8") as file:
        file.write('{"current_steps": 3, "tot{"current_steps": 3, "loss": 9.0}\n')
        file.write("".join(json.dumps(entry) + "\n" for entry in _steps(4.0, 1.0)[1:]))
    assert meter.change(log) == "loss 4.000 → 1.000 (first and last tenth of the steps)"
    assert meter.change(tmp_path / "nowhere.jsonl") == ""


def test_elsewhere_than_on_a_terminal_a_tenth_of_the_steps_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.jsonl"
    with Meter(log, verbose=False) as shown:
        for step in (*range(1, 31), 30):  # at its end the engine tells the last step once more
            entry = {"current_steps": step, "total_steps": 30, "loss": 1.0, "remaining_time": "0:00:30"}
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            shown.heard("{'loss': 1.0}")
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "training: step 1/30 · loss 1.000 · 0:00:30 left"
    assert said[-1] == "training: step 30/30 · loss 1.000 · 0:00:30 left"
    assert len(said) == 11


def test_with_verbose_every_line_of_the_engine_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Meter(tmp_path / "log.jsonl", verbose=True) as shown:
        shown.heard("***** Running training *****")
    assert capsys.readouterr().err == "***** Running training *****\n"
