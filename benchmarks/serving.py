"""The gateway against the engine alone, and both engines side by side: python benchmarks/serving.py WORKSPACE

WORKSPACE holds a model and an adapter of it (`csb demo` leaves one in csb-demo). One run prints one table:

    llamafactory-cli api alone, and csb serve (llama.cpp) through the gateway, with 8 slots and, as Ollama does it by
    itself, with one: tokens a second and seconds to the first letter of 8 chats at once and of one alone (each of four
    messages, the next as soon as the last is answered; up to 64 new tokens), memory, loading
    overhead: one short request after another, at the engine alone and through the gateway, taking turns
    200 idle streaming clients: memory of the gateway's process
"""

import argparse
import asyncio
import json
import os
import platform
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import yaml

from chatstylebot.client import Client, Trouble
from chatstylebot.processes import free_port

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
CHATS, TOKENS, TURNS = 8, 64, 4
ASKED = ("what are you up to tonight?", "did you see the game", "lunch tomorrow?", "how was your day", "any news",
         "are you coming on sunday", "send me that song", "tell me something funny")  # fmt: skip


async def ready(client: Client, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers."""
    while process.poll() is None:
        try:
            await client.models()
            return
        except Trouble:
            await asyncio.sleep(0.5)
    raise SystemExit("the server ended")


@dataclass(frozen=True)
class Figures:
    """What one server was measured at: tokens a second, seconds, and MB."""

    loading: float
    together: list[float]  # tokens a second of 8 chats at once, in each round
    first: list[float]  # seconds to the first letter, of 8 chats at once
    alone: list[float]  # tokens a second of one chat
    alone_first: list[float]
    memory: float  # of all its processes, with 8 chats at work, shared pages counted once


def body(messages: list[dict[str, str]]) -> dict[str, object]:
    """One request; sampling as people chat."""
    return {"model": "clone", "messages": messages, "max_tokens": TOKENS, "temperature": 0.9, "top_p": 0.95}


def said(text: str) -> dict[str, str]:
    """A user's message."""
    return {"role": "user", "content": text}


async def speed(client: Client, chats: int) -> float:
    """Tokens a second of so many chats at once, each of some messages one after another."""

    async def one(number: int) -> int:
        messages: list[dict[str, str]] = []
        tokens = 0
        for turn in range(TURNS):
            messages.append(said(ASKED[(number + turn) % len(ASKED)]))
            found = await client.complete(body(messages))
            messages.append({"role": "assistant", "content": found["choices"][0]["message"]["content"]})
            tokens += found["usage"]["completion_tokens"]
        return tokens

    begin = time.perf_counter()
    return sum(await asyncio.gather(*map(one, range(chats)))) / (time.perf_counter() - begin)


async def patience(client: Client, chats: int) -> list[float]:
    """Seconds until each of so many chats at once shows its first letter."""

    async def one(number: int) -> float:
        begin, found = time.perf_counter(), None
        async for chunk in client.stream(body([said(ASKED[number])])):
            if found is None and any(choice["delta"].get("content") for choice in chunk["choices"]):
                found = time.perf_counter() - begin
        return found if found is not None else time.perf_counter() - begin  # an empty answer

    return list(await asyncio.gather(*map(one, range(chats))))


def memory(pid: int) -> float:
    """MB of a process and all below it; what several share is counted once."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(float(process.memory_full_info().pss) for process in tree) / 1e6


async def measured(argv: list[str], workspace: Path, port: int, key: str, env: dict[str, str], rounds: int) -> Figures:
    """Start a server, measure it, end it."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    begin = time.perf_counter()
    process = subprocess.Popen(argv, cwd=workspace, env=os.environ | env, **quiet)  # type: ignore[call-overload]
    client = Client(f"http://127.0.0.1:{port}/v1", key)
    try:
        await ready(client, process)
        loading = time.perf_counter() - begin
        await speed(client, 1)
        together, first, alone, alone_first = [], [], [], []
        for _ in range(rounds):
            together.append(await speed(client, CHATS))
            first += await patience(client, CHATS)
            alone.append(await speed(client, 1))
            alone_first += await patience(client, 1)
        return Figures(loading, together, first, alone, alone_first, memory(process.pid))
    finally:
        await client.close()
        process.terminate()
        process.wait()


def theirs(workspace: Path, rounds: int) -> Figures:
    """LLaMA-Factory's own server, as its users start it."""
    from chatstylebot import card as cards
    from chatstylebot.engine import talk

    card = cards.find(workspace) or cards.Card()
    recipe = workspace / ".csb" / "bench.yaml"
    recipe.write_text(yaml.safe_dump(talk.recipe(card, workspace, None, None, False), allow_unicode=True))
    port, key = free_port(), secrets.token_hex(16)
    env = {"API_HOST": "127.0.0.1", "API_PORT": str(port), "API_KEY": key, "API_VERBOSE": "0"}
    line = [str(Path(sys.executable).parent / "llamafactory-cli"), "api", str(recipe)]
    try:
        return asyncio.run(measured(line, workspace, port, key, env | {"CUDA_VISIBLE_DEVICES": ""}, rounds))
    finally:
        recipe.unlink()


def ours(workspace: Path, rounds: int, chats: int) -> Figures:
    """`csb serve`, whose GGUF is there already."""
    port = free_port()
    line = [sys.executable, "-m", "chatstylebot", "serve", "--engine", "llamacpp", "--port", str(port)]
    line += ["--rate", "0", "--chats", str(chats), "--threads", str(os.cpu_count())]
    return asyncio.run(measured(line, workspace, port, "", {}, rounds))


def engines(workspace: Path, rounds: int) -> None:
    """The table of the three servers, one after the other."""
    os.chdir(workspace)
    found = {
        "llamafactory-cli api": theirs(workspace, rounds),
        f"csb serve, {CHATS} slots": ours(workspace, rounds, CHATS),
        "csb serve, 1 slot": ours(workspace, rounds, 1),
    }
    base = found["llamafactory-cli api"]
    names = "".join(f"{name:>30}" for name in found)
    print(f"\n{date.today()}, {os.cpu_count()} cores, {platform.machine()}, {versions()}\n{'':38}{names}")

    def row(what: str, shown: Callable[[Figures], str]) -> None:
        print(f"{what:38}" + "".join(f"{shown(figures):>30}" for figures in found.values()))

    def times(mine: list[float], other: list[float]) -> str:
        return f"{middle(mine)}  {statistics.median(mine) / statistics.median(other):5.1f} x"

    row(f"{CHATS} chats at once, tokens/s", lambda f: times(f.together, base.together))
    row("  first letter after, s (median, last)", lambda f: f"{statistics.median(f.first):.2f}, {max(f.first):.2f}")
    row("one chat alone, tokens/s", lambda f: times(f.alone, base.alone))
    row("  first letter after, s", lambda f: f"{statistics.median(f.alone_first):.2f}")
    row("memory, MB", lambda f: f"{f.memory:.0f}")
    row("ready after, s", lambda f: f"{f.loading:.1f}")


def middle(values: list[float]) -> str:
    """The median, and the range."""
    return f"{statistics.median(values):.1f} ({min(values):.0f}–{max(values):.0f})"


def versions() -> str:
    """Of what was compared."""
    return ", ".join(
        f"{name} {metadata.version(name)}" for name in ("llamafactory", "torch", "transformers", "xllamacpp")
    )


GATEWAY = """
import json, sys
from pathlib import Path
from gateway import fake, limits, running
with running(Path(sys.argv[1]), [fake(Path(sys.argv[1]), slots=600)], choices=limits(waiting=600)) as where:
    client = where.engine.client
    print(json.dumps([where.v1, client.url, client._http.headers["authorization"].split()[1]]), flush=True)
    sys.stdin.read()
"""


@contextmanager
def gateway(folder: Path) -> Iterator[tuple[int, str, str, str]]:
    """A gateway before the tests' fake engine, in a process of its own: its id, both URLs and the engine's key."""
    path = os.pathsep.join(sys.path)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    argv = [sys.executable, "-c", GATEWAY, str(folder)]
    process = subprocess.Popen(argv, env=os.environ | {"PYTHONPATH": path}, **pipes)  # type: ignore[call-overload]
    try:
        yield process.pid, *json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


async def overhead(ours: Client, theirs: Client, times: int = 1000) -> tuple[list[float], list[float]]:
    """Milliseconds of the same short request through the gateway and at the engine alone, in turns."""
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 8}
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for client, times_of in zip((ours, theirs), spent, strict=True):
            begin = time.perf_counter()
            await client.complete(body)
            times_of.append((time.perf_counter() - begin) * 1000)
    return spent


async def idle(client: Client, pid: int, number: int = 200) -> float:
    """MB of the gateway's process with this many clients that wait for words."""

    async def one(started: asyncio.Semaphore) -> None:
        async for _ in client.stream({"messages": [{"role": "user", "content": "!sleep 30 a b"}]}):
            started.release()

    started = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(one(started)) for _ in range(number)]
    for _ in range(number):
        await started.acquire()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def alone(folder: Path) -> None:
    """Overhead and memory of the gateway itself."""
    with gateway(folder) as (pid, v1, engine, key):
        ours, theirs = Client(v1), Client(engine, key)
        await overhead(ours, theirs, 50)
        through, direct = await overhead(ours, theirs)
        added = [a - b for a, b in zip(through, direct, strict=True)]
        cut = statistics.quantiles(added, n=100)
        print(f"gateway overhead      p50 {cut[49]:.1f} ms   p99 {cut[98]:.1f} ms")
        print(f"200 idle streams      {await idle(ours, pid):.0f} MB")
        await ours.close()
        await theirs.close()


def main() -> None:
    """The program."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(alone(Path(folder)))
    if asked.workspace:
        engines(asked.workspace.resolve(), asked.rounds)


if __name__ == "__main__":
    main()
