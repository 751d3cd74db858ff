"""The gateway against the engine alone, and both engines side by side: python benchmarks/serving.py WORKSPACE

WORKSPACE holds a model and an adapter of it (`csb demo` leaves one in csb-demo). One run prints one table:

    8 chats at once, 64 new tokens each: llamafactory-cli api alone, and csb serve (llama.cpp) through the gateway
    overhead: one short request after another, at the engine alone and through the gateway, taking turns
    200 idle streaming clients: memory of the gateway's process
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatstylebot.client import Client, Trouble
from chatstylebot.processes import free_port

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
CHATS, TOKENS = 8, 64
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


async def eight(client: Client) -> float:
    """Tokens a second with 8 chats at once."""

    async def one(text: str) -> int:
        body = {"model": "clone", "messages": [{"role": "user", "content": text}], "max_tokens": TOKENS}
        found = await client.complete(body | {"temperature": 0.9, "top_p": 0.95})
        return int(found["usage"]["completion_tokens"])

    await one("warm up")
    begin = time.perf_counter()
    tokens = sum(await asyncio.gather(*(one(text) for text in ASKED)))
    return tokens / (time.perf_counter() - begin)


async def measured(argv: list[str], workspace: Path, port: int, key: str, env: dict[str, str]) -> float:
    """Start a server, measure it, end it."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(argv, cwd=workspace, env=os.environ | env, **quiet)  # type: ignore[call-overload]
    client = Client(f"http://127.0.0.1:{port}/v1", key)
    try:
        await ready(client, process)
        return max([await eight(client) for _ in range(2)])
    finally:
        await client.close()
        process.terminate()
        process.wait()


def engines(workspace: Path) -> None:
    """Both engines, one after the other."""
    import yaml

    from chatstylebot import card as cards
    from chatstylebot.engine import talk

    card = cards.find(workspace) or cards.Card()
    os.chdir(workspace)
    recipe = workspace / ".csb" / "bench.yaml"
    recipe.write_text(yaml.safe_dump(talk.recipe(card, workspace, None, None, False), allow_unicode=True))
    port, key = free_port(), secrets.token_hex(16)
    env = {
        "API_HOST": "127.0.0.1",
        "API_PORT": str(port),
        "API_KEY": key,
        "API_VERBOSE": "0",
        "CUDA_VISIBLE_DEVICES": "",
    }
    cli = str(Path(sys.executable).parent / "llamafactory-cli")
    theirs = asyncio.run(measured([cli, "api", str(recipe)], workspace, port, key, env))
    port = free_port()
    line = [sys.executable, "-m", "chatstylebot", "serve", "--port", str(port), "--rate", "0", "--chats", str(CHATS)]
    ours = asyncio.run(measured(line, workspace, port, "", {}))
    recipe.unlink()
    print(f"{CHATS} chats at once        tokens/s\n  llamafactory-cli api   {theirs:8.1f}")
    print(f"  csb serve (llama.cpp)  {ours:8.1f}   {ours / theirs:.1f} x")


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
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(alone(Path(folder)))
    if asked.workspace:
        engines(asked.workspace.resolve())


if __name__ == "__main__":
    main()
