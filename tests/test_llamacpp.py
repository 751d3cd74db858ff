"""The llama.cpp child: what it is told, and the real engine on a tiny random model. Ids as in facts/pitfalls.md."""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest
from patience import LIMIT, until
from tiny_workspace import gguf

from chatstylebot.serving import llamacpp

ASKED = {"messages": [{"role": "user", "content": "PLUMTREE 你好"}], "max_tokens": 8, "temperature": 0}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a GGUF, under a name with spaces and Chinese in it."""
    folder = tmp_path_factory.mktemp("ggufs") / "我的 模型"
    folder.mkdir()
    return gguf(folder / "tiny 小.gguf")


@contextmanager
def child(model: Path, *more: str, key: str = "k3y", log: IO[str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """The child program, started; killed at the end if it is still there."""
    line = [sys.executable, "-m", "chatstylebot.serving.llamacpp", str(model)]
    settings = ("--slots", "8", "--threads", "2", "--context", "256")
    run = subprocess.Popen([*line, *settings, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=log or subprocess.PIPE, encoding="utf-8",
                           env=os.environ | {"PYTHONUTF8": "1", "CSB_ENGINE_KEY": key})  # fmt: skip
    with run:
        try:
            yield run
        finally:
            run.kill()


def reached(run: subprocess.Popen[str]) -> str:
    """The address that the child tells in its one line."""
    assert run.stdout is not None
    told = json.loads(run.stdout.readline())
    assert set(told) == {"port"}
    return f"http://127.0.0.1:{told['port']}"


def refused(model: Path, **env: str) -> str:
    """What a child says that cannot start, on lines of its own: llama.cpp may be writing one."""
    line = [sys.executable, "-m", "chatstylebot.serving.llamacpp", str(model), "--slots", "1", "--threads", "1"]
    done = subprocess.run([*line, "--context", "64"], capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL,
                          env=os.environ | {"PYTHONUTF8": "1"} | env)  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr[done.stderr.index("\nerror: ") + 1 :]


def test_the_context_is_per_chat_and_the_port_is_private_SEC_1_SEC_3() -> None:
    asked = argparse.Namespace(model=Path("m.gguf"), alias="clone", slots=8, threads=2, context=2048)
    told = llamacpp.settings(asked, "k3y")
    assert (told["n_parallel"], told["n_ctx"]) == (8, 16384)
    assert (told["cpuparams.n_threads"], told["cpuparams_batch.n_threads"]) == (2, 2)
    assert (told["hostnames"], told["api_keys"], told["cors_origins"]) == (["127.0.0.1"], ["k3y"], "")
    assert (told["endpoint_slots"], told["ui"]) == (False, False)
    assert told["verbosity"] < 4  # from there on llama.cpp logs prompts


def test_a_file_that_is_no_model_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_text("<html>", "utf-8")
    told = refused(tmp_path / "m.gguf", CSB_ENGINE_KEY="k")
    assert told == f"error: {tmp_path / 'm.gguf'} is no GGUF file\ntry: csb export --gguf q8_0 makes one\n"
    assert "cannot be read: No such file" in refused(tmp_path / "nowhere.gguf", CSB_ENGINE_KEY="k")


def test_without_a_key_nothing_starts(tmp_path: Path) -> None:
    assert refused(tmp_path / "m.gguf", CSB_ENGINE_KEY="").startswith("error: CSB_ENGINE_KEY is not set")


def test_a_missing_engine_is_one_line_and_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('no such wheel')", "utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    told = refused(tmp_path / "m.gguf", CSB_ENGINE_KEY="k", PYTHONPATH=path)
    assert told.startswith("error: xllamacpp is not installed (no such wheel)\ntry: pip install ")
    assert "[cpu]" in told


@pytest.mark.engine
def test_it_answers_who_has_the_key_and_nobody_else_SEC_1(model: Path) -> None:
    with child(model, "--alias", "mia") as run, httpx.Client(base_url=reached(run)) as http:
        evil = {"Origin": "http://evil.example"}
        for path in ("/v1/models", "/props", "/slots"):
            assert http.get(path).status_code == 401
        assert http.post("/v1/chat/completions", json=ASKED).status_code == 401
        assert http.post("/v1/chat/completions", json=ASKED, headers={"Authorization": "Bearer x"}).status_code == 401
        http.headers["Authorization"] = "Bearer k3y"
        told = http.post("/v1/chat/completions", json=ASKED, headers=evil)
        assert told.status_code == 200
        assert not told.headers.get("Access-Control-Allow-Origin")
        assert told.json()["usage"]["completion_tokens"] == 8
        assert http.get("/v1/models").json()["data"][0]["id"] == "mia"
        assert http.get("/slots").status_code == 501
        assert http.get("/").status_code == 404


@pytest.mark.engine
def test_eight_chats_at_once_are_each_answered_as_if_alone(model: Path) -> None:
    with child(model) as run:
        auth = {"Authorization": "Bearer k3y"}
        with httpx.Client(base_url=reached(run), headers=auth, timeout=LIMIT) as http, ThreadPoolExecutor(8) as pool:

            def ask(number: int) -> str:
                body = ASKED | {"messages": [{"role": "user", "content": f"chat {number}"}], "seed": number}
                body["temperature"] = 2.0  # the greedy answer of random weights is one letter again and again
                return str(http.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"])

            alone = [ask(number) for number in range(8)]
            assert list(pool.map(ask, range(8))) == alone
            assert len(set(alone)) > 1


@pytest.mark.engine
def test_no_word_of_a_chat_stands_in_its_log_SEC_3(model: Path, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="utf-8") as log, child(model, log=log) as run:
        auth = {"Authorization": "Bearer k3y"}
        with httpx.Client(base_url=reached(run), headers=auth) as http:
            long = {"messages": [{"role": "user", "content": "PLUMTREE " * 400}]}
            assert http.post("/v1/chat/completions", json=ASKED).status_code == 200
            assert http.post("/v1/chat/completions", json=long).status_code == 400
            assert http.post("/v1/chat/completions", content="{PLUMTREE").status_code >= 400
        assert run.stdin is not None
        run.stdin.close()
        assert run.wait(LIMIT) == 0
        assert run.stdout is not None
        assert run.stdout.read() == ""
    assert "PLUMTREE" not in (tmp_path / "log").read_text("utf-8")


@pytest.mark.engine
@pytest.mark.parametrize("how", ["stdin", "term"])
def test_it_ends_with_its_stdin_and_on_sigterm_in_mid_answer_too(model: Path, how: str) -> None:
    if how == "term" and os.name == "nt":
        pytest.skip("Windows has no SIGTERM")
    with child(model) as run:
        auth = {"Authorization": "Bearer k3y"}
        body = ASKED | {"stream": True, "max_tokens": 200, "ignore_eos": True}
        with (
            httpx.Client(base_url=reached(run), headers=auth) as http,
            http.stream("POST", "/v1/chat/completions", json=body) as told,
        ):
            next(told.iter_lines())
            if how == "stdin":
                assert run.stdin is not None
                run.stdin.close()
            else:
                run.send_signal(signal.SIGTERM)
            assert run.wait(LIMIT) == 0


@pytest.mark.engine
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_parent_killed_with_9_leaves_no_orphan(model: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "run = subprocess.Popen([sys.executable, '-m', 'chatstylebot.serving.llamacpp', sys.argv[1], '--slots', '1',"
        " '--threads', '1', '--context', '64'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "run.stdout.readline(); print(run.pid, flush=True); run.wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(model)], stdout=subprocess.PIPE, encoding="utf-8",
                              env=os.environ | {"CSB_ENGINE_KEY": "k"})  # fmt: skip
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    until(lambda: gone(pid), lambda: "the engine outlived its parent")


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return not state or state.startswith("Z")


@pytest.mark.engine
def test_a_model_cut_short_ends_the_child_with_a_reason_and_a_remedy(model: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(model.read_bytes()[:5000])
    told = refused(cut, CSB_ENGINE_KEY="k").splitlines()  # llama.cpp writes its own lines from another thread
    problem, remedy = (line for line in told if line.startswith(("error: ", "try: ")))
    assert problem == f"error: llama.cpp cannot load {cut}"
    assert remedy.startswith("try: if csb made it: remove it, and csb serve makes it anew")
