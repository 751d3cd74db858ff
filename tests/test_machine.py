"""What the machine has, read from the words of nvidia-smi, the engine and the system."""

import os
import socket
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from chatstylebot.engine import machine

HEADER = "| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15    CUDA Version: 12.4     |"


def says(out: str = "", code: int = 0, err: str = "") -> machine.Run:
    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        return code, out, err

    return run


def test_gpus_are_read_with_their_memory() -> None:
    found = machine.gpus(says("NVIDIA H200, 143771, 143000, 570.1\nOdd, Name, [N/A], [N/A], 570.1\n"))
    assert found == [machine.Gpu("NVIDIA H200", 143771, 143000, "570.1"), machine.Gpu("Odd, Name", 0, 0, "570.1")]


@pytest.mark.parametrize(
    "run", [says(code=127), says("Failed to initialize NVML: Driver/library mismatch", 18), says("")]
)
def test_no_driver_is_no_gpu(run: machine.Run) -> None:
    assert machine.gpus(run) == []
    assert machine.driver_cuda(run) == ""


@pytest.mark.parametrize("line", [HEADER, "CUDA Version : 12.4", "CUDA UMD Version: 12.4"])
def test_the_driver_says_up_to_which_cuda(line: str) -> None:
    assert machine.driver_cuda(says(line)) == "12.4"


@pytest.mark.parametrize(
    ("torch", "driver", "good"), [("12.8", "12.4", True), ("13.0", "12.9", False), ("12.6", "13.0", True)]
)
def test_the_major_version_decides_whether_torch_fits(torch: str, driver: str, good: bool) -> None:
    assert machine.fits(torch, driver) is good


def test_an_engine_that_starts() -> None:
    seen = machine.engine(says("torch 2.14.1\ncuda 13.0\nusable 1\nbf16 1\nnoise\nstarted 1\n", err="a warning"))
    assert seen == machine.Engine("2.14.1", "13.0", usable=True, bf16=True)


def test_an_engine_that_does_not_start_says_why() -> None:
    trap = "RuntimeError: Detected that PyTorch and TorchAudio were compiled with different CUDA versions."
    seen = machine.engine(says("torch 2.15.0\ncuda none\nusable 0\nbf16 0\n", 1, f"Traceback\n  File x\n{trap}\n"))
    assert (seen.torch, seen.cuda, seen.failed) == ("2.15.0", "", trap)
    assert machine.engine(says(code=-9)).failed == "it ended with code -9"


def test_a_program_that_is_missing_or_hangs_is_a_code() -> None:
    assert machine.run(["no-such-program-here"])[0] == 127
    assert machine.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)[0] == 124


@pytest.mark.skipif(os.name == "nt", reason="the small program is a shell script")
def test_a_program_called_nvidia_smi_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f'#!/bin/sh\n[ $# = 0 ] && echo "{HEADER}" || echo "Tesla T4, 15360, 15000, 550.54.15"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert machine.gpus() == [machine.Gpu("Tesla T4", 15360, 15000, "550.54.15")]
    assert machine.driver_cuda() == "12.4"


def test_this_machine_has_memory_cores_and_room(tmp_path: Path) -> None:
    total, free = machine.ram()
    assert total >= free >= 0
    assert machine.cores() >= 1
    assert machine.disk(tmp_path / "not" / "there" / "yet") > 0


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="a container's limit is read on Linux")
def test_memory_is_what_the_container_may_use(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("100000\n")
    (tmp_path / "memory.current").write_text("90000\n")
    (tmp_path / "memory.stat").write_text("anon 50000\ninactive_file 30000\n")
    assert machine.ram(tmp_path) == (100_000, 40_000)
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.ram(tmp_path)[0] > 100_000


def test_a_port_in_use_is_not_free() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not machine.port_free(port)
    assert machine.port_free(port)
