"""The keeper of llamafactory-cli: its command, its environment, its end, and what its last words mean."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from patience import until

from chatstylebot import processes
from chatstylebot.engine import failures, gguf, llamafactory
from chatstylebot.errors import UserError


def program(folder: Path, code: str) -> llamafactory.Call:
    """A small real program in the engine's place."""
    (folder / "engine.py").write_text(code, "utf-8")
    return llamafactory.Call((sys.executable, str(folder / "engine.py")), {"WORD": "given"}, folder)


def test_every_line_is_heard_and_kept(tmp_path: Path) -> None:
    heard: list[str] = []
    what = program(
        tmp_path, "import os\nprint('one ' + os.environ['WORD'])\nprint('bar 1\\rbar 2\\r', end='')\nprint()"
    )
    llamafactory.run(what, tmp_path / "logs" / "engine.log", heard.append)
    assert heard == ["one given", "bar 1", "bar 2"]
    assert "one given" in (tmp_path / "logs" / "engine.log").read_text("utf-8")


def test_a_failure_is_its_last_error_line_and_an_earlier_run_s_log_is_not_blamed(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("torch.cuda.OutOfMemoryError: CUDA out of memory\n", "utf-8")
    with pytest.raises(UserError, match="ended with code 3: ValueError: something odd"):
        llamafactory.run(
            program(tmp_path, "import sys\nprint('ValueError: something odd')\nsys.exit(3)"), log, lambda line: None
        )


@pytest.mark.skipif(os.name == "nt", reason="POSIX process groups")
def test_when_we_are_interrupted_the_engine_and_its_children_end(tmp_path: Path) -> None:
    child = f"import time\nopen({str(tmp_path / 'alive')!r}, 'w').close()\ntime.sleep(600)"
    code = f"import subprocess, sys\nprint('up', flush=True)\nsubprocess.run([sys.executable, '-c', {child!r}])"

    def heard(line: str) -> None:
        until((tmp_path / "alive").exists)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        llamafactory.run(program(tmp_path, code), tmp_path / "engine.log", heard)
    assert (tmp_path / "alive").exists()
    assert subprocess.run(["pgrep", "-f", str(tmp_path / "alive")], capture_output=True, text=True).stdout == ""


def test_a_call_is_private_local_and_as_one_would_type_it(tmp_path: Path) -> None:
    what = llamafactory.call("train", tmp_path / "r.yaml", tmp_path)
    assert what.argv[1:] == ("train", str(tmp_path / "r.yaml"))
    assert Path(what.argv[0]).name.startswith("llamafactory-cli")
    assert what.env["GRADIO_SERVER_NAME"] == "127.0.0.1"
    assert what.env["GRADIO_SHARE"] == "0"
    assert what.env["HF_DATASETS_CACHE"] == str(tmp_path / ".csb" / "cache")
    assert what.line().endswith(f"train {tmp_path / 'r.yaml'}")


@pytest.mark.parametrize(
    ("own", "told"),
    [({}, "PASSIVE 0"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE None"), ({"GOMP_SPINCOUNT": "5"}, "None 5")],
)
def test_threads_that_wait_do_not_spin_unless_the_user_wants_them_to(
    own: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in processes.CALM:
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    heard: list[str] = []
    code = f"import os\nprint(*map(os.environ.get, {list(processes.CALM)}))"
    what = llamafactory.call("train", tmp_path / "r.yaml", tmp_path)
    llamafactory.run(replace(program(tmp_path, code), env=what.env), tmp_path / "engine.log", heard.append)
    assert heard == [told]
    assert ("OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 " in what.line()) is (not own)
    assert "OMP_WAIT_POLICY" not in what.line(whole=False) or bool(own)


def test_of_a_gguf_s_children_the_probe_alone_spins_for_it_runs_llama_cpp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in processes.CALM:
        monkeypatch.delenv(name, raising=False)
    calls: list[llamafactory.Call] = []
    monkeypatch.setattr(llamafactory, "run", lambda what, *_, **__: calls.append(what))
    for module in ("reference", "converter", gguf.PROBE):
        gguf._child(module, [], tmp_path / "log")
    assert [processes.CALM.items() <= dict(what.env).items() for what in calls] == [True, True, False]


def test_several_gpus_and_machines_become_the_engine_s_environment() -> None:
    assert llamafactory.distributed() == {}
    assert llamafactory.distributed(deepspeed=True) == {"FORCE_TORCHRUN": "1"}
    assert llamafactory.distributed(nnodes=2, node_rank=1, master_addr="10.0.0.1") == {
        "FORCE_TORCHRUN": "1",
        "MASTER_ADDR": "10.0.0.1",
        "MASTER_PORT": "29500",
        "NNODES": "2",
        "NODE_RANK": "1",
    }
    with pytest.raises(UserError, match="need a meeting point"):
        llamafactory.distributed(nnodes=2)
    with pytest.raises(UserError, match="--node-rank 2 is not one of 2 machines"):
        llamafactory.distributed(nnodes=2, node_rank=2, master_addr="a")


def test_a_path_that_the_engine_would_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has a space in it"):
        llamafactory.call("train", tmp_path / "my recipe.yaml", tmp_path, {"FORCE_TORCHRUN": "1"})


@pytest.mark.parametrize(
    ("output", "code", "problem", "remedy"),
    [
        ("x\ntorch.OutOfMemoryError: CUDA out of memory. Tried to\n", 1, "memory ran out", "--method qlora"),
        ("RuntimeError: DefaultCPUAllocator: can't allocate memory", 1, "memory ran out", "cutoff_len"),
        ("loading\n", -9, "most often memory ran out", "smaller model"),
        ("OSError: x is not a valid model identifier listed on", 1, "the base model is not there", "csb download"),
        ("OSError: x does not appear to have a file named y", 1, "the base model is not there", "csb download"),
        ("ValueError: Undefined dataset chat_record in x", 1, "a dataset is missing", "csb preprocess"),
        ("RuntimeError: compiled with different CUDA versions.", 1, "torch does not fit", "csb doctor"),
        ("ImportError: Run `pip install x`", 1, "a package is missing", "csb doctor"),
        ("OSError: [Errno 28] No space left on device", 1, "the disk is full", "save_total_limit"),
        ("[rank1]: ValueError: boom\nx.y.ChildFailedError: \n", 1, "ValueError: boom", "log"),
        ("", 1, "it said nothing", "log"),
    ],
)  # fmt: skip
def test_last_words_become_one_line_and_a_remedy(output: str, code: int, problem: str, remedy: str) -> None:
    found = failures.cause(output, code, Path("engine.log"))
    assert problem in found.problem
    assert remedy in found.remedy
    assert "engine.log" in found.remedy


@pytest.mark.parametrize(
    ("output", "code", "problem", "remedy"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to", 1, "memory ran out", "fewer --chats"),
        ("loading", 137, "most often memory ran out", "a smaller --context"),
        ("ValueError: The model's max seq len (8192) is larger than the maximum number of tokens", 1,
         "the chats need more memory than there is", "a smaller --context"),
        ("OSError: [Errno 98] Address already in use", 1, "the port is taken", "start csb serve again"),
        ("ValueError: Template qwen9 does not exist.", 1, "the template is not known", "clone.yaml"),
        ("ImportError: Run `pip install x`", 1, "a package is missing", "csb doctor"),
        ("ValueError: Undefined dataset x", 3, "llamafactory-cli ended with code 3", "read its log"),
    ],
)  # fmt: skip
def test_an_engine_that_serves_gets_remedies_for_serving(output: str, code: int, problem: str, remedy: str) -> None:
    found = failures.cause(output, code, Path("serve-clone.log"), "serving")
    assert problem in found.problem
    assert remedy in found.remedy


@pytest.mark.parametrize("purpose", ["export", "serving"])
@pytest.mark.parametrize("said", [("memory ran out", "MemoryError: out of memory", 1), ("ended", "", -9)])
def test_no_advice_for_training_where_nothing_is_trained(purpose: failures.Purpose, said: tuple[str, str, int]) -> None:
    found = failures.cause(said[1], said[2], Path("x.log"), purpose)
    assert said[0] in found.problem
    assert "batch_size" not in found.remedy
    assert "cutoff" not in found.remedy


def test_one_of_our_own_programs_is_called_by_its_name(tmp_path: Path) -> None:
    what = llamafactory.Call((sys.executable, "-m", "chatstylebot.engine.gguf_probe"), {}, tmp_path)
    with pytest.raises(UserError, match="gguf_probe ended with code 1: IndexError"):
        llamafactory.run(what, tmp_path / "log", lambda line: None, "export")
