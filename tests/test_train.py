"""`csb train` before the engine starts: which recipe, fitted to what is here, what it needs, what is refused."""

import json
import os
import stat
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Csb
from make import export, talk

from chatstylebot.training import provenance

SMOL = "models/SmolLM2-135M-Instruct"


def model(folder: Path) -> None:
    """A folder that looks like a whole model."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(
        json.dumps(
            {
                "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
                "num_key_value_heads": 3, "vocab_size": 49152, "tie_word_embeddings": True, "model_type": "llama",
            }
        ),
        "utf-8",
    )  # fmt: skip
    (folder / "tokenizer.json").write_text("{}", "utf-8")
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 4)


def adapter(folder: Path, base: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}", "utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"")
    provenance.write(folder, state="finished", base=str(base), base_fingerprint=provenance.fingerprint(base))


def gpu(
    place: Path, name: str = "NVIDIA GeForce RTX 4090", memory: int = 24564, capability: str = "8.9"
) -> dict[str, str]:
    """A fake nvidia-smi on PATH."""
    folder = place / "bin"
    folder.mkdir(exist_ok=True)
    script = folder / "nvidia-smi"
    script.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"print({capability!r} if 'compute_cap' in ' '.join(sys.argv) else {f'{name}, {memory}, {memory}, 570.1'!r})\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": "0"}


@pytest.fixture
def workspace(csb: Csb, place: Path) -> Path:
    """Chats, samples and something that looks like SmolLM2."""
    model(place / SMOL)
    csb("init", ".", "--name", "Mia", "--language", "en", "--model", "smollm2")
    lines = [f"{who}: {who} says {n}" for n in range(50) for who in ("A", "me")]
    csb("preprocess", export(place / "m.csv", talk(*lines)))
    return place


def dry(csb: Csb, *argv: str, **env: str) -> tuple[dict[str, Any], str, str]:
    """Recipe, the lines after it, and the story."""
    done = csb("train", *argv, "--dry-run", **env)
    text, _, rest = done.stdout.partition("\n---\n")
    return yaml.safe_load(text), rest, done.stderr


def test_the_card_s_model_is_trained_on_what_is_there(csb: Csb, workspace: Path) -> None:
    values, rest, story = dry(csb)
    assert values["dataset"] == "chat_records"
    assert values["eval_dataset"] == "chat_records_dev"
    assert values["default_system"] == "You are Mia, texting with a friend. Reply the way you always text."
    assert "without identity samples" in story
    assert "40 samples (40 chat_records), 9 steps" in rest
    assert "an estimate), on the CPU" in rest
    assert f"train {workspace}/saves/smollm2/lora/sft/recipe.yaml" in rest


def test_identity_samples_come_in_once_they_are_made_and_one_override_leaves_them_out(
    csb: Csb, workspace: Path
) -> None:
    csb("id-tag", "--name", "Mia", "--author", "Lee")
    values, rest, story = dry(csb)
    assert values["dataset"] == "chat_records,identity"
    assert "24 identity" in rest
    assert "identity samples are 38% of the data" in story
    assert dry(csb, "dataset=chat_records")[0]["dataset"] == "chat_records"


def test_without_dev_samples_there_is_no_evaluation(csb: Csb, workspace: Path) -> None:
    (workspace / "data/chat_records_dev.json").unlink()
    values, _, story = dry(csb)
    assert not {"eval_dataset", "eval_strategy", "load_best_model_at_end", "early_stopping_steps"} & set(values)
    assert values["save_strategy"] == "epoch"
    assert "no dev samples" in story


def test_overrides_are_typed_and_win(csb: Csb, workspace: Path) -> None:
    values, _, _ = dry(csb, "learning_rate=1e-4", "num_train_epochs=1", "packing=true", "lora_rank=4")
    assert (values["learning_rate"], values["num_train_epochs"], values["packing"], values["lora_rank"]) == (
        1e-4,
        1,
        True,
        4,
    )


def test_unknown_and_idle_keys_are_refused_in_a_moment_with_the_nearest_known_one(csb: Csb, workspace: Path) -> None:
    stderr = csb("train", "learning_rat=1", "max_length=50", code=1).stderr
    assert "unknown key learning_rat (did you mean learning_rate?)" in stderr
    assert "max_length would have no effect" in stderr
    assert "learning_rate must be a number" in csb("train", "learning_rate=fast", code=1).stderr


def test_preferences_go_on_from_the_sft_adapter_and_measure_against_it_REC_4(csb: Csb, workspace: Path) -> None:
    adapter(workspace / "saves/smollm2/lora/sft", workspace / SMOL)
    for stage, data in (("dpo", "dpo_zh_demo"), ("kto", "kto_en_demo")):
        values, rest, story = dry(csb, stage, f"dataset={data}")
        assert values["adapter_name_or_path"] == values["ref_model_adapters"] == "saves/smollm2/lora/sft"
        assert values["ref_model"] == values["model_name_or_path"] == SMOL
        assert values["output_dir"] == f"saves/smollm2/lora/{stage}"
        assert "would not start" not in story
        assert f"{data})" in rest
    moved, _, _ = dry(csb, "dpo", "dataset=dpo_zh_demo", "adapter_name_or_path=saves/other")
    assert moved["ref_model_adapters"] == "saves/other"


def test_what_is_missing_is_said_with_the_command_that_makes_it(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "qwen3")
    done = csb("train", code=1, CUDA_VISIBLE_DEVICES="")
    assert "the base model is not in" in done.stderr
    assert "csb download qwen3; without a GPU: --model smollm2" in done.stderr
    story = dry(csb, CUDA_VISIBLE_DEVICES="")[2]
    assert "csb preprocess EXPORT" in story
    assert "csb train sft first" in dry(csb, "dpo")[2]
    assert not (place / "saves").exists()


def test_an_adapter_of_another_base_is_refused_REC_6(csb: Csb, workspace: Path) -> None:
    model(workspace / "models/other")
    (workspace / "models/other/config.json").write_text('{"hidden_size": 1}', "utf-8")
    adapter(workspace / "saves/smollm2/lora/sft", workspace / "models/other")
    assert "was trained on" in csb("train", "dpo", "dataset=dpo_zh_demo", code=1).stderr


def test_a_recipe_file_or_a_shipped_name_can_be_trained(csb: Csb, workspace: Path) -> None:
    values, _, _ = dry(csb, "--recipe", "config/train/smollm2_lora_pretrain.yaml")
    assert (values["stage"], values["dataset"]) == ("pt", "pretrain_demo")
    mine = workspace / "mine.yaml"
    mine.write_text(Path("config/train/smollm2_lora_sft.yaml").read_text("utf-8") + "\nlora_rnk: 4\n", "utf-8")
    assert (
        "mine.yaml: unknown key lora_rnk (did you mean lora_rank?)"
        in csb("train", "--recipe", "mine.yaml", code=1).stderr
    )
    assert "did you mean" in csb("train", "--recipe", "smollm2_lora_stf", code=1).stderr


def test_a_gpu_gets_bf16_an_old_one_fp16_and_a_cpu_neither(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "llama3")
    model(place / "models/Meta-Llama-3-8B-Instruct")
    (place / "models/Meta-Llama-3-8B-Instruct/config.json").write_text("{}", "utf-8")
    words = ("dataset=example", "eval_dataset=example")
    assert dry(csb, *words, **gpu(place))[0]["bf16"] is True
    old = dry(csb, *words, **gpu(place, "Tesla V100", 32768, "7.0"))[0]
    assert ("bf16" in old, old["fp16"]) == (False, True)
    on_cpu = dry(csb, *words, CUDA_VISIBLE_DEVICES="")[0]
    assert not {"bf16", "fp16"} & set(on_cpu)


def test_memory_is_estimated_against_the_gpu_and_a_smaller_way_is_named_TRN_11(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "llama3")
    words = ("--model", "llama3", "dataset=example", "eval_dataset=example")
    assert "of 25.8 GB on NVIDIA GeForce RTX 4090" in dry(csb, *words, **gpu(place))[1]
    small = dry(csb, *words, **gpu(place, "RTX 3060", 12288, "8.6"))[1]
    assert "too much; this would fit: --method qlora" in small
    assert "nothing smaller fits" in dry(csb, *words, **gpu(place, "GT 1030", 2048, "6.1"))[1]


def test_qlora_needs_a_gpu_and_several_gpus_get_deepspeed(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "llama3")
    assert "needs an NVIDIA GPU" in dry(csb, "--method", "qlora", CUDA_VISIBLE_DEVICES="")[2]
    values, rest, _ = dry(csb, "--deepspeed", "z3", **gpu(place))
    assert values["deepspeed"] == "config/deepspeed/ds_z3_config.json"
    assert Path(values["deepspeed"]).is_file()
    assert "FORCE_TORCHRUN=1" in rest
    many = dry(csb, "--nnodes", "2", "--node-rank", "1", "--master-addr", "10.0.0.1", **gpu(place))[1]
    assert "NNODES=2 NODE_RANK=1 MASTER_ADDR=10.0.0.1 MASTER_PORT=29500" in many.replace("FORCE_TORCHRUN=1 ", "") or (
        "MASTER_ADDR=10.0.0.1 MASTER_PORT=29500 NNODES=2 NODE_RANK=1" in many
    )


def test_wrong_words_are_wrong_usage(csb: Csb, workspace: Path) -> None:
    assert "did you mean sft?" in csb("train", "sfd", code=2).stderr
    assert "one stage at a time" in csb("train", "sft", "dpo", code=2).stderr
    assert "'lore' is not one of" in csb("train", "--method", "lore", code=2).stderr


def test_another_model_folder_trains_with_its_own_paths_and_wants_a_template(csb: Csb, workspace: Path) -> None:
    model(workspace / "elsewhere/MyModel")
    assert "which template MyModel speaks" in csb("train", "--model", "elsewhere/MyModel", code=1).stderr
    values, _, _ = dry(csb, "--model", "elsewhere/MyModel", "template=qwen")
    assert values["model_name_or_path"] == str(workspace / "elsewhere/MyModel")
    assert values["output_dir"] == "saves/MyModel/lora/sft"


def test_init_leaves_what_is_there_as_it_is(csb: Csb, place: Path) -> None:
    csb("init", ".", "--name", "A")
    (place / "config/train/qwen3_lora_sft.yaml").write_text("mine: 1\n", "utf-8")
    before = (place / "clone.yaml").read_bytes()
    done = csb("init", ".", "--name", "B")
    assert "were there already and stay as they are" in done.stderr
    assert (place / "clone.yaml").read_bytes() == before
    assert (place / "config/train/qwen3_lora_sft.yaml").read_text("utf-8") == "mine: 1\n"
    assert "did you mean qwen3" in csb("init", "x", "--model", "qwen33", code=1).stderr
    assert not (place / "x").exists()


def test_chat_and_export_say_what_is_missing(csb: Csb, workspace: Path) -> None:
    assert "no finished adapter for smollm2" in csb("chat", code=1).stderr
    assert "no finished adapter for smollm2" in csb("export", code=1).stderr
    assert "no finished adapter" in csb("webchat", code=1).stderr
    assert "csb download qwen2" in csb("chat", "--base", "--model", "qwen2", code=1).stderr
