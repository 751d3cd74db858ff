"""csb doctor: what each finding says, and the line that fixes it."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gateway import ENGINE_KEY

from chatstylebot import files
from chatstylebot.commands import doctor
from chatstylebot.commands.doctor import Check, Probes
from chatstylebot.engine.machine import Engine, Gpu
from chatstylebot.processes import free_port

T4 = Gpu("Tesla T4", 15360, 15000, "550.54.15")
GOOD = Engine("2.14.1", "13.0", usable=True, bf16=True)


def probes(**changes: Any) -> Probes:
    """A machine on which all is well."""
    well: dict[str, Any] = {
        "python": (3, 12, 1),
        "version": lambda package: {"llamafactory": "0.9.5"}.get(package, "1.0"),
        "engine": lambda: GOOD,
        "gpus": lambda: [T4],
        "driver_cuda": lambda: "13.0",
        "ram": lambda: (32 * 10**9, 16 * 10**9),
        "cores": lambda: 8,
        "disk": lambda folder: 100 * 10**9,
        "port_free": lambda port: True,
        "command": lambda name: f"/bin/{name}",
    }
    for key, value in changes.items():
        well[key] = value if callable(value) or key == "python" else lambda *_, value=value: value
    return Probes(**well)


def software(**changes: Any) -> dict[str, Check]:
    return {check.name: check for check in doctor.software(probes(**changes))}


def contents(workspace: Path) -> dict[str, Check]:
    return {check.name: check for check in doctor.contents(workspace, "smollm2")}


def test_a_good_machine_has_no_remedies() -> None:
    found = [*doctor.software(probes()), *doctor.hardware(Path(), probes()), *doctor.network(probes())]
    assert all(check.ok is True and not check.remedy for check in found)


def test_every_finding_that_is_not_well_has_a_remedy() -> None:
    ill = probes(python=(3, 10, 0), version="", gpus=[], ram=(10**9, 0), disk=10**9, port_free=False, command=None)
    found = [*doctor.software(ill), *doctor.hardware(Path(), ill), *doctor.network(ill)]
    assert all(check.remedy for check in found if check.ok is False)
    assert {check.name for check in found if check.ok is False} == {"Python", "engine", "hf command", "memory", "disk"}


def test_another_engine_version_names_the_tested_one() -> None:
    found = software(version="0.9.4")["engine"]
    assert (found.ok, found.remedy) == (False, "pip install llamafactory==0.9.5")


def test_the_torchaudio_trap_names_the_tested_set() -> None:
    trap = "RuntimeError: Detected that PyTorch and TorchAudio were compiled with different CUDA versions."
    found = software(engine=Engine("2.15.0", "13.2", failed=trap))["engine starts"]
    assert (found.ok, found.remedy) == (False, doctor.TESTED_TORCH)
    assert "different CUDA versions" in found.detail
    assert software(engine=Engine(failed="ModuleNotFoundError: No module named 'peft'"))["engine starts"].remedy == (
        files.install("train")
    )


@pytest.mark.parametrize(
    ("engine", "driver", "ok", "says"),
    [
        (GOOD, "13.0", True, "CUDA 13.0"),
        (GOOD, "12.4", False, "update the NVIDIA driver, or the build for CUDA 12.4 of pip install"),
        (GOOD, "11.8", False, "update the NVIDIA driver"),
        (Engine("2.14.1", ""), "13.0", False, "built without CUDA"),
        (Engine("2.14.1", "13.0", usable=False), "13.0", False, "CUDA_VISIBLE_DEVICES"),
        (Engine(failed="no torch"), "13.0", False, "torch does not start"),
    ],
)
def test_torch_must_fit_the_driver(engine: Engine, driver: str, ok: bool, says: str) -> None:
    found = software(engine=engine, driver_cuda=driver)["torch and driver"]
    assert found.ok is ok
    assert says in f"{found.detail} {found.remedy}"


def test_without_a_gpu_the_gpu_s_packages_may_be_missing() -> None:
    found = software(gpus=[], version=lambda package: "0.9.5" if package == "llamafactory" else "")
    assert [found[name].ok for name in ("torch and driver", "bitsandbytes", "deepspeed")] == [None, None, None]
    assert "bf16" not in found


def test_what_only_a_gpu_needs_says_what_for_and_names_the_line_where_there_is_one() -> None:
    def gone(package: str) -> str:
        return "" if package in ("bitsandbytes", "deepspeed") else "0.9.5"

    here = software(version=gone)
    assert here["bitsandbytes"] == Check("bitsandbytes", None, "not installed; it is for QLoRA", files.install("gpu"))
    assert here["deepspeed"].remedy == files.install("gpu")
    without = software(version=gone, gpus=[])
    assert without["bitsandbytes"] == Check("bitsandbytes", None, "not needed here: QLoRA wants an NVIDIA GPU")
    assert without["deepspeed"].detail == "not needed here: training on several GPUs wants NVIDIA GPUs"


def test_an_empty_folder_and_a_new_workspace(tmp_path: Path) -> None:
    assert not [check for check in contents(tmp_path).values() if check.ok is not None]
    (tmp_path / "clone.yaml").write_text("name: Mia\nmodel: qwen3\n")
    found = contents(tmp_path)
    assert found["clone.yaml"].ok is True
    assert (found["base model"].ok, found["base model"].remedy) == (False, "csb download qwen3")
    assert (found["data/chat_records.json"].ok, found["data/identity.json"].ok) == (False, None)


def test_a_broken_card_and_data_nobody_registered(tmp_path: Path) -> None:
    (tmp_path / "clone.yaml").write_text("nmae: Mia\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "chat_records.json").write_text('[{"instruction": "a", "output": "b"}]')
    (tmp_path / "data" / "identity.json").write_text("{")
    found = contents(tmp_path)
    assert "did you mean name?" in found["clone.yaml"].detail
    assert "does not list them" in found["data/chat_records.json"].detail
    assert found["data/identity.json"].ok is False
    (tmp_path / "data" / "dataset_info.json").write_text('{"chat_records": {"file_name": "chat_records.json"}}')
    assert contents(tmp_path)["data/chat_records.json"] == Check("data/chat_records.json", True, "1 sample")


def test_a_model_cut_short_and_an_adapter(tmp_path: Path) -> None:
    (tmp_path / "clone.yaml").write_text("model: models/mine\n")
    (tmp_path / "models" / "mine").mkdir(parents=True)
    (tmp_path / "models" / "mine" / "config.json").write_text("{}")
    found = contents(tmp_path)
    assert "the weights are missing" in found["base model"].detail
    assert found["adapter"].ok is None
    saved = tmp_path / "saves" / "mine" / "lora" / "sft"
    saved.mkdir(parents=True)
    (saved / "adapter_config.json").write_text("{}")
    assert contents(tmp_path)["adapter"].ok is True
    (tmp_path / "clone.yaml").write_text("adapter: saves/other\n")
    assert contents(tmp_path)["adapter"].ok is False


def test_a_console_that_is_not_utf_8_gets_plain_marks() -> None:
    found = [Check("a", True, "yes"), Check("bb", False, "no", "do it"), Check("c", None, "well")]
    assert list(doctor.lines(found, "utf-8")) == ["✓ a   yes", "✗ bb  no", "      → do it", "– c   well"]
    assert list(doctor.lines(found, "cp437")) == ["+ a   yes", "x bb  no", "      > do it", "- c   well"]


def test_where_a_url_answers_nothing_that_is_for_training_must_be_put_right(tmp_path: Path) -> None:
    (tmp_path / "clone.yaml").write_text("url: http://127.0.0.1:1/v1\n")
    ill = probes(version="", gpus=[], ram=(10**9, 0), disk=10**9, port_free=False, command=None)
    found = [*doctor.software(ill, "http://127.0.0.1:1/v1"), *doctor.hardware(tmp_path, ill)]
    found += [*contents(tmp_path).values(), *doctor.network(ill)]
    kept = [check for check in map(doctor.spared, found) if check.ok is False]
    assert [check.name for check in kept] == ["data/chat_records.json"]
    assert Check("csb serve", True, "would answer with the server of the url: a url is given") in found


def test_the_url_is_asked_whether_it_answers_and_has_the_model(
    place: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(url: str, model: str = "") -> Check:
        (place / "clone.yaml").write_text(f"url: {url}\nurl_model: '{model}'\n")
        return doctor.elsewhere(place)

    assert "CSB_ENGINE_KEY=" in found(engine).remedy
    monkeypatch.setenv("CSB_ENGINE_KEY", ENGINE_KEY)
    assert found(engine) == Check("url", True, f"{engine} answers, with fake")
    assert found(engine, "fake").ok
    assert found(engine, "qwen2.5:7b") == Check(
        "url", False, f"{engine} answers, and has no qwen2.5:7b; it has fake", "ollama pull qwen2.5:7b"
    )
    away = found(f"http://127.0.0.1:{free_port()}/v1")
    assert away.ok is False
    assert "ollama serve (Ollama is at https://ollama.com), ollama pull qwen2.5:7b" in away.remedy


def test_a_vendor_to_whom_nothing_may_go_yet_is_not_asked(place: Path) -> None:
    (place / "clone.yaml").write_text("url: https://nobody.invalid/v1\n")
    told = doctor.elsewhere(place)
    assert (told.ok, told.detail.split(":")[0]) == (None, "nobody.invalid is not asked")


@pytest.mark.engine
@pytest.mark.skipif(os.name == "nt", reason="the small program is a shell script")
def test_the_command_on_this_machine_with_a_driver_that_is_too_old(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\n[ $# = 0 ] && echo "CUDA Version: 11.4 " || echo "Tesla T4, 15360, 15000, 470.1"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    line = [sys.executable, "-m", "chatstylebot", "doctor", "--json"]
    done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, encoding="utf-8", check=False)
    found = {check["name"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 1
    assert found["engine starts"]["ok"] is True, found["engine starts"]
    assert found["torch and driver"]["ok"] is False
    assert "update the NVIDIA driver" in found["torch and driver"]["remedy"]
    assert set(found["GPU"]) == {"name", "ok", "detail", "remedy"}
