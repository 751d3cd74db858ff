"""csb webchat: a quiet terminal, and a page that begins with the card's sampling."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from patience import LIMIT
from tiny_workspace import csb, make

from chatstylebot.engine import failures, llamafactory, webpage
from chatstylebot.processes import free_port

# a small `llamafactory.webui.interface`, whose page is the file server of Python and whose log is loud
INTERFACE = """
import http.server, os, sys, threading
from types import SimpleNamespace

def create_chat_box(engine, visible):
    return None, None, {name: SimpleNamespace(value=1, minimum=1, maximum=2) for name in ("top_p", "max_new_tokens")}

def fix_proxy(ipv6_enabled):
    pass

class Page:
    def queue(self):
        return self

    def launch(self, share, server_name, inbrowser, prevent_thread_lock):
        assert (share, server_name, inbrowser) == (False, "127.0.0.1", False)
        where = server_name, int(os.environ["GRADIO_SERVER_PORT"])
        self.server = http.server.ThreadingHTTPServer(where, http.server.SimpleHTTPRequestHandler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def block_thread(self):
        threading.Event().wait()

def create_web_demo():
    print("LOUD", sys.argv[1])
    _, _, parts = create_chat_box(None, visible=True)
    print("sliders", {name: part.value for name, part in parts.items()})
    if os.environ.get("DIES"):
        raise RuntimeError(os.environ["DIES"])
    return Page()
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with something that looks like a base model, and the small engine."""
    from test_train import model

    (tmp_path / "clone.yaml").write_text("name: Mia\nmodel: smollm2\nsampling: {top_p: 0.5, max_new_tokens: 77}\n")
    model(tmp_path / "models/SmolLM2-135M-Instruct")
    package = tmp_path / "engine/llamafactory/webui"
    package.mkdir(parents=True)
    for name, text in (("../__init__", ""), ("__init__", ""), ("interface", INTERFACE)):
        (package / f"{name}.py").write_text(text, "utf-8")
    return tmp_path


def with_engine(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(folder / "engine"), os.environ.get("PYTHONPATH", "")])}


@contextmanager
def webchat(folder: Path, *argv: str, **env: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A `csb webchat` that is ready, and its address; Ctrl-C at the end, which it must take."""
    line = [sys.executable, "-m", "chatstylebot", "webchat", "--port", str(free_port()), *argv]
    with subprocess.Popen(
        line, cwd=folder, env=os.environ | {"PYTHONUTF8": "1"} | env, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stderr
        try:
            ready = process.stdout.readline()
            assert ready.startswith(f"ready: http://127.0.0.1:{line[5]} (open it in a browser"), ready
            yield process, ready.split()[1]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(LIMIT)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C and file modes of POSIX")
def test_the_terminal_is_told_two_lines_and_the_log_the_rest_and_ctrl_c_ends_it_with_130(workspace: Path) -> None:
    with webchat(workspace, "--base", **with_engine(workspace)) as (process, url):
        assert httpx.get(url, timeout=LIMIT, trust_env=False).status_code == 200
    assert process.returncode == 130
    log = workspace / ".csb" / "webchat.log"
    assert log.stat().st_mode & 0o777 == 0o600
    assert "LOUD" in log.read_text("utf-8")
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_an_engine_that_dies_is_one_line_and_a_remedy(workspace: Path) -> None:
    env = with_engine(workspace) | {"DIES": "CUDA out of memory"}
    done = csb(workspace, "webchat", "--base", "--port", free_port(), code=1, **env)
    first, *rest = done.stderr.splitlines()
    assert first.startswith("starting the engine")
    assert rest[0] == "error: memory ran out: RuntimeError: CUDA out of memory"
    assert rest[1].startswith("try: end other programs")
    assert rest[1].endswith("webchat.log")
    assert "LOUD" not in done.stderr + done.stdout
    assert "sliders {'top_p': 0.5, 'max_new_tokens': 77}" in (workspace / ".csb/webchat.log").read_text("utf-8")


def test_a_slider_gets_as_wide_as_the_card_s_value() -> None:
    parts = {name: SimpleNamespace(value=1, minimum=8, maximum=10) for name in ("max_new_tokens", "top_p", "other")}
    webpage.set_sliders(parts, {"max_new_tokens": 4, "top_p": 12, "temperature": 1, "other": 9})
    told = {name: (part.value, part.minimum, part.maximum) for name, part in parts.items()}
    assert told == {"max_new_tokens": (4, 4, 10), "top_p": (12, 8, 12), "other": (1, 8, 10)}


def test_without_the_engine_in_this_python_its_own_command_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    what = llamafactory.Call(("/bin/llamafactory-cli", "webchat", "r.yaml"), {}, Path())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert llamafactory.page(what) == what
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert llamafactory.page(what).argv == (sys.executable, "-m", "chatstylebot.engine.webpage", "r.yaml")


def test_a_page_whose_port_was_taken_meanwhile_is_told_to_take_another() -> None:
    said = "OSError: Cannot find empty port in range: 7860-7860. You can specify a different port"
    found = failures.cause(said, 1, Path("webchat.log"), "page")
    assert found.problem.startswith("the port is taken")
    assert found.remedy.startswith("csb webchat --port")


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C of POSIX")
def test_the_engine_s_page_begins_with_the_card_s_sampling_and_prompt_and_its_log_holds_no_talk(tmp_path: Path) -> None:
    from gradio_client import Client

    make(tmp_path)
    card = tmp_path / "clone.yaml"
    sampling = "sampling: {temperature: 1.8, top_p: 0.83, max_new_tokens: 5, repetition_penalty: 1.25}\n"
    kept = re.sub(r"(?m)^(sampling|prompt):.*\n(?:[ #].*\n)*", "", card.read_text("utf-8"))
    card.write_text(kept + sampling, "utf-8")
    with webchat(tmp_path, "--base") as (_, url):
        told = httpx.get(f"{url}/config", timeout=LIMIT, trust_env=False).json()
        sliders = [part["props"] for part in told["components"] if part["type"] == "slider"]
        assert [slider["value"] for slider in sliders] == [5, 0.83, 1.8]  # in the order of the page
        assert all(slider["minimum"] <= slider["value"] <= slider["maximum"] for slider in sliders)
        boxes = [part["props"] for part in told["components"] if part["type"] == "textbox"]
        assert not any(box.get("value") for box in boxes)  # the prompt is the recipe's default_system

        def answer(system: str) -> str:
            client = Client(url, verbose=False)
            shown, *_ = client.predict([], "user", "UNMISTAKABLE", True, api_name="/append")
            more: list[Any] = ["", None, None, None, 16, 0.01, 0.01, True, True, True]
            said = client.predict(shown, "en", system, *more, api_name="/stream")
            client.close()
            return str((said[0] if isinstance(said, tuple) else said)[-1]["content"])

        prompt = re.search(r"(?m)^default_system: (.*)$", (tmp_path / ".csb/webchat.yaml").read_text("utf-8"))
        assert prompt
        assert answer("") == answer(prompt[1]) != answer("You are a pirate of the seven seas")
    assert "repetition_penalty: 1.25" in (tmp_path / ".csb/webchat.yaml").read_text("utf-8")
    assert "UNMISTAKABLE" not in (tmp_path / ".csb/webchat.log").read_text("utf-8")
