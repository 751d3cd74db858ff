"""Merging an adapter into its base, with a small program in the engine's place."""

import os
import sys
import threading
from pathlib import Path

import pytest
from patience import LIMIT, until
from test_train import adapter, model

from chatstylebot import drafts
from chatstylebot.engine import llamafactory, merge
from chatstylebot.errors import UserError


@pytest.fixture
def values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The engine's keys for a base and an adapter; the engine ends with WORDS and CODE."""
    script = tmp_path / "llamafactory-cli"
    code = "import os, sys\nprint(os.environ['WORDS'])\nsys.exit(int(os.environ['CODE']))\n"
    script.write_text(f"#!{sys.executable}\n{code}")
    script.chmod(0o700)
    monkeypatch.setattr(llamafactory, "program", lambda: str(script))
    model(tmp_path / "base")
    adapter(tmp_path / "adapter", tmp_path / "base")
    told = {"model_name_or_path": str(tmp_path / "base"), "adapter_name_or_path": str(tmp_path / "adapter")}
    return told | {"template": "smollm", "finetuning_type": "lora"}


@pytest.mark.skipif(os.name == "nt", reason="file modes")
def test_what_is_written_for_the_engine_is_its_owner_s_alone(
    tmp_path: Path, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORDS", "all is well")
    monkeypatch.setenv("CODE", "0")
    with pytest.raises(UserError, match="the merged model is not whole"):
        merge.merge(values, tmp_path, tmp_path / "merged")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / ".csb").iterdir()}
    assert modes == {"export.yaml": 0o600, "export.log": 0o600}


@pytest.mark.skipif(os.name == "nt", reason="a script with a #! line")
def test_a_merge_that_runs_out_of_memory_is_not_told_to_train_otherwise(
    tmp_path: Path, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORDS", "RuntimeError: DefaultCPUAllocator: can't allocate memory")
    monkeypatch.setenv("CODE", "1")
    with pytest.raises(UserError, match="memory ran out") as error:
        merge.merge(values, tmp_path, tmp_path / "merged")
    assert "end other programs" in error.value.remedy
    assert not (tmp_path / "merged").exists()


def test_of_two_that_make_models_in_one_workspace_the_second_waits_for_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order: list[str] = []

    def second() -> None:
        with merge.turn(tmp_path):
            order.append("second")

    other = threading.Thread(target=second)
    with merge.turn(tmp_path):
        other.start()
        until(lambda: "another csb makes a model here: waiting for its end" in capsys.readouterr().err)
        order.append("first")
    other.join(LIMIT)
    assert order == ["first", "second"]


@pytest.mark.parametrize("place", ["file/merged", "file/deeper/merged"])
def test_where_nothing_can_be_written_that_is_told_in_two_lines(
    tmp_path: Path, values: dict[str, str], place: str
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"is a file|cannot be written to"):
        merge.merge(values, tmp_path, tmp_path / place)
    with pytest.raises(UserError, match="cannot be written to"), drafts.folder(tmp_path / place):
        pass
