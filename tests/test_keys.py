"""key=value words: typed, checked, and all faults named at once, without the engine."""

import subprocess
import sys
from pathlib import Path

import pytest

from chatstylebot.engine import keys
from chatstylebot.errors import UserError

SCRIPT = Path(__file__).parent.parent / "scripts" / "engine_keys.py"


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("learning_rate=1e-4", 1e-4),
        ("learning_rate=2", 2),
        ("learning_rate=.5", 0.5),
        ("warmup_steps=0.05", 0.05),
        ("max_steps=1e3", 1000),
        ("bf16=false", False),
        ("bf16=true", True),
        ("dataset=a,b", "a,b"),
        ("dataset=2024", "2024"),
        ("eval_strategy=no", "no"),
        ("report_to=none", "none"),
        ("eval_dataset=", None),
        ("quantization_bit=null", None),
        ("output_dir=saves/a=b", "saves/a=b"),
        ("default_system=你是{x}: 好", "你是{x}: 好"),
        ('lr_scheduler_kwargs={"min_lr": 0.1}', {"min_lr": 0.1}),
    ],
)
def test_a_value_gets_the_type_of_its_key(pair: str, value: object) -> None:
    found = keys.parse([pair])[pair.partition("=")[0]]
    assert found == value
    assert type(found) is type(value)


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown key lerning_rate \(did you mean learning_rate\?\)"):
        keys.parse(["lerning_rate=1e-4"])


def test_all_faults_are_named_together() -> None:
    with pytest.raises(UserError) as raised:
        keys.parse(["lora_rnk=8", "learning_rate=fast", "stage=sfd", "bf16=1", "cutoff_len=1.5"])
    problem = raised.value.problem
    assert "lora_rnk (did you mean lora_rank?)" in problem
    assert "learning_rate must be a number, not 'fast'" in problem
    assert "stage must be one of pt, sft, rm, ppo, dpo, kto" in problem
    assert "bf16 must be true or false, not 1" in problem
    assert "cutoff_len must be a whole number, not 1.5" in problem


def test_words_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(UserError, match="not key=value: fast, --x=1"):
        keys.parse(["fast", "--x=1", "seed=1"])


def test_a_setting_without_effect_is_refused_REC_8() -> None:
    with pytest.raises(UserError, match="max_length would have no effect"):
        keys.parse(["max_length=50"], "infer")


def test_a_key_of_training_is_unknown_when_talking() -> None:
    assert keys.parse(["learning_rate=1e-4"], "train")
    with pytest.raises(UserError, match="unknown key learning_rate"):
        keys.parse(["learning_rate=1e-4"], "infer")


def test_a_recipe_is_checked_by_name() -> None:
    with pytest.raises(UserError) as raised:
        keys.check({"stage": "sft", "eval_strategy": False}, source="mine.yaml")
    assert raised.value.problem.startswith("mine.yaml: eval_strategy must be text, not False")
    assert "edit mine.yaml" in raised.value.remedy


ZERO = (
    "per_device_train_batch_size=0", "gradient_accumulation_steps=0", "num_train_epochs=0", "num_train_epochs=-1",
    "cutoff_len=0", "max_samples=0", "lora_rank=0", "learning_rate=0", "logging_steps=0", "eval_steps=0",
)  # fmt: skip


@pytest.mark.parametrize("pair", ZERO)
def test_a_zero_that_leaves_nothing_to_do_is_refused(pair: str) -> None:
    with pytest.raises(UserError, match=f"{pair.partition('=')[0]} must be above 0, not "):
        keys.parse([pair])


@pytest.mark.parametrize("pair", ["num_train_epochs=.inf", "num_train_epochs=1e999", "learning_rate=.nan"])
def test_a_number_without_a_value_is_refused(pair: str) -> None:
    with pytest.raises(UserError, match="must be a number, not"):
        keys.parse([pair])


@pytest.mark.engine
def test_the_keys_are_those_of_the_installed_engine() -> None:
    command = [sys.executable, str(SCRIPT), "--print"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout[done.stdout.index("{") :] == keys.SOURCE.read_text("utf-8"), "run python scripts/engine_keys.py"
