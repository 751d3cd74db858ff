"""csb train takes its cutoff_len from the samples."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers

from chatstylebot.corpus import store
from chatstylebot.models import tokenizer
from chatstylebot.training import cutoff
from chatstylebot.training.dataset_files import Dataset, find, told


def prepared(place: Path, words: int, counted: int = 512) -> list[Dataset]:
    """A workspace whose samples have so many words each."""
    (place / "data").mkdir()
    (place / ".csb").mkdir()
    row = {"instruction": "w " * words, "input": "", "output": "w", "system": "s", "history": []}
    (place / "data" / "chat_records.json").write_text(json.dumps([row] * 20))
    info = {
        "chat_records": {"file_name": "chat_records.json", "columns": {"prompt": "instruction", "response": "output"}}
    }
    (place / "data" / "dataset_info.json").write_text(json.dumps(info))
    (place / ".csb" / "report.json").write_text(json.dumps({"output": "data/chat_records.json", "cutoff_len": counted}))
    found = find("chat_records", told(place / "data"), place / "data")
    assert isinstance(found, Dataset)
    return [found]


def model(place: Path) -> Path:
    """A folder with a tokenizer that makes a token of each word."""
    folder = place / "models" / "tiny"
    folder.mkdir(parents=True)
    made = Tokenizer(models.WordLevel({"w": 0, "[UNK]": 1}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    return folder


def test_tokens_are_counted_with_the_model_s_own_tokenizer(tmp_path: Path) -> None:
    datasets = prepared(tmp_path, words=700)
    assert cutoff.suggested(store.report(tmp_path), tmp_path, model(tmp_path), datasets) == (
        768,
        "99% of your samples fit",
    )


def test_without_the_tokenizer_it_is_estimated_and_alike_where_the_report_is_not(tmp_path: Path) -> None:
    datasets = prepared(tmp_path, words=700)
    at_home = cutoff.suggested(store.report(tmp_path), tmp_path, tmp_path / "nowhere", datasets)
    assert at_home == (512, "99% of your samples fit, by estimate")  # 1,400 letters and blanks, 3 to a token
    (tmp_path / ".csb" / "report.json").unlink()
    assert cutoff.suggested(store.report(tmp_path), tmp_path, tmp_path / "nowhere", datasets) == at_home


def test_samples_of_another_making_change_nothing(tmp_path: Path) -> None:
    [dataset] = prepared(tmp_path, words=700)
    other = dataset.path.rename(tmp_path / "data" / "other.json")  # type: ignore[union-attr]
    assert cutoff.suggested({}, tmp_path, tmp_path, [replace(dataset, path=other)]) is None
    assert cutoff.suggested({}, tmp_path, tmp_path, []) is None


def preferences(place: Path, words: int) -> list[Dataset]:
    """A pair and a label whose prompts have so many words each."""
    (place / "data").mkdir()
    talk = [("system", "w"), ("user", "w " * words)]
    value = {"from": "gpt", "value": "w"}
    rows: dict[str, dict[str, Any]] = {
        "dpo_records": {
            "conversations": [{"from": r, "value": t} for r, t in talk],
            "chosen": value,
            "rejected": value,
        },
        "kto_records": {"messages": [{"role": r, "content": t} for r, t in (*talk, ("assistant", "w"))], "label": True},
    }
    found = []
    for name, row in rows.items():
        (place / "data" / f"{name}.json").write_text(json.dumps([row] * 5))
        one = find(name, {name: {"file_name": f"{name}.json"}}, place / "data")
        assert isinstance(one, Dataset)
        found.append(one)
    return found


def test_the_cutoff_of_preferences_only_grows_because_the_engine_cuts_the_end_of_the_prompt(tmp_path: Path) -> None:
    folder = model(tmp_path)
    for dataset in preferences(tmp_path, words=2000):
        assert (cutoff.longer(folder, [dataset], 1024) or (0, ""))[0] == 2048
        assert cutoff.longer(folder, [dataset], 4096) is None
        assert cutoff.longer(tmp_path / "nowhere", [dataset], 1024) is None


def test_a_broken_tokenizer_is_as_none(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    assert tokenizer.counter(tmp_path / "tokenizer.json") is None
    assert tokenizer.find("no-such-model", tmp_path) is None
