"""`csb train` before the engine starts: which recipe, fitted to what is here, what it needs, what is refused."""

import json
import os
import platform
import re
import shlex
import stat
import struct
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Csb
from make import export, talk

from chatstylebot import card as cards
from chatstylebot.corpus import store
from chatstylebot.engine import llamafactory
from chatstylebot.errors import UserError
from chatstylebot.models import provenance
from chatstylebot.training import job as jobs
from chatstylebot.training import lock
from chatstylebot.training import run as runs

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


def dry(csb: Csb, *argv: str, code: int = 0, **env: str) -> tuple[dict[str, Any], str, str]:
    """Recipe, the lines after it, and the story; code 1: it would not start."""
    done = csb("train", *argv, "--dry-run", code=code, **env)
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
    moved, _, _ = dry(csb, "dpo", "dataset=dpo_zh_demo", "adapter_name_or_path=saves/other", code=1)
    assert moved["ref_model_adapters"] == "saves/other"


def test_what_is_missing_is_said_with_the_command_that_makes_it(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "qwen3")
    done = csb("train", code=1, CUDA_VISIBLE_DEVICES="")
    problem, remedy = done.stderr.splitlines()
    assert "the base model is not here" in problem
    assert "; the dataset chat_records has no file" in problem
    assert "csb download qwen3, or without a GPU: csb train --model qwen3-0.6b; for a rented one: csb" in remedy
    assert "--gpu 24; then csb preprocess EXPORT" in remedy
    story = dry(csb, code=1, CUDA_VISIBLE_DEVICES="")[2]
    assert "csb preprocess EXPORT" in story
    assert "csb train sft, or adapter_name_or_path=FOLDER" in dry(csb, "dpo", code=1)[2]
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
    assert "of 25.8 GB on NVIDIA GeForce RTX 4090" in dry(csb, *words, code=1, **gpu(place))[1]
    small = dry(csb, *words, code=1, **gpu(place, "RTX 3060", 12288, "8.6"))[1]
    line = "csb train --model llama3 --method qlora dataset=example eval_dataset=example"
    assert f"too much; this would fit: {line} per_device_train_batch_size=2 gradient_accumulation_steps=8" in small
    assert "nothing smaller fits" in dry(csb, *words, code=1, **gpu(place, "GT 1030", 2048, "6.1"))[1]
    # a recipe that is named says which model it is for by its folder
    words = ("--recipe", "llama3_qlora_sft", *words[2:])
    assert "GB (an estimate) of 25.8 GB on NVIDIA" in dry(csb, *words, code=1, **gpu(place))[1]


def test_qlora_needs_a_gpu_and_several_gpus_get_deepspeed(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "llama3")
    assert "needs an NVIDIA GPU" in dry(csb, "--method", "qlora", code=1, CUDA_VISIBLE_DEVICES="")[2]
    values, rest, _ = dry(csb, "--deepspeed", "z3", code=1, **gpu(place))
    assert values["deepspeed"] == "config/deepspeed/ds_z3_config.json"
    assert Path(values["deepspeed"]).is_file()
    assert "FORCE_TORCHRUN=1" in rest
    many = dry(csb, "--nnodes", "2", "--node-rank", "1", "--master-addr", "10.0.0.1", code=1, **gpu(place))[1]
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


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_prompt_that_changed_after_preprocess_is_refused_SRV_3(csb: Csb, workspace: Path) -> None:
    csb("id-tag", "--author", "Lee")
    assert "another prompt" not in dry(csb)[2]
    edit(workspace / "clone.yaml", "You are {name}, texting", "You are {name}, writing")
    done = csb("train", code=1)
    assert 'made with another prompt: "You are Mia, texting with a friend. Reply' in done.stderr
    assert "csb preprocess EXPORT again, or put the old prompt back into clone.yaml" in done.stderr
    values, _, story = dry(csb, code=1)
    assert values["default_system"].startswith("You are Mia, texting")
    assert "identity samples were made with another prompt: csb id-tag again" in story
    # samples that are not preprocess's own are what they are
    assert dry(csb, "dataset=example", "eval_dataset=")[0]["default_system"].startswith("You are Mia, writing")


@pytest.mark.parametrize(
    ("words", "prompt"),
    [
        ((), "You are Mia, texting with a friend. Reply the way you always text."),
        (("dataset=dpo_zh_demo",), "你是小满，正在微信上和朋友聊天。用你平时说话的方式回复。"),
        (("dataset=chat_records", "default_system=Another."),
         "You are Mia, texting with a friend. Reply the way you always text."),
    ],
)  # fmt: skip
def test_what_is_kept_as_the_prompt_is_what_stands_in_the_samples(
    csb: Csb, workspace: Path, words: tuple[str, ...], prompt: str
) -> None:
    job = jobs.plan_run(
        cards.read(workspace / "clone.yaml"), workspace, None, words, report=partial(store.report, workspace)
    )
    assert job.system == prompt


def test_an_account_that_is_damaged_is_no_matter_for_what_does_not_read_it(csb: Csb, workspace: Path) -> None:
    (workspace / ".csb" / "report.json").write_text("{bad")
    assert dry(csb, "pretrain", "dataset=pretrain_demo")[0]["stage"] == "pt"
    assert "did you mean learning_rate?" in csb("train", "learning_rat=1", "--dry-run", code=1).stderr
    assert "report.json is not valid JSON" in csb("train", "--dry-run", code=1).stderr


def test_what_is_left_empty_is_named_by_its_key(csb: Csb, workspace: Path) -> None:
    for key in ("dataset", "output_dir", "model_name_or_path"):
        done = csb("train", f"{key}=", code=1)
        assert f"{key} is empty" in done.stderr
        assert f"write {key}=" in done.stderr
        assert "None" not in done.stderr
    done = csb("train", "cutoff_len=", "dataset_dir=", code=1)
    assert "cutoff_len is empty: it must be a whole number; dataset_dir is empty: it must be text" in done.stderr
    mine = workspace / "mine.yaml"
    mine.write_text("model_name_or_path: null\noutput_dir: null\nstage: sft\n", "utf-8")
    done = csb("train", "--recipe", "mine.yaml", code=1)
    assert "mine.yaml: model_name_or_path is empty and output_dir is empty and dataset is empty" in done.stderr
    assert "None" not in done.stderr
    # an empty eval_dataset means none
    assert "eval_strategy" not in dry(csb, "eval_dataset=")[0]


def register(workspace: Path, name: str, entry: object) -> None:
    info = workspace / "data/dataset_info.json"
    info.write_text(json.dumps(json.loads(info.read_text("utf-8")) | {name: entry}), "utf-8")


def test_a_dataset_that_is_not_described_or_holds_no_list_is_an_error_with_a_remedy(csb: Csb, workspace: Path) -> None:
    for entry in (7, None, "mine.json", ["mine.json"]):
        register(workspace, "mine", entry)
        assert "dataset_info.json says nothing usable about mine" in csb("train", "dataset=mine", code=1).stderr
    register(workspace, "mine", {"file_name": "mine.json"})
    for text, why in (("7", "it holds no list"), ("[]", "is empty"), ("{", "is not valid JSON"), ("[1]", None)):
        (workspace / "data/mine.json").write_text(text, "utf-8")
        done = csb("train", "dataset=mine", "--dry-run", code=1 if why else 0)
        assert (why or "1 samples (1 mine)") in done.stdout + done.stderr


@pytest.mark.parametrize("key", ["hf_hub_url", "ms_hub_url", "script_url"])
def test_a_dataset_of_a_hub_is_the_engine_s_to_fetch(csb: Csb, workspace: Path, key: str) -> None:
    register(workspace, "far", {key: "somebody/chats"})
    values, rest, story = dry(csb, "dataset=far", "eval_dataset=")
    assert values["dataset"] == "far"
    assert "far is fetched by the engine, and its samples are not counted here" in story
    assert " samples (" not in rest


def test_a_recipe_decides_which_model_and_method(csb: Csb, workspace: Path) -> None:
    done = csb("train", "--recipe", "smollm2_lora_sft", "--model", "qwen3", code=2)
    assert "model_name_or_path=FOLDER" in " ".join(done.stderr.split())
    done = csb("train", "--recipe", "smollm2_lora_sft", "--method", "lora", code=2)
    assert "take the recipe of that method" in " ".join(done.stderr.split())


def test_the_workspace_s_own_edit_of_a_recipe_is_the_one_that_trains(csb: Csb, workspace: Path) -> None:
    own = workspace / "config/train/smollm2_lora_sft.yaml"
    assert "recipe:" not in dry(csb)[2]
    edit(own, "lora_rank: 16", "lora_rank: 4")
    for words in ((), ("--recipe", "smollm2_lora_sft"), ("--model", "smollm2", "sft")):
        values, _, story = dry(csb, *words)
        assert values["lora_rank"] == 4
        assert "recipe: config/train/smollm2_lora_sft.yaml" in story
    assert dry(csb, "lora_rank=8")[0]["lora_rank"] == 8
    own.rename(workspace / "config/train/mine.yaml")
    assert dry(csb)[0]["lora_rank"] == 16
    values, _, story = dry(csb, "--recipe", "mine")
    assert (values["lora_rank"], "recipe: config/train/mine.yaml" in story) == (4, True)
    # another model's folder: the file is not about it
    own.write_text("model_name_or_path: x\n", "utf-8")
    model(workspace / "elsewhere/SmolLM2-135M-Instruct")
    assert dry(csb, "--model", "elsewhere/SmolLM2-135M-Instruct")[0]["lora_rank"] == 16


def test_the_keys_and_the_kind_of_an_edited_recipe_are_checked(csb: Csb, workspace: Path) -> None:
    own = workspace / "config/train/smollm2_lora_sft.yaml"
    edit(own, "lora_rank: 16", "lora_rnk: 4")
    assert "smollm2_lora_sft.yaml: unknown key lora_rnk (did you mean lora_rank?)" in csb("train", code=1).stderr
    edit(own, "lora_rnk: 4", "lora_rank: 4")
    edit(own, "finetuning_type: lora", "finetuning_type: full")
    done = csb("train", code=1)
    assert "config/train/smollm2_lora_sft.yaml is a recipe for sft full, not sft lora" in done.stderr
    assert "csb train --recipe config/train/smollm2_lora_sft.yaml" in done.stderr


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("stage=dpo",), "try: csb train dpo"),
        (("stage=pt",), "try: csb train pretrain"),
        (("stage=rm",), "try: csb train --recipe FILE, with stage and an output_dir of its own in it"),
        (("finetuning_type=full",), "try: --method full"),
        (("quantization_bit=4",), "try: --method qlora"),
        (("--method", "qlora", "quantization_bit="), "try: --method lora"),
        (("quantization_bit=8",), "try: csb train --recipe FILE"),
        (("--recipe", "smollm2_lora_sft", "finetuning_type=full"), "try: write finetuning_type into smollm2_lora_sft"),
    ],
)
def test_an_override_never_trains_another_kind_into_the_recipe_s_folder(
    csb: Csb, workspace: Path, words: tuple[str, ...], remedy: str
) -> None:
    done = csb("train", *words, code=1)
    assert "would train something else into saves/smollm2/" in done.stderr
    assert "None" not in done.stderr
    assert remedy in done.stderr


def test_an_override_that_says_what_the_recipe_says_is_none(csb: Csb, workspace: Path) -> None:
    assert dry(csb, "stage=sft", "finetuning_type=lora", "quantization_bit=")[0]["stage"] == "sft"


def test_a_file_in_the_place_of_a_folder_is_an_error(csb: Csb, workspace: Path) -> None:
    (workspace / "taken").write_text("x", "utf-8")
    for place in ("taken", "taken/deeper"):
        assert "taken is a file, and no folder for a run" in csb("train", f"output_dir={place}", code=1).stderr
    adapter(workspace / "saves/smollm2/lora/sft", workspace / SMOL)
    for place in ("taken", "taken/deeper"):
        done = csb("export", "-o", place, code=1)
        assert "taken is a file, and no folder for a model" in done.stderr
        assert "choose a folder with --output" in done.stderr
    assert (workspace / "taken").read_text("utf-8") == "x"


@pytest.mark.parametrize("how", [(), ("--again",), ("--resume",)])
def test_a_second_train_leaves_a_running_one_s_folder_alone(csb: Csb, workspace: Path, how: tuple[str, ...]) -> None:
    folder = workspace / "saves/smollm2/lora/sft"
    folder.mkdir(parents=True)
    (folder / lock.NAME).write_text(f"{os.getpid()} {platform.node()}", "utf-8")
    (folder / "recipe.yaml").write_text("running: 1\n", "utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"")  # --again would move it all away
    done = csb("train", *how, code=1)
    assert f"a run is going on in {folder} (process {os.getpid()})" in done.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["adapter_model.safetensors", lock.NAME, "recipe.yaml"]
    assert (folder / "recipe.yaml").read_text("utf-8") == "running: 1\n"


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_what_holds_a_training_example_is_its_owner_s_only(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.plan_run(cards.read(workspace / "clone.yaml"), workspace)
    folder = job.output

    def call(verb: str, recipe: Path, at: Path, extra: object = None) -> llamafactory.Call:
        code = f"import pathlib\nf = pathlib.Path({str(folder)!r})\n"
        code += "(f / 'adapter_model.safetensors').write_bytes(b'\\2' + bytes(7) + b'{}')\n"
        code += "print('input_ids', sorted(p.name for p in f.iterdir()))"
        return llamafactory.Call((sys.executable, "-c", code), {}, at)

    monkeypatch.setattr(llamafactory, "call", call)
    assert str(folder) in runs.train(job, {})
    log = (folder / "engine.log").read_text("utf-8")
    assert lock.NAME in log
    assert not (folder / lock.NAME).exists()
    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in ("engine.log", "recipe.yaml")}
    assert modes == {"engine.log": 0o600, "recipe.yaml": 0o600}
    assert provenance.read(folder)["system"] == "You are Mia, texting with a friend. Reply the way you always text."


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


def test_an_adapter_knows_its_base_and_the_newest_run_is_found_when_the_card_s_model_has_none(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatstylebot import card as cards
    from chatstylebot.engine import talk

    adapter(workspace / "saves/smollm2/lora/sft", workspace / SMOL)
    card = cards.Card(model="qwen3")
    for given in (None, Path("saves/smollm2/lora/sft")):
        values = talk.recipe(card, workspace, None, given, base=False)
        assert values["model_name_or_path"] == str(workspace / SMOL)
        assert values["template"] == "smollm2"
    # a run that --again put aside is still a clone to talk to
    (workspace / "saves/smollm2/lora/sft").rename(workspace / "saves/smollm2/lora/sft-1")
    assert talk.recipe(card, workspace, None, None, base=False)["adapter_name_or_path"].endswith("sft-1")
    with pytest.raises(UserError, match="no finished adapter for qwen3"):
        talk.adapter_of(card, workspace, "qwen3")


def test_a_dry_run_knows_what_lies_in_the_folder(csb: Csb, workspace: Path) -> None:
    adapter(workspace / "saves/smollm2/lora/sft", workspace / SMOL)
    assert "it would not start: a finished run lies in" in csb("train", "--dry-run", code=1).stderr
    assert "the run there is finished" in csb("train", "--resume", "--dry-run", code=1).stderr
    assert "the earlier run will be kept as" in csb("train", "--again", "--dry-run").stderr
    assert (workspace / "saves/smollm2/lora/sft").is_dir()


def test_deepspeed_without_a_gpu_or_without_its_package_is_refused_at_once(csb: Csb, workspace: Path) -> None:
    words = ("train", "--method", "full", "--deepspeed", "z3")
    assert "DeepSpeed needs NVIDIA GPUs" in csb(*words, code=1, CUDA_VISIBLE_DEVICES="").stderr
    assert "the package deepspeed is not installed" in csb(*words, code=1, **gpu(workspace)).stderr


def test_a_model_that_does_not_speak_the_card_s_language_is_named(csb: Csb, workspace: Path) -> None:
    text = (workspace / "clone.yaml").read_text("utf-8")
    (workspace / "clone.yaml").write_text(text.replace("language: en", "language: zh"), "utf-8")
    assert "SmolLM2-135M-Instruct cannot write Chinese" in dry(csb)[2]


def test_init_says_what_to_type_next_and_what_it_did_not_apply(csb: Csb, place: Path) -> None:
    assert "next: cd my-clone, look through clone.yaml" in csb("init", "my-clone", "--model", "smollm2").stderr
    again = csb("init", "my-clone", "--name", "B", "--model", "qwen2").stderr
    assert "is not applied to it" in again
    assert "csb download smollm2" in again


def needs(rest: str) -> str:
    """The line that the dry run says would fit, without `csb train`."""
    return rest.partition("this would fit: csb train ")[2].partition("\n")[0]


def test_a_run_is_planned_for_a_gpu_that_is_elsewhere(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "llama3")
    words = ("dataset=example", "eval_dataset=example", "num_train_epochs=300")
    values, rest, story = dry(csb, *words, "--gpu", "24gb", CUDA_VISIBLE_DEVICES="")
    assert values["bf16"] is True
    assert "GB (an estimate) of 24.0 GB on a GPU of 24 GB elsewhere" in rest
    assert re.search(r"time: about \d+ min to .*\d h.* \(an estimate, not measured", rest)
    assert "a card before Ampere (GTX, V100, T4) has none, there: fp16=true bf16=false" in story
    assert "note: on this machine, the base model is not here" in story
    assert "would not start" not in story
    assert "planned for this CPU" not in story


def test_what_only_this_machine_lacks_does_not_stop_a_plan_for_another(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "llama3")
    (place / "saves/llama3/qlora/sft").mkdir(parents=True)
    (place / "saves/llama3/qlora/sft/notes.txt").write_text("", "utf-8")
    values, _, story = dry(csb, "--method", "qlora", "dataset=example", "--gpu", "12", CUDA_VISIBLE_DEVICES="")
    assert values["quantization_bit"] == 4
    assert "on this machine, the package bitsandbytes is not installed" in story
    assert "holds something that is no training run" in story
    # samples are wanted anywhere
    assert "would not start: the dataset chat_records has no file" in dry(csb, "--gpu", "24", code=1)[2]


@pytest.mark.parametrize(
    ("gpu", "words", "has", "steps"),
    [
        ("12", (), "--method qlora", ""),
        ("22", ("lora_rank=32",), "per_device_train_batch_size=1 gradient_accumulation_steps=16", ""),
        ("80x2", ("--method", "full"), "", ""),
        ("80x4", ("--method", "full", "learning_rate=1e-6"), "--deepspeed z2 learning_rate=1e-6", "on 4 GPUs"),
        ("40x4", ("--method", "full", "learning_rate=1e-6"), "--deepspeed z3 learning_rate=1e-6", "on 4 GPUs"),
        ("16x2", ("--deepspeed", "z2"), "--deepspeed z3", "on 2 GPUs"),
        ("8.9", ("--method", "full", "finetuning_type=full", "gradient_accumulation_steps=5"), "cutoff_len=512", ""),
        ("10", ("--recipe", "llama3_qlora_sft", "per_device_train_batch_size=16"), "--recipe llama3_qlora_sft", ""),
        ("22", ("dpo", "dataset=dpo_zh_demo"), "dpo --method qlora dataset=dpo_zh_demo", ""),
    ],
)
def test_the_line_that_would_fit_fits_when_it_is_typed_and_takes_as_many_samples_a_step(
    csb: Csb, place: Path, gpu: str, words: tuple[str, ...], has: str, steps: str
) -> None:
    csb("init", ".", "--model", "llama3")
    own = words if "dpo" in words else (*words, "dataset=example", "eval_dataset=example")
    values, rest, story = dry(csb, *own, "--again", "--gpu", gpu, code=1)
    assert "too much" in rest
    assert "would not start" not in story
    line = needs(rest)
    assert has in line
    assert line.endswith("--again")
    again, fitting, _ = dry(csb, *shlex.split(line), "--gpu", gpu)
    assert "too much" not in fitting
    assert steps in fitting
    size = ("per_device_train_batch_size", "gradient_accumulation_steps")
    assert again[size[0]] * again[size[1]] == values[size[0]] * values[size[1]]


def test_of_several_gpus_it_says_whether_dividing_would_do_as_well(csb: Csb, place: Path) -> None:
    csb("init", ".", "--model", "llama3")
    words = ("dataset=example", "eval_dataset=example", "per_device_train_batch_size=8")
    rest = dry(csb, *words, "--gpu", "24x2", code=1)[1]
    assert "on each of 2 GPUs (a GPU of 24 GB elsewhere)" in rest
    assert "divided by --deepspeed z3, what you asked for would not fit either" in rest


@pytest.mark.parametrize("size", ["abc", "0", "24x0", "-3", "24x2x2", "", "nan", "1e3"])
def test_a_gpu_of_no_size_is_refused_with_the_form_it_has(csb: Csb, place: Path, size: str) -> None:
    told = csb("train", "--dry-run", f"--gpu={size}", code=1).stderr
    assert told == (
        f"error: --gpu {size} is no GPU\ntry: --gpu GB, its memory, such as --gpu 24; of two such GPUs --gpu 24x2\n"
    )


def test_a_gpu_elsewhere_trains_nothing(csb: Csb, place: Path) -> None:
    told = csb("train", "--gpu", "24", code=1).stderr
    assert told == "error: --gpu plans for a GPU elsewhere, and trains nothing\ntry: csb train --dry-run --gpu 24\n"


def test_without_a_gpu_it_says_that_the_plan_is_for_this_cpu_and_how_long_that_takes(csb: Csb, workspace: Path) -> None:
    _, rest, story = dry(csb, CUDA_VISIBLE_DEVICES="")
    assert "planned for this CPU; csb train --dry-run --gpu 24 plans for a GPU elsewhere" in story
    assert re.search(r"^time: about \d.* \(an estimate, not measured; loading .*\)$", rest, re.MULTILINE)
    assert "planned for this CPU" not in dry(csb, **gpu(workspace))[2]
