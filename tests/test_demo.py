"""The demo as a user meets it, with the real engine and a tiny model in SmolLM2's place."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from screen import Screen

from chatstylebot.commands import demo

HERE = Path(__file__).parent


def test_a_held_out_row_becomes_alternating_turns_that_end_with_the_question() -> None:
    row = {"history": [["", "hey"], ["hi", "yo"]], "incoming": "up?", "system": "s"}
    assert [(m["role"], m["content"]) for m in demo.messages(row)] == [
        ("user", ""), ("assistant", "hey"), ("user", "hi"), ("assistant", "yo"), ("user", "up?"),
    ]  # fmt: skip


@pytest.mark.parametrize(("steps", "said"), [(36, False), (5, True)])
def test_an_earlier_adapter_of_another_length_is_said_to_be_used_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], steps: int, said: bool
) -> None:
    (tmp_path / "recipe.yaml").write_text("max_steps: 36\n", "utf-8")
    demo._used_again(tmp_path, steps)
    story = capsys.readouterr().err
    assert ("the adapter of 36 steps is used again" in story) is said
    assert (f"remove {tmp_path} and run csb demo --steps {steps}" in story) is said


@pytest.mark.engine
def test_the_demo_runs_the_whole_loop_in_a_folder_of_its_own_and_a_second_run_uses_it_again(tmp_path: Path) -> None:
    folder = tmp_path / "csb-demo"
    model = folder / "models" / "SmolLM2-135M-Instruct"
    subprocess.run([sys.executable, HERE / "tiny_model.py", model], check=True, capture_output=True)
    line = [sys.executable, "-m", "chatstylebot", "demo", "--steps", "1"]
    env = os.environ | {"PYTHONUTF8": "1"}
    first = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8")
    assert first.returncode == 0, first.stdout + first.stderr
    for part in ("a friend wrote", "the base model", "Mia's clone", "what Mia wrote", "\n  cd csb-demo\n  csb chat  "):
        assert part in first.stdout
    for command in (
        "$ csb preprocess --no-groups ",
        "$ csb download smollm2",
        "$ csb train dataset=chat_records max_steps=1",
    ):
        assert command in first.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["csb-demo"]
    adapter = folder / "saves/smollm2/lora/sft/adapter_model.safetensors"
    before = adapter.stat().st_mtime_ns
    line[-1] = "2"
    second = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "$ csb train" not in second.stderr
    assert f"the adapter of 1 steps is used again, and not trained for 2; to start over, remove {adapter.parent}" in (
        second.stderr
    )
    assert "csb preprocess" not in second.stderr
    assert adapter.stat().st_mtime_ns == before
    # the same seed, the same answers
    assert second.stdout.partition("┏")[2] == first.stdout.partition("┏")[2] != ""


def test_the_lines_at_the_end_work_from_where_the_user_stands() -> None:
    lines = [line.partition("#")[0].strip() for line in demo._next(Path("my demo"), ". .venv/bin/activate")]
    assert lines == [". .venv/bin/activate", "cd 'my demo'", "csb chat", "csb chat --base", ""]
    assert demo._next(Path("csb-demo"), "")[0] == "cd csb-demo"


@pytest.mark.engine
@pytest.mark.parametrize(("env", "said"), [({}, True), ({demo.ACTIVATE: ". .venv/bin/activate"}, False)])
def test_an_interrupted_demo_names_the_line_that_goes_on(tmp_path: Path, env: dict[str, str], said: bool) -> None:
    subprocess.run(
        [sys.executable, HERE / "tiny_model.py", tmp_path / "d" / "models" / "SmolLM2-135M-Instruct"],
        check=True, capture_output=True,
    )  # fmt: skip
    screen = Screen(tmp_path, "demo", "--folder", "d", **env)
    screen.wait("$ csb train")
    os.killpg(screen.process.pid, signal.SIGINT)  # as a terminal does it: to the demo and its children
    assert screen.end() == 130
    assert ("interrupted: csb demo --folder d goes on from there" in screen.text) is said  # else the script says it
