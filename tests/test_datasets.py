"""dataset_info.json, and that the engine's own loader reads each kind of file as we mean it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatstylebot.errors import UserError
from chatstylebot.training import datasets

DATA = Path(__file__).parent.parent / "data"


def test_the_shipped_file_is_what_the_generator_makes() -> None:
    assert json.loads((DATA / "dataset_info.json").read_text("utf-8")) == datasets.dataset_info()


def test_the_engine_can_open_it_in_any_locale() -> None:
    assert (DATA / "dataset_info.json").read_bytes().isascii()  # it opens the file without naming an encoding


@pytest.mark.parametrize("name", datasets.SHIPPED)
def test_every_shipped_sample_is_there_and_has_its_columns(name: str) -> None:
    rows = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    assert rows
    assert all(set(datasets.ENTRIES[name]["columns"].values()) <= set(row) for row in rows)


def test_registering_leaves_the_others_and_the_order_alone() -> None:
    before = {"mine": {"file_name": "mine.json"}, "chat_records": {"file_name": "old.json"}, "z": {"hf_hub_url": "a/b"}}
    after = datasets.register(before, "chat_records", "chat_records.json", datasets.CHAT)
    assert list(after) == ["mine", "chat_records", "z"]
    assert after["chat_records"] == {"file_name": "chat_records.json", **datasets.CHAT}
    assert (after["mine"], after["z"]) == (before["mine"], before["z"])
    assert before["chat_records"] == {"file_name": "old.json"}
    assert list(datasets.register(before, "new", "new.json", {}))[-1] == "new"


ROWS: dict[str, list[dict[str, object]]] = {
    "chat_records": [
        {"instruction": "在吗", "input": "", "output": "在\n咋了", "system": "你是小明", "history": []},
        {"instruction": "吃啥", "input": "", "output": "火锅", "system": "你是小明", "history": [["在吗", "在"]]},
    ],
    "identity": [{"instruction": "你是谁", "input": "", "output": "小明", "system": "你是小明"}],
    "dpo_records": [
        {
            "conversations": [
                {"from": "system", "value": "你是小明"},
                {"from": "human", "value": "在吗"},
                {"from": "gpt", "value": "在"},
                {"from": "human", "value": "吃啥"},
            ],
            "chosen": {"from": "gpt", "value": "火锅"},
            "rejected": {"from": "gpt", "value": "您好"},
        }
    ],
    "kto_records": [
        {
            "messages": [
                {"role": "system", "content": "你是小明"},
                {"role": "user", "content": "吃啥"},
                {"role": "assistant", "content": text},
            ],
            "label": label,
        }
        for text, label in (("火锅", True), ("您好", False))
    ],
    "trump": [{"text": "so true"}],
}
ENGINE = """
import json, sys
from transformers import HfArgumentParser, Seq2SeqTrainingArguments
from llamafactory.data.loader import _get_merged_dataset
from llamafactory.hparams import DataArguments, ModelArguments
folder, cache = sys.argv[1:]
training = Seq2SeqTrainingArguments(output_dir=cache + "/out", use_cpu=True)
model = ModelArguments(model_name_or_path="none", cache_dir=cache)
found = {}
for names, stage in (("chat_records,identity", "sft"), ("dpo_records", "rm"), ("kto_records", "kto"), ("trump", "pt"),
                     ("example", "sft"), ("dpo_zh_demo", "rm"), ("kto_en_demo", "kto"), ("pretrain_demo", "pt")):
    data = DataArguments(dataset=names, dataset_dir=folder)
    rows = _get_merged_dataset(data.dataset, model, data, training, stage)
    found[names] = [{key: row[key] for key in ("_prompt", "_response", "_system")} for row in rows]
print("FOUND" + json.dumps(found))
"""


@pytest.mark.engine
def test_the_engine_reads_every_kind_as_we_mean_it(tmp_path: Path) -> None:
    for name, rows in ROWS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    for name in (*(f"{sample}.json" for sample in datasets.SHIPPED), "dataset_info.json"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    command = [sys.executable, "-c", ENGINE, str(tmp_path), str(tmp_path / "cache")]
    env = os.environ | {"CUDA_VISIBLE_DEVICES": "", "HF_DATASETS_CACHE": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.partition("FOUND")[2])

    def user(text: str) -> dict[str, str]:
        return {"role": "user", "content": text}

    def reply(text: str) -> dict[str, str]:
        return {"role": "assistant", "content": text}

    assert found["chat_records,identity"] == [
        {"_prompt": [user("在吗")], "_response": [reply("在\n咋了")], "_system": "你是小明"},
        {"_prompt": [user("在吗"), reply("在"), user("吃啥")], "_response": [reply("火锅")], "_system": "你是小明"},
        {"_prompt": [user("你是谁")], "_response": [reply("小明")], "_system": "你是小明"},
    ]
    assert found["dpo_records"] == [
        {
            "_prompt": [user("在吗"), reply("在"), user("吃啥")],
            "_response": [reply("火锅"), reply("您好")],
            "_system": "你是小明",
        }
    ]
    assert [row["_system"] for row in found["kto_records"]] == ["你是小明"] * 2
    # a good reply stands first, a bad one second: that is how the engine carries the label
    assert [row["_response"] for row in found["kto_records"]] == [
        [reply("火锅"), reply("")],
        [reply(""), reply("您好")],
    ]
    assert found["trump"][0]["_prompt"] == [user("so true")]
    for name in datasets.SHIPPED:
        rows = json.loads((DATA / f"{name}.json").read_text("utf-8"))
        assert len(found[name]) == len(rows)
        assert all(row["_prompt"] for row in found[name]), f"the engine skips rows of {name}"
        assert all(row["_system"] for row in found[name] if name != "pretrain_demo")


def test_a_list_in_the_place_of_the_datasets_is_an_error_for_every_command_that_reads_it(tmp_path: Path) -> None:
    info = tmp_path / "dataset_info.json"
    assert datasets.known(info) == {}
    info.write_text("[]", "utf-8")
    with pytest.raises(UserError, match="holds no datasets"):
        datasets.known(info)
