"""Do OpenMP threads that wait spin or sleep, quiet and beside other work: python benchmarks/threads.py WORKSPACE

WORKSPACE holds a model and an adapter of it (`csb demo` leaves one in csb-demo). One run prints one table: six steps of
SFT of 16 samples each, and llama.cpp with eight chats at once, each once as libgomp does it by itself (its default
is GOMP_SPINCOUNT=300000) and once with what `processes.calm` adds, LLaMA-Factory's own API too; with nothing else on the
machine, and beside a busy loop on each core. Twenty minutes.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from serving import CHATS, measured

from chatstylebot.processes import CALM, free_port

WAYS = {"spinning": {"GOMP_SPINCOUNT": "300000"}, "sleeping": CALM}
TRAIN = (
    "dataset=chat_records", "max_steps=6", "per_device_train_batch_size=16", "gradient_accumulation_steps=1",
    "cutoff_len=256", "eval_strategy=no", "load_best_model_at_end=false", "early_stopping_steps=null",
    "save_strategy=no", "plot_loss=false",
)  # fmt: skip


@contextmanager
def beside(loops: int) -> Iterator[None]:
    """So many programs that do nothing, as fast as they can."""
    children = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def train(workspace: Path, env: dict[str, str]) -> float:
    """The engine's own seconds of the six steps."""
    output = Path(tempfile.mkdtemp(prefix="csb-threads-"))
    line = [sys.executable, "-m", "chatstylebot", "train", "--again", *TRAIN, f"output_dir={output / 'run'}"]
    try:
        subprocess.run(line, cwd=workspace, env=os.environ | env, check=True, capture_output=True)
        return float(json.loads((output / "run" / "train_results.json").read_text("utf-8"))["train_runtime"])
    finally:
        shutil.rmtree(output)


def serve(more: list[str], workspace: Path, env: dict[str, str]) -> float:
    """Tokens a second of eight chats."""
    port = free_port()
    line = [sys.executable, "-m", "chatstylebot", "serve", "--port", str(port), "--rate", "0", *more]
    return max(asyncio.run(measured(line, workspace, port, "", env, 2)).together)


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--times", type=int, default=1, help="how often each is measured")
    parser.add_argument("--only", default="", help="the rows that hold these words")
    asked = parser.parse_args()
    cores = os.cpu_count() or 1
    print(f"{cores} cores                              nothing else   a busy loop on each core", flush=True)
    works: dict[str, Callable[[Path, dict[str, str]], float]] = {"SFT, 6 steps, seconds": train}
    for threads in sorted({max(cores - 1, 1), cores}):
        more = ["--engine", "llamacpp", "--chats", str(CHATS), "--threads", str(threads)]
        works[f"llama.cpp, threads: {threads}, tokens/s"] = partial(serve, more)
    works["LLaMA-Factory's API, tokens/s"] = partial(serve, ["--engine", "llamafactory"])
    for what, work in ((what, work) for what, work in works.items() if asked.only in what):
        for way, env in WAYS.items():
            found = []
            for loops in (0, cores):
                with beside(loops):
                    found.append(" ".join(f"{work(asked.workspace, env):.1f}" for _ in range(asked.times)))
            print(f"{what:30} {way:9} {found[0]:>12} {found[1]:>16}", flush=True)


if __name__ == "__main__":
    main()
