"""Every shipped recipe: made by the generator, naming only what exists, accepted by the engine's own parser."""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from chatstylebot.commands.recipes import app
from chatstylebot.engine import keys
from chatstylebot.errors import UserError
from chatstylebot.models import presets
from chatstylebot.training import datasets, recipes

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "config"
ON_DISK = {path.relative_to(CONFIG).as_posix(): path for path in CONFIG.rglob("*") if path.is_file()}
TEXTS = {name: path.read_text("utf-8") for name, path in ON_DISK.items()}
YAMLS = {name: yaml.safe_load(text) for name, text in TEXTS.items() if name.endswith(".yaml")}
TRAIN = {name: values for name, values in YAMLS.items() if name.startswith("train/")}
TALK = {name: values for name, values in YAMLS.items() if not name.startswith("train/")}


def test_the_files_on_disk_equal_the_generator() -> None:
    made = recipes.files()
    assert made
    assert sorted(ON_DISK) == sorted(made)
    assert [name for name, text in made.items() if TEXTS[name] != text] == [], "run csb recipes write --force"


def test_recipes_are_found() -> None:
    assert len(TRAIN) > 100
    assert len(TALK) > 100


ORIGINAL = [
    *(f"llama3_lora_{rest}" for rest in ("sft", "sft_ds0", "sft_ds3", "dpo", "kto", "pretrain", "pretrain_ds3")),
    *("llama3_qlora_sft", "llama3_full_sft_ds3", "glm4_lora_sft_ds3", "qwen2_lora_sft_ds3"),
]


def test_every_name_of_the_original_is_there() -> None:
    assert {f"train/{name}.yaml" for name in ORIGINAL} <= set(TRAIN)
    for model in ("llama3", "qwen2", "glm4"):
        assert {f"merge_lora/{model}_lora_sft.yaml", f"inference/{model}_lora_sft.yaml"} <= set(TALK)
    assert "wechat/settings.json" in ON_DISK


@pytest.mark.parametrize("name", TRAIN)
def test_datasets_are_registered_and_ours_REC_3(name: str) -> None:
    registered = json.loads((ROOT / "data" / "dataset_info.json").read_text("utf-8"))
    values = TRAIN[name]
    assert set(values["dataset"].split(",")) <= set(registered)
    assert set(values.get("eval_dataset", "example").split(",")) <= set(registered)
    if values["stage"] in ("dpo", "kto"):
        assert values["dataset"] == f"{values['stage']}_records"


def paths(value: Any) -> list[str]:
    """Every text in a recipe or settings file that looks like a path."""
    if isinstance(value, dict):
        return [path for part in value.values() for path in paths(part)]
    return [value] if isinstance(value, str) and "/" in value else []


@pytest.mark.parametrize("name", [*YAMLS, "wechat/settings.json"])
def test_every_path_exists_or_is_made_by_a_command_REC_1_REC_7(name: str) -> None:
    models = {preset.folder for preset in presets.load().values()}
    saves = {values["output_dir"] for values in TRAIN.values()}
    merged = {values["export_dir"] for values in TALK.values() if "export_dir" in values}
    for path in paths(YAMLS.get(name) or json.loads(TEXTS[name])):
        assert path in models | saves | merged or (ROOT / path).is_file(), path
        assert not re.match(r"[/\\~]|[A-Za-z]:", path)
        assert "checkpoint-" not in path
        assert " " not in path  # the engine splits its command line at spaces on several GPUs


def test_no_stage_writes_into_anothers_output_REC_5() -> None:
    writers: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for values in TRAIN.values():
        quantised = str(values.get("quantization_bit"))
        writers[values["output_dir"]].add((values["stage"], values["model_name_or_path"], quantised))
    assert [folder for folder, users in writers.items() if len(users) > 1] == []
    exports = [values["export_dir"] for values in TALK.values() if "export_dir" in values]
    assert len(exports) == len(set(exports))
    assert not set(exports) & set(writers)


@pytest.mark.parametrize("name", [name for name, values in TRAIN.items() if values["stage"] in ("dpo", "kto")])
def test_dpo_and_kto_go_on_from_the_sft_adapter_with_itself_as_reference_REC_4(name: str) -> None:
    values = TRAIN[name]
    first = TRAIN[re.sub(r"_(dpo|kto)", "_sft", name)]
    assert values["adapter_name_or_path"] == values["ref_model_adapters"] == first["output_dir"]
    assert values["ref_model"] == values["model_name_or_path"] == first["model_name_or_path"]
    assert values.get("ref_model_quantization_bit") == values.get("quantization_bit") == first.get("quantization_bit")
    assert "lora_rank" not in values  # the adapter has its rank; the key would have no effect (REC-8)


@pytest.mark.parametrize("name", TALK)
def test_an_adapter_is_paired_with_its_own_base_REC_6(name: str) -> None:
    values = TALK[name]
    trained = {v["output_dir"]: (v["model_name_or_path"], v["template"]) for v in TRAIN.values()}
    if adapter := values.get("adapter_name_or_path"):
        assert trained[adapter] == (values["model_name_or_path"], values["template"])


@pytest.mark.parametrize("name", YAMLS)
def test_the_top_comment_holds_the_exact_commands(name: str) -> None:
    head = TEXTS[name].partition("\n\n")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    lines = [re.sub(r"^# *(Run)? *", "", line) for line in head.splitlines()]
    folder = name.partition("/")[0]
    verb = {"train": "train", "merge_lora": "export", "inference": "chat"}[folder]
    several = "FORCE_TORCHRUN=1 " if "deepspeed" in YAMLS[name] else ""
    assert f"{several}llamafactory-cli {verb} config/{name}" in lines
    if folder == "train":
        assert f"csb train --recipe config/{name}" in lines
        assert re.search(r"Needs +\d+ GB", head)
        assert "estimate, not measured" in head


@pytest.mark.parametrize("name", [name for name, values in TRAIN.items() if values["stage"] == "sft"])
def test_evaluation_happens_on_any_amount_of_data_REC_9_TRN_2(name: str) -> None:
    values = TRAIN[name]
    assert values["eval_strategy"] == values["save_strategy"] == "steps"
    assert values["eval_steps"] == values["save_steps"] == 0.1
    assert values["load_best_model_at_end"] is True
    assert values["metric_for_best_model"] == "eval_loss"
    assert values["early_stopping_steps"] == 3
    assert values["mask_history"] is True
    assert values["packing"] is False


@pytest.mark.parametrize("name", TRAIN)
def test_learning_rate_epochs_and_batch_are_sane_REC_10_REC_14(name: str) -> None:
    values = TRAIN[name]
    assert values["num_train_epochs"] <= 3
    assert values["learning_rate"] <= (5e-4 if "smollm2" in name else 1e-4)
    gpus = 1 if "deepspeed" not in values else (4 if "full" in name else 2)
    together = values["per_device_train_batch_size"] * values["gradient_accumulation_steps"] * gpus
    assert together == (8 if values["stage"] in ("dpo", "kto") else 16)
    if values["finetuning_type"] == "lora" and values["stage"] in ("sft", "pt"):
        assert values["lora_target"] == "all"


@pytest.mark.parametrize("name", YAMLS)
def test_no_recipe_sets_an_unknown_or_idle_key_REC_8(name: str) -> None:
    keys.check(YAMLS[name], "train" if name in TRAIN else "infer", name)


def test_a_clone_never_runs_with_the_templates_own_prompt() -> None:
    for name, values in YAMLS.items():
        if values.get("stage") != "pt" and "export_dir" not in values:
            assert values["default_system"].strip(), name


def test_a_recipe_is_found_by_name_and_by_path() -> None:
    assert recipes.get("config/train/llama3_lora_sft_ds3.yaml").deepspeed == "z3"
    with pytest.raises(UserError, match=r"did you mean qwen3_lora_sft\?"):
        recipes.get("qwen3_lora_sf")


def test_the_list_shows_every_recipe_with_its_memory() -> None:
    shown = CliRunner().invoke(app, ["list"]).stdout
    assert all(name in shown for name in recipes.every())
    rows = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert {row["name"] for row in rows} == set(recipes.every())
    assert all(1 < row["gigabytes"] < 80 for row in rows)


def listed(*words: str) -> list[tuple[str, str, str]]:
    rows = json.loads(CliRunner().invoke(app, ["list", *words, "--json"]).stdout)
    return [(row["preset"], row["method"], row["stage"]) for row in rows]


def test_the_list_is_narrowed_by_model_stage_and_method() -> None:
    assert listed("smollm2", "--method", "full") == [("smollm2", "full", "sft")]
    assert {stage for _, _, stage in listed("--stage", "dpo")} == {"dpo"}
    assert {preset for preset, _, _ in listed("--stage", "dpo")} == set(presets.load())
    assert listed("qwen3", "--method", "qlora") == [("qwen3", "qlora", s) for s in ("sft", "dpo", "kto", "pretrain")]
    shown = CliRunner().invoke(app, ["list", "qwen3", "--stage", "kto"]).stdout.splitlines()
    assert [line.split()[0] for line in shown] == ["name", "qwen3_lora_kto", "qwen3_qlora_kto"]


@pytest.mark.parametrize(
    ("words", "says", "remedy"),
    [
        (["qwen33"], "no model preset 'qwen33' (did you mean qwen3?)", "csb recipes models"),
        (["Qwen/Qwen3-8B"], "a name on a hub", "csb recipes list qwen3-8b, or csb recipes models"),
        (["./models/mine"], "a folder", "csb recipes models"),
        (["--stage", "dop"], "no stage 'dop' (did you mean dpo?)", "--stage sft | dpo | kto | pretrain"),
        (["--method", "qlore"], "no method 'qlore' (did you mean qlora?)", "--method lora | qlora | full"),
        (["--method", "full", "--stage", "kto"], "no recipe is full kto; all together: full sft, lora dpo", "list"),
        (["smollm2", "--method", "qlora"], "no recipe is smollm2 qlora; smollm2: full sft, lora dpo", "list smollm2"),
    ],
)
def test_a_filter_that_fits_nothing_says_what_there_is(words: list[str], says: str, remedy: str) -> None:
    for more in ([], ["--json"]):
        error = CliRunner().invoke(app, ["list", *words, *more]).exception
        assert isinstance(error, UserError)
        assert says in error.problem
        assert remedy in error.remedy


def test_the_models_come_with_the_memory_of_their_recipes_and_say_who_writes_no_chinese() -> None:
    shown = CliRunner().invoke(app, ["models"]).stdout.splitlines()
    rows = {line.split("  ")[0]: line for line in shown}
    assert "4 × " in rows["qwen3"]
    assert re.search(r"135M +\d+ GB +– +\d+ GB +en \(no Chinese\)", rows["smollm2"])
    told = {row["name"]: row for row in json.loads(CliRunner().invoke(app, ["models", "--json"]).stdout)}
    assert [name for name in told if not told[name]["chinese"]] == [n for n in rows if "(no Chinese)" in rows[n]]
    for name, row in told.items():
        assert [need["text"] if need else "–" for need in row["memory"].values()] == recipes.needs(presets.get(name))
    assert told["qwen3"]["memory"]["full"]["gpus"] == 4


def test_show_prints_the_file() -> None:
    shown = CliRunner().invoke(app, ["show", "llama3_lora_sft"]).stdout
    assert shown == TEXTS["train/llama3_lora_sft.yaml"]


def test_write_makes_the_tree_and_keeps_what_was_edited(tmp_path: Path) -> None:
    run, target = CliRunner().invoke, tmp_path / "config"
    assert run(app, ["write", "--output", str(target)]).exit_code == 0
    assert sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()) == sorted(ON_DISK)
    mine = target / "train" / "qwen3_lora_sft.yaml"
    mine.write_text("# mine\n", "utf-8")
    assert isinstance(run(app, ["write", "--output", str(target)]).exception, UserError)
    assert mine.read_text("utf-8") == "# mine\n"
    assert run(app, ["write", "--output", str(target), "--force"]).exit_code == 0
    assert mine.read_text("utf-8") == TEXTS["train/qwen3_lora_sft.yaml"]


ENGINE = """
import json, os, sys, warnings
os.chdir(sys.argv[1])
from omegaconf import OmegaConf
from llamafactory.hparams import get_infer_args, get_train_args
refused = {}
for path in json.load(sys.stdin):
    values = OmegaConf.to_container(OmegaConf.load(path))
    read = get_train_args if "/train/" in path else get_infer_args
    if read is get_train_args:  # a CPU refuses bf16, and deepspeed wants its package: these two and nothing else
        values.pop("bf16", None), values.pop("deepspeed", None)
    try:
        read(values)
    except Exception as error:
        refused[path] = repr(error)
print("FOUND" + json.dumps(refused))
"""


@pytest.mark.engine
def test_every_recipe_is_accepted_by_the_engines_own_parser(tmp_path: Path) -> None:
    (tmp_path / "config").symlink_to(CONFIG)
    names = [f"config/{name}" for name in YAMLS]
    done = subprocess.run(
        [sys.executable, "-c", ENGINE, str(tmp_path)],
        input=json.dumps(names),
        capture_output=True,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.partition("FOUND")[2]) == {}
    assert "deprecated" not in done.stderr.lower()


def test_every_dataset_we_make_or_ship_is_named_in_a_recipe_or_a_comment() -> None:
    text = "\n".join(TEXTS.values())
    assert [name for name in datasets.ENTRIES if name not in text] == []
