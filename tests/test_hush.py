"""What the engine's log keeps: everything but what people wrote."""

import sys
from pathlib import Path

import pytest

from chatstylebot.engine import llamafactory
from chatstylebot.engine.hush import Hush
from chatstylebot.errors import UserError

INFO = "[INFO|configuration_utils.py:769] 2026-11-27 07:38:18,022 >> loading configuration file config.json"
OURS = "[INFO|2026-11-27 07:38:18] llamafactory.data.loader:144 >> Loading dataset chat_records.json..."
BAR = "Running tokenizer on dataset:   0%|          | 0/44 [00:00<?, ? examples/s]"
SAMPLE = """training example:
input_ids:
[1, 9690, 198]
inputs:
<|im_start|>user
where is the blue door<|im_end|>

label_ids:
[-100, -100]
labels:
I told nobody
[INFO] is what he wrote
100% | sure<|im_end|>
"""
PAIR = """eval example:
chosen_input_ids:
[1]
chosen_inputs:
blue door
chosen_label_ids:
[1]
chosen_labels:
yes
rejected_input_ids:
[1]
rejected_inputs:
blue door
rejected_label_ids:
[1]
rejected_labels:
never
"""


def heard(text: str) -> str:
    hush = Hush()
    lines = [kept for line in text.splitlines() if (kept := hush.passed(line)) is not None]
    return "\n".join([*lines, *hush.end()])


@pytest.mark.parametrize(
    "after", [INFO, OURS, BAR, "{'loss': 5.1, 'grad_norm': 1.0}", "  0%|          | 0/3 [00:00<?]"]
)
@pytest.mark.parametrize("sample", [SAMPLE, PAIR, SAMPLE + PAIR])
def test_a_printed_sample_is_left_out_and_what_stands_around_it_stays(sample: str, after: str) -> None:
    said = heard(f"{OURS}\n{sample}{after}\nmore")
    assert said.replace("(a sample is printed here, and left out)\n", "") == f"{OURS}\n{after}\nmore"


def test_a_block_that_another_process_interrupts_is_left_out_all_the_same() -> None:
    said = heard(SAMPLE.replace("label_ids:", f"{INFO}\nlabel_ids:").replace("I told", f"{BAR}\nlabels:\nI told"))
    assert "door" not in said
    assert "nobody" not in said
    assert INFO in said


def test_a_dropped_sample_is_not_quoted() -> None:
    line = "[WARNING|2026-11-27 07:38:18] llamafactory.data.processor.supervised:154 >> Dropped invalid example: "
    assert heard(f"{line}[{{'role': 'user', 'content': 'blue door'}}]\n{INFO}") == f"{line}(left out)\n{INFO}"


def test_an_engine_that_dies_while_it_prints_a_sample_still_says_why() -> None:
    said = heard(SAMPLE + "Traceback (most recent call last):\n  File x\nRuntimeError: CUDA out of memory")
    assert said.endswith("File x\nRuntimeError: CUDA out of memory")
    assert "nobody" not in said
    assert "nobody" not in heard(SAMPLE)


def test_neither_log_nor_listener_gets_the_sample_and_the_cache_is_gone(tmp_path: Path) -> None:
    program = f"""
import os, pathlib
cache = pathlib.Path(os.environ["HF_DATASETS_CACHE"])
(cache / "json").mkdir()
(cache / "json" / "x.arrow").write_text("where is the blue door")
print(oct(cache.stat().st_mode), oct((cache / "json" / "x.arrow").stat().st_mode))
print({SAMPLE + BAR!r})
raise SystemExit("RuntimeError: it broke")
"""
    heard: list[str] = []
    env = {"HF_DATASETS_CACHE": str(tmp_path / ".csb" / "cache")}
    call = llamafactory.Call((sys.executable, "-c", program), env, tmp_path)
    with pytest.raises(UserError, match="it broke"):
        llamafactory.run(call, tmp_path / "engine.log", heard.append)
    kept = (tmp_path / "engine.log").read_text()
    assert "0o40700 0o100600" in kept or sys.platform == "win32"
    for told in (kept, "\n".join(heard)):
        assert BAR in told
        assert "door" not in told
    assert not list((tmp_path / ".csb").iterdir())


def test_a_log_that_somebody_pasted_into_the_talk_is_talk() -> None:
    pasted = "{'loss': '1.0', 'grad_norm': 'nan'}"
    sample = SAMPLE.replace("I told nobody", f"{INFO} the blue door\nI told nobody\n{pasted}")
    hush = Hush(lambda piece: piece in sample)
    later = INFO.replace("07:38:18", "07:39:00")
    lines = [kept for line in f"{sample}{later}".splitlines() if (kept := hush.passed(line)) is not None]
    assert lines == ["(a sample is printed here, and left out)", later]


@pytest.mark.parametrize("what", ["Invalid message count in ", "Invalid role tag in "])
def test_a_sample_that_the_engine_refuses_is_not_quoted(what: str) -> None:
    line = f"[WARNING|2026-11-27 07:38:18] llamafactory.data.converter:149 >> {what}"
    assert heard(f"{line}[{{'from': 'human', 'value': 'blue door'}}].\n{INFO}") == f"{line}(left out)\n{INFO}"
