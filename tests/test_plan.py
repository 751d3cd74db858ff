"""The memory estimate, the step count, and what fits."""

import json
from pathlib import Path

import pytest

from chatstylebot.errors import UserError
from chatstylebot.models import presets
from chatstylebot.models.shape import from_config
from chatstylebot.training import plan
from chatstylebot.training.plan import estimate, fits, steps

LLAMA = presets.get("llama3").shape
GB = 10**9


def test_a_lora_adapter_on_all_linears_is_counted_exactly() -> None:
    # peft itself counts 41,943,040 for rank 16 on Meta-Llama-3-8B
    assert LLAMA.adapter_params(16) == 41_943_040


def test_lora_keeps_a_16_bit_base_and_trains_in_fp32_with_adamw() -> None:
    memory = estimate(LLAMA, "lora")
    assert memory.weights == 2 * 8_030_261_248
    assert memory.adapter + memory.gradients + memory.optimizer == 16 * 41_943_040
    assert memory.reference == 0
    assert 18 * GB < memory.total < 24 * GB  # people train this on 24 GB


def test_qlora_quantises_the_linears_only() -> None:
    memory = estimate(LLAMA, "qlora")
    linears, rest = LLAMA.linear_params, LLAMA.params - LLAMA.linear_params
    assert memory.weights == pytest.approx(linears * 0.5159 + rest * 2, rel=1e-4)
    assert memory.total < 12 * GB


def test_full_training_costs_18_bytes_a_weight_in_bf16_and_16_without() -> None:
    mixed, plain = estimate(LLAMA, "full"), estimate(LLAMA, "full", bf16=False)
    assert mixed.weights + mixed.gradients + mixed.optimizer == 18 * LLAMA.params
    assert plain.weights + plain.gradients + plain.optimizer == 16 * LLAMA.params


def test_zero_divides_by_the_gpus() -> None:
    alone = estimate(LLAMA, "full", gpus=4, deepspeed="z0")
    two = estimate(LLAMA, "full", gpus=4, deepspeed="z2")
    three = estimate(LLAMA, "full", gpus=4, deepspeed="z3")
    assert alone.total == estimate(LLAMA, "full").total
    assert two.weights == 2 * LLAMA.params
    assert two.gradients + two.optimizer == 14 * LLAMA.params // 4
    assert three.weights + three.gradients + three.optimizer == 16 * LLAMA.params // 4
    assert alone.total > two.total > three.total


def test_dpo_and_kto_load_the_base_a_second_time() -> None:
    for stage in ("dpo", "kto"):
        assert estimate(LLAMA, "lora", stage).reference == 2 * LLAMA.params
    assert estimate(LLAMA, "qlora", "dpo").reference < LLAMA.params


def test_logits_of_a_large_vocabulary_count() -> None:
    assert estimate(LLAMA, "lora", batch=2, cutoff_len=1024).logits == 2 * 1024 * 128_256 * 10
    assert estimate(LLAMA, "lora", "dpo").logits > 2 * estimate(LLAMA, "lora").logits


def test_without_checkpointing_every_layer_is_kept() -> None:
    kept = estimate(LLAMA, "lora", gradient_checkpointing=False).activations
    assert kept > 10 * estimate(LLAMA, "lora").activations


def test_more_work_never_needs_less() -> None:
    totals = [
        estimate(LLAMA, "lora", batch=b, cutoff_len=c).total for b, c in ((1, 512), (1, 1024), (2, 1024), (2, 2048))
    ]
    assert totals == sorted(totals)
    assert estimate(LLAMA, "lora", lora_rank=64).total > estimate(LLAMA, "lora", lora_rank=8).total


def test_a_smaller_batch_comes_before_a_smaller_method() -> None:
    choice = fits(LLAMA, "lora", 22 * GB, batch=8)
    assert choice is not None
    assert (choice.method, choice.batch, choice.cutoff_len) == ("lora", 1, 1024)


def test_a_smaller_batch_keeps_the_samples_of_a_step() -> None:
    choice = fits(LLAMA, "lora", 23 * GB, batch=6, accumulation=3)
    assert choice is not None
    assert choice.batch < 6
    assert 18 % choice.batch == 0


def test_kto_keeps_two_samples_side_by_side() -> None:
    choice = fits(LLAMA, "qlora", 16 * GB, "kto", batch=8)
    assert choice is not None
    assert choice.batch >= 2


def test_several_gpus_divide_before_the_method_gets_smaller_and_4_bit_is_not_divided() -> None:
    choice = fits(LLAMA, "lora", 17 * GB, batch=2, gpus=2)
    assert choice is not None
    assert (choice.method, choice.deepspeed, choice.batch) == ("lora", "z3", 2)
    smaller = fits(LLAMA, "lora", 9 * GB, gpus=2, deepspeed="z3")
    assert smaller is not None
    assert (smaller.method, smaller.deepspeed) == ("qlora", None)
    only = fits(LLAMA, "lora", 9 * GB, gpus=2, methods=("lora",))
    assert only is None


@pytest.mark.parametrize(
    ("available", "method", "cutoff"), [(200, "full", 1024), (24, "lora", 1024), (12, "qlora", 1024), (9, "qlora", 512)]
)
def test_the_next_smaller_way_that_fits_is_proposed(available: int, method: str, cutoff: int) -> None:
    choice = fits(LLAMA, "full", available * GB)
    assert choice is not None
    assert (choice.method, choice.cutoff_len) == (method, cutoff)
    assert choice.memory.total <= available * GB


def test_nothing_fits_into_a_tiny_card() -> None:
    assert fits(LLAMA, "full", 4 * GB) is None


@pytest.mark.parametrize(
    ("samples", "batch", "accumulation", "gpus", "epochs", "expected"),
    [
        (1000, 2, 8, 1, 3, 189),  # 500 batches, 63 steps an epoch
        (1, 8, 4, 1, 1, 1),
        (10, 2, 8, 1, 3, 3),  # an epoch is at least one step
        (1000, 1, 4, 2, 3, 375),
        (101, 2, 1, 2, 1, 26),  # 51 batches, dealt to 2 GPUs: 26 each
        (100, 4, 1, 1, 0.5, 13),
        (0, 2, 8, 1, 3, 0),
    ],
)
def test_steps_are_counted_as_transformers_counts_them(
    samples: int, batch: int, accumulation: int, gpus: int, epochs: float, expected: int
) -> None:
    assert steps(samples, batch, accumulation, gpus, epochs) == expected


def test_the_shape_is_read_from_a_model_folder(tmp_path: Path) -> None:
    config = {
        "model_type": "qwen3",
        "num_hidden_layers": 36,
        "hidden_size": 2560,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "intermediate_size": 9728,
        "vocab_size": 151936,
        "tie_word_embeddings": True,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    assert plan.shape_of(tmp_path) == presets.get("qwen3").shape


def test_old_names_of_the_glm_config_are_understood() -> None:
    config = {
        "model_type": "glm",
        "num_layers": 40,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "multi_query_group_num": 2,
        "kv_channels": 128,
        "ffn_hidden_size": 13696,
        "padded_vocab_size": 151552,
    }
    assert from_config(config).params == presets.get("glm4").params


def test_a_missing_model_and_a_poor_config_are_user_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no model"):
        plan.shape_of(tmp_path)
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(UserError, match="does not say num_attention_heads"):
        plan.shape_of(tmp_path)
