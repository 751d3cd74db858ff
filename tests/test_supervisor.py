"""An engine is a child that is started again after a crash, and never outlives the gateway."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from gateway import OWNER, fake, limits, running
from patience import LIMIT, until
from starlette.applications import Starlette
from test_gateway import ask, events

from chatstylebot.serving import server, supervisor
from chatstylebot.serving.engines import Spec


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_crash_in_mid_stream_is_a_clean_error_and_the_next_request_is_answered(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits()) as where:
        found = events(ask(where, "a b c !crash", stream=True))
        assert found[-2]["error"]["code"] == "engine_unavailable"
        assert found[-1] == "[DONE]"
        assert ask(where, "hi").status_code == 200
        assert where.engine.restarts == 1
        assert 'csb_engine_restarts_total{model="clone"} 1.0' in httpx.get(f"{where.url}/metrics").text


def test_a_killed_engine_comes_back_and_its_old_group_is_gone(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits()) as where:
        for _ in range(2):
            pid = where.engine.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            until(lambda: where.engine.pid not in (None, pid))  # noqa: B023
            assert ask(where, "hi").status_code == 200
            assert not alive(pid)


def test_a_request_that_finds_the_engine_just_dead_is_answered_by_the_next_one(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits()) as where:
        for stream in (False, True, False):
            assert where.engine.pid is not None
            os.kill(where.engine.pid, signal.SIGKILL)
            answer = ask(where, "hi", stream=stream)  # at once: the keeper may not know yet
            assert answer.status_code == 200, answer.text
            assert "hi" in answer.text
        assert where.engine.restarts == 3


def test_a_prompt_that_kills_the_engine_is_tried_twice_and_no_more(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits()) as where:
        refused = ask(where, "!crash")
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert ask(where, "hi").status_code == 200
        assert where.engine.restarts == 2


def test_before_the_engine_answers_the_gateway_lives_but_is_not_ready(tmp_path: Path) -> None:
    spec = fake(tmp_path, env={"SLOW_START": "2"})
    with running(tmp_path, [spec], choices=limits(), wait=False) as where:
        until(lambda: _code(f"{where.url}/healthz") == 200)
        assert _code(f"{where.url}/readyz") == 503
        assert ask(where, "hi").status_code == 200  # it waited for the engine
        assert _code(f"{where.url}/readyz") == 200


def _code(url: str) -> int:
    try:
        return httpx.get(url).status_code
    except httpx.HTTPError:
        return 0


def test_an_engine_that_fails_once_is_tried_again(tmp_path: Path) -> None:
    env = {"STARTS": str(tmp_path / "starts"), "FAIL_STARTS": "1"}
    with running(tmp_path, [fake(tmp_path, env=env)], choices=limits()) as where:
        assert ask(where, "hi").status_code == 200


def test_an_engine_that_never_starts_ends_the_gateway(tmp_path: Path) -> None:
    env = {"STARTS": str(tmp_path / "starts"), "FAIL_STARTS": "9"}
    with running(tmp_path, [fake(tmp_path, env=env)], choices=limits(), wait=False) as where:
        until(lambda: where.engine.state == "failed")
        until(lambda: _code(f"{where.url}/healthz") == 0)
    assert len((tmp_path / "starts").read_text().splitlines()) == 2
    assert "the model is broken" in (tmp_path / "clone.log").read_text()


def test_an_engine_that_was_ready_once_is_started_again_however_often_it_fails(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    env = {"STARTS": str(starts), "FAIL_STARTS": "2-3"}
    with running(tmp_path, [fake(tmp_path, env=env)], choices=limits()) as where:
        assert events(ask(where, "a !crash", stream=True))[-1] == "[DONE]"
        assert ask(where, "hi").status_code == 200
        assert len(starts.read_text().splitlines()) == 4


def test_for_an_engine_that_does_not_start_any_more_nobody_waits_and_it_comes_back_all_the_same(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    env = {"STARTS": str(starts), "FAIL_STARTS": "2-5"}
    with running(tmp_path, [fake(tmp_path, env=env)], choices=limits()) as where:
        assert ask(where, "a !crash", stream=True).status_code == 200
        refused = ask(where, "hi")  # it waits for the first starts, and not for the later ones
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "engine_unavailable")
        assert len(starts.read_text().splitlines()) == 4
        until(lambda: where.engine.state == "ready")
        assert ask(where, "hi").status_code == 200


def test_a_program_that_cannot_be_started_ends_the_gateway(tmp_path: Path) -> None:
    spec = fake(tmp_path)
    assert spec.start is not None
    gone = replace(spec, start=replace(spec.start, argv=(str(tmp_path / "gone"),)))
    with running(tmp_path, [gone], choices=limits(), wait=False) as where:
        until(lambda: where.engine.state == "failed")
        until(lambda: _code(f"{where.url}/healthz") == 0)
    assert "gone" in (tmp_path / "clone.log").read_text()


@contextmanager
def elsewhere() -> Iterator[tuple[str, list[int]]]:
    """The address of a server that answers every question with the first of these codes."""
    codes = [200]

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"data": [{"id": "m"}]}'
            self.send_response(codes[0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", codes
        finally:
            server.shutdown()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "WATCH", (0.05, 0.05))


def test_a_server_elsewhere_that_refuses_our_key_at_first_ends_the_gateway(tmp_path: Path, soon: None) -> None:
    with elsewhere() as (url, codes):
        codes[0] = 401
        with running(tmp_path, [Spec("clone", "clone", "url", 2, url=url)], wait=False) as where:
            until(lambda: where.engine.state == "failed")
            until(lambda: _code(f"{where.url}/healthz") == 0)


def test_a_server_elsewhere_that_refuses_later_is_asked_again(tmp_path: Path, soon: None) -> None:
    with elsewhere() as (url, codes), running(tmp_path, [Spec("clone", "clone", "url", 2, url=url)]) as where:
        for code, state in ((403, "restarting"), (200, "ready"), (500, "restarting"), (200, "ready")):
            codes[0] = code
            until(lambda: where.engine.state == state)  # noqa: B023


def test_a_gateway_that_is_stopped_before_the_engine_answers_never_says_ready(tmp_path: Path) -> None:
    said: list[str] = []

    async def go() -> None:
        engine, where = supervisor.Engine(fake(tmp_path, env={"SLOW_START": "60"})), server.listen("127.0.0.1", 0)

        @contextlib.asynccontextmanager
        async def life(app: Starlette) -> AsyncIterator[None]:
            work = asyncio.create_task(engine.run())
            yield
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

        job = asyncio.create_task(server.serve(Starlette(lifespan=life), where, [engine], lambda: said.append("ready")))
        while not engine.pid:
            await asyncio.sleep(0.01)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        where.close()

    asyncio.run(go())
    assert said == []


def test_the_end_of_the_gateway_ends_the_engine(tmp_path: Path) -> None:
    with running(tmp_path, choices=limits()) as where:
        pid = where.engine.pid
        assert pid is not None
    assert not alive(pid)


def test_the_engine_s_log_is_its_owner_s_alone_and_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LOG_LIMIT", 1000)
    with supervisor._Log(tmp_path / "engine.log") as log:
        for _ in range(100):
            log.add(b"x" * 99 + b"\n")
    assert (tmp_path / "engine.log").stat().st_size <= 1000
    assert (tmp_path / "engine.log").stat().st_mode & 0o777 == 0o600


CHILD = """
import subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(grandchild.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def leashed() -> tuple[subprocess.Popen[bytes], int]:
    """A program on the leash, and the process that it started."""
    argv = [sys.executable, "-m", "chatstylebot.leash", sys.executable, "-c", CHILD]
    held = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert held.stdout is not None
    return held, int(held.stdout.readline())


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
@pytest.mark.parametrize("how", ["stdin", "term", "kill the child"])
def test_on_the_leash_nothing_is_left_behind(leashed: tuple[subprocess.Popen[bytes], int], how: str) -> None:
    held, grandchild = leashed
    assert held.stdin is not None
    assert held.stdout is not None
    if how == "stdin":
        held.stdin.close()
    elif how == "term":
        held.send_signal(signal.SIGTERM)
    else:
        parent = int(Path(f"/proc/{grandchild}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(parent, signal.SIGKILL)
    held.wait(LIMIT)
    until(lambda: not alive(grandchild))
    held.stdout.close()
    if not held.stdin.closed:
        held.stdin.close()


def test_the_leash_ends_with_the_program_s_own_code() -> None:
    argv = [sys.executable, "-m", "chatstylebot.leash", sys.executable, "-c", "raise SystemExit(3)"]
    held = subprocess.Popen(argv, stdin=subprocess.PIPE)
    assert held.wait(LIMIT) == 3
    assert held.stdin is not None
    held.stdin.close()


def test_a_program_that_the_system_killed_ends_as_a_shell_tells_it() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    argv = [sys.executable, "-m", "chatstylebot.leash", sys.executable, "-c", code]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as held:
        assert held.wait(LIMIT) == 137


def gateway_alone(folder: Path) -> subprocess.Popen[str]:
    """A gateway as a process of its own; it prints its URL and its engine's process id."""
    code = (
        "import sys, json, time\nfrom pathlib import Path\nfrom gateway import running, limits\n"
        "with running(Path(sys.argv[1]), choices=limits()) as where:\n"
        "    print(json.dumps([where.url, where.engine.pid]), flush=True)\n    sys.stdin.read()\n"
    )
    env = os.environ | {"PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", code, str(folder)], text=True, env=env, **pipes)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def alone(tmp_path: Path) -> Callable[[], tuple[subprocess.Popen[str], str, int]]:
    def start() -> tuple[subprocess.Popen[str], str, int]:
        process = gateway_alone(tmp_path)
        assert process.stdout is not None
        url, pid = json.loads(process.stdout.readline())
        return process, url, pid

    return start


def close(process: subprocess.Popen[str]) -> None:
    process.wait(LIMIT)
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
def test_kill_9_of_the_gateway_leaves_no_engine_behind(
    alone: Callable[[], tuple[subprocess.Popen[str], str, int]],
) -> None:
    process, _, pid = alone()
    assert alive(pid)
    process.kill()
    close(process)
    until(lambda: not alive(pid))


def test_kill_9_of_the_gateway_loses_no_acknowledged_vote(
    tmp_path: Path, alone: Callable[[], tuple[subprocess.Popen[str], str, int]]
) -> None:
    import random
    import sqlite3
    import threading

    dice, kept, owner = random.Random(7), [], {"Authorization": f"Bearer {OWNER}"}
    for round_ in range(4):
        process, url, _ = alone()
        timer = threading.Timer(0.5 + dice.random(), process.kill)
        timer.start()
        for number in range(10_000):
            told = {"messages": [{"role": "user", "content": "hi"}], "candidates": [f"answer {number}"]}
            vote = {"id": f"{round_}-{number}", "completion": "gone", "verdict": "good", **told}
            try:
                if httpx.post(f"{url}/v1/feedback", json=vote, headers=owner).status_code == 201:
                    kept.append(vote["id"])
            except httpx.HTTPError:
                break
        timer.join()
        close(process)
    with sqlite3.connect(tmp_path / "feedback.sqlite") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        stored = {id for (id,) in database.execute("select id from records")}
    database.close()
    assert len(kept) > 20
    assert set(kept) <= stored
