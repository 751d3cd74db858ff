"""Every kind of GGUF of one model: python benchmarks/kinds.py MODEL_FOLDER TEMPLATE

MODEL_FOLDER is a whole model (`csb export` leaves one in exported/). One run prints one table: size, seconds to make, how
many of the model's own greedy tokens the GGUF chooses as well after the same words (csb's check, with answers four
times as long), and tokens a second of one chat and of eight at once, on every core, always 64 tokens.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from serving import ASKED, CHATS, TOKENS, said, versions

from chatstylebot.client import Client
from chatstylebot.engine import gguf

ROUNDS = 3


async def speed(client: Client, chats: int) -> float:
    """Tokens a second of so many answers at once."""
    body = {"max_tokens": TOKENS, "temperature": 0.9, "top_k": 50, "ignore_eos": True}
    begin = time.perf_counter()
    found = await asyncio.gather(*(client.complete({"messages": [said(text)], **body}) for text in ASKED[:chats]))
    return sum(int(one["usage"]["completion_tokens"]) for one in found) / (time.perf_counter() - begin)


async def speeds(file: Path) -> tuple[float, float]:
    """The medians for one chat and for eight."""
    numbers = ("--slots", str(CHATS), "--threads", str(os.cpu_count()), "--context", "512")
    line = [sys.executable, "-m", "chatstylebot.serving.llamacpp", str(file), *numbers]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen(line, env=os.environ | {"CSB_ENGINE_KEY": "k"}, **pipes)  # type: ignore[call-overload]
    client = Client(f"http://127.0.0.1:{json.loads(child.stdout.readline())['port']}/v1", "k")
    try:
        await speed(client, CHATS)
        alone = [await speed(client, 1) for _ in range(ROUNDS)]
        return statistics.median(alone), statistics.median([await speed(client, CHATS) for _ in range(ROUNDS)])
    finally:
        await client.close()
        child.stdin.close()
        child.wait()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("template")
    asked = parser.parse_args()
    gguf.ANSWER *= 4
    gguf.AGREEMENT, gguf.ROUGH = {}, 0.0  # measured, not judged
    with tempfile.TemporaryDirectory(dir=asked.model.resolve().parent) as place:
        log = Path(place) / "log"
        told = gguf.reference(asked.model, asked.template, log)
        tokens = sum(len(case["answer"]) for case in told["cases"])
        print(f"{date.today()}, {os.cpu_count()} cores, {asked.model.name}, {tokens} tokens compared, {versions()}")
        print(f"{'':8}{'MB':>8}{'made in s':>11}{'same tokens':>13}{'one chat':>10}{'eight':>7}  tokens/s", flush=True)
        for kind in [*gguf.PLAIN, *reversed(gguf.QUANTIZED)]:
            file, begin = Path(place) / f"{kind}.gguf", time.perf_counter()
            gguf.convert(asked.model, file, kind, told["jinja"], {}, log)
            spent = time.perf_counter() - begin
            agreement = gguf.check(file, told, kind, log).agreement or 0.0
            alone, together = asyncio.run(speeds(file))
            size = file.stat().st_size / 1e6
            print(f"{kind:8}{size:8.0f}{spent:11.1f}{agreement:13.0%}{alone:10.0f}{together:7.0f}", flush=True)
            file.unlink()


if __name__ == "__main__":
    main()
