"""Time and memory of `csb preprocess` as a whole process, beside the original project's way, on the same files.

    python benchmarks/preprocess.py --messages 1000000 10000000 --runs 5

Twice for each size: a sound file, and one with some NUL bytes and stray quotes. Best of the runs: other processes only ever make one slower. CPU s (user + system) says more on a busy machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
Line = list[str | Path]


@dataclass(frozen=True)
class Run:
    """One process: wall and CPU seconds, peak memory in MB."""

    wall: float
    cpu: float
    peak: float


def measure(line: Line, folder: Path) -> Run:
    """Run a command to its end in a folder. Raises CalledProcessError when it fails."""
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    start = time.perf_counter()
    process = subprocess.Popen(line, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, [str(word) for word in line])
    unit = 1e6 if sys.platform == "darwin" else 1e3  # macOS counts bytes, Linux KiB
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def show(program: str, messages: int, runs: list[Run], samples: int) -> None:
    """One line of the table."""
    wall, cpu = min(run.wall for run in runs), min(run.cpu for run in runs)
    peak = max(run.peak for run in runs)
    print(f"{program:<24}{messages:>12,}{wall:>9.2f}{cpu:>9.2f}{peak:>10,.0f}{messages / wall:>14,.0f}{samples:>12,}")


def compare(folder: Path, messages: int, contacts: int, runs: int, original: bool, odd: bool) -> None:
    """Both programs on a file of so many messages."""
    source = folder / f"{messages}.csv"
    sizes = ["--messages", str(messages), "--contacts", str(contacts), *(["--odd"] if odd else [])]
    subprocess.run([sys.executable, HERE / "make_chats.py", source, *sizes], check=True)
    source.read_bytes()  # both find it in the page cache
    ours: Line = [sys.executable, "-m", "chatstylebot", "preprocess", source]
    measured = []
    for _ in range(runs):  # each in a new folder, as the original's one run: to replace 165 MB takes time as well
        with tempfile.TemporaryDirectory(dir=folder) as place:
            measured.append(measure(ours, Path(place)))
            report = json.loads((Path(place) / ".csb" / "report.json").read_text("utf-8"))
    show("csb preprocess" + ", odd file" * odd, messages, measured, report["samples"])
    if original:
        target = folder / "original.json"
        theirs: Line = [sys.executable, HERE / "original_preprocess.py", source, target]
        slow = measure(theirs, folder)
        show("original's way", messages, [slow], len(json.loads(target.read_text("utf-8"))))
        print(f"{'':<24}{slow.wall / min(run.wall for run in measured):>11.1f}× faster")
    source.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5, help="of csb; the original's way runs once")
    parser.add_argument("--no-original", action="store_true")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, best of {options.runs}")
    print(f"{'program':<24}{'messages':>12}{'wall s':>9}{'CPU s':>9}{'peak MB':>10}{'messages/s':>14}{'samples':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for messages in options.messages:
            for odd in (False, True):
                compare(Path(folder), messages, options.contacts, options.runs, not options.no_original, odd)


if __name__ == "__main__":
    main()
