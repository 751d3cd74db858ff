"""What this machine has: GPUs and their driver, memory, cores, disk, ports, and whether the engine starts on it."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Run = Callable[[Sequence[str]], tuple[int, str, str]]  # argv → exit code, stdout, stderr

GPU_QUERY = ("nvidia-smi", "--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv,noheader,nounits")
# what training imports, one step after another, so that the last line says how far it came
ENGINE_START = """
import torch
print("torch", torch.__version__.split("+")[0], flush=True)
print("cuda", torch.version.cuda or torch.version.hip or "none", flush=True)
usable = torch.cuda.is_available()
print("usable", int(usable), flush=True)
print("bf16", int(usable and torch.cuda.get_device_capability()[0] >= 8), flush=True)
import torchaudio
import llamafactory.train.tuner
print("started", 1, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU as its driver describes it; memory in MiB, 0 where the driver does not tell."""

    name: str
    total: int
    free: int
    driver: str


@dataclass(frozen=True, slots=True)
class Engine:
    """What a trial start of the engine showed; `failed` is its last word when it did not start."""

    torch: str = ""
    cuda: str = ""  # the CUDA version torch is built for; "" for a torch without CUDA
    usable: bool = False  # whether torch can work on the GPU
    bf16: bool = False
    failed: str = ""


def run(argv: Sequence[str], timeout: float = 300) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a program; 127 when it is not there, 124 when it does not end."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    except OSError as error:
        return 127, "", str(error)
    except subprocess.TimeoutExpired:
        return 124, "", f"{argv[0]} did not end within {timeout:.0f} s"
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def gpus(run: Run = run) -> list[Gpu]:
    """The NVIDIA GPUs; [] where there is no driver, or it does not answer."""
    code, out, _ = run(GPU_QUERY)
    rows = [[cell.strip() for cell in line.rsplit(",", 3)] for line in out.splitlines() if line.count(",") >= 3]
    return [Gpu(name, _number(total), _number(free), driver) for name, total, free, driver in rows] if code == 0 else []


def driver_cuda(run: Run = run) -> str:
    """The newest CUDA version that the driver can run, such as "12.4"; "" when it does not say."""
    found = re.search(r"CUDA\s+(?:UMD\s+)?Version\s*:?\s*(\d+\.\d+)", run(("nvidia-smi",))[1])
    return found[1] if found else ""


def engine(run: Run = run) -> Engine:
    """Start the engine in a child as training does (some 10 seconds), and tell what was seen."""
    code, out, err = run((sys.executable, "-c", ENGINE_START))
    seen = dict(line.split(" ", 1) for line in out.splitlines() if " " in line)
    words = [line.strip() for line in err.splitlines() if line.strip()]
    failed = "" if "started" in seen else (words[-1] if words else f"it ended with code {code}")
    cuda = seen.get("cuda", "none")
    usable, bf16 = seen.get("usable") == "1", seen.get("bf16") == "1"
    return Engine(seen.get("torch", ""), "" if cuda == "none" else cuda, usable, bf16, failed)


def fits(torch_cuda: str, driver: str) -> bool:
    """Whether a torch built for one CUDA version runs on a driver for another: the major version decides."""
    return _version(torch_cuda)[:1] <= _version(driver)[:1]


def ram(group: Path = Path("/sys/fs/cgroup")) -> tuple[int, int]:
    """Bytes of memory: all of it, and what is free, within a container's limit; 0 where the system does not tell."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        found = dict(re.findall(r"(\w+):\s+(\d+) kB", meminfo.read_text()))
        total, free = int(found.get("MemTotal", 0)) * 1024, int(found.get("MemAvailable", 0)) * 1024
        limit, left = _memory_limit(group) or (total, free)
        return min(total, limit), min(free, left)
    if sys.platform == "win32":
        return _windows_ram()
    if "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), 0
    return 0, 0


def _memory_limit(group: Path) -> tuple[int, int] | None:
    """What a container may use and what is left of it, in bytes (cgroup v2); None where nothing limits it."""
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        kept = re.search(r"^inactive_file (\d+)$", (group / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # "max" where nothing limits it
        return None
    # files that were read are counted as used, and given back when memory is short
    return limit, max(limit - used + (int(kept[1]) if kept else 0), 0)


def _windows_ram() -> tuple[int, int]:
    import ctypes

    # MEMORYSTATUSEX: its length and the load in per cent, then total and free physical memory, then five more numbers
    status = (ctypes.c_ulonglong * 8)(64)
    getattr(ctypes, "windll").kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # noqa: B009 (only on Windows)
    return int(status[1]), int(status[2])


def cores() -> int:
    """CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quota(path: Path = Path("/sys/fs/cgroup/cpu.max")) -> float:
    """The cores that a container may use; infinite where nothing limits it."""
    try:
        limit, period = path.read_text().split()
        return float("inf") if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        return float("inf")


def idle_share(before: str, after: str) -> float:
    """How much of all cores was idle between two readings of /proc/stat; 1 where they do not tell."""
    first, last = ([int(number) for number in text.splitlines()[0].split()[1:]] for text in (before, after))
    passed = [late - early for early, late in zip(first, last, strict=True)]
    return (passed[3] + passed[4]) / sum(passed) if sum(passed) else 1.0


def free_cores(wait: float = 0.5) -> int:
    """Cores that are really free, at least one: llama.cpp collapses with more threads than that. Takes `wait` s."""
    stat = Path("/proc/stat")
    share = 1.0
    if stat.is_file():
        before = stat.read_text()
        time.sleep(wait)
        share = idle_share(before, stat.read_text())
    usable = min(cores(), _quota())
    return max(1, min(int(usable), round(share * (os.cpu_count() or 1))))


def disk(folder: Path) -> int:
    """Free bytes where the folder is, or will be."""
    there = next(p for p in (folder.resolve(), *folder.resolve().parents) if p.exists())
    return shutil.disk_usage(there).free


def port_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        if os.name != "nt":  # as servers do: a connection that has just ended is no obstacle
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _number(text: str) -> int:
    return int(float(text)) if re.fullmatch(r"\d+(\.\d+)?", text) else 0


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))
