"""`csb serve` with the real engines on a tiny random model, and other people's clients before it.

One workspace for all, whose GGUF is made once, by the fixture `llamacpp`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from patience import LIMIT
from safetensors.torch import load_file, save_file
from test_supervisor import alive
from tiny_workspace import FAST, csb, make

from chatstylebot.processes import free_port

pytestmark = [pytest.mark.engine, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a tiny model under the name of smollm2, and an adapter that was trained two steps."""
    folder = make(tmp_path_factory.mktemp("我的 workspace"))
    csb(folder, "train", *FAST, "max_steps=2", "max_samples=16")
    return folder


@dataclass
class Served:
    """A `csb serve` at work."""

    process: subprocess.Popen[str]
    port: int
    key: str
    said: list[str]

    @property
    def v1(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def serving(place: Path, *argv: str) -> Iterator[Served]:
    """`csb serve …`, ready; ended by Ctrl-C."""
    line = [
        sys.executable,
        "-m",
        "chatstylebot",
        "serve",
        "--port",
        str(port := free_port()),
        "--chats",
        "4",
        "--context",
        "512",
        *argv,
    ]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    process = subprocess.Popen(line, cwd=place, env=os.environ | {"PYTHONUTF8": "1"}, **pipes)  # type: ignore[call-overload]
    said: list[str] = []
    story = threading.Thread(target=lambda: said.extend(process.stderr))
    story.start()
    ready = process.stdout.readline()
    found = re.search(r"#key=(\S+)", ready)
    try:
        assert found, ready + "".join(said)
        yield Served(process, port, found[1], said)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(LIMIT)
        story.join(LIMIT)
        process.stdout.close()
        process.stderr.close()


@pytest.fixture(scope="module")
def llamacpp(place: Path) -> Iterator[Served]:
    """The clone on llama.cpp, with the base beside it and a key asked for."""
    with serving(place, "--with-base", "--require-key", "--rate", "0") as found:
        yield found


def test_on_a_cpu_the_gguf_is_made_once_checked_and_served(place: Path, llamacpp: Served) -> None:
    told = "".join(llamacpp.said)
    assert "engine: llamacpp (there is no GPU" in told
    assert "6 prompts have the same token ids as in training" in told
    assert sorted(path.name for path in (place / "exported").iterdir()) == [
        "SmolLM2-135M-Instruct-q8_0.gguf", "SmolLM2-135M-Instruct-q8_0.gguf.json",
        "smollm2_lora_sft-q8_0.gguf", "smollm2_lora_sft-q8_0.gguf.json",
    ]  # fmt: skip


def test_openai_s_own_client_passes(llamacpp: Served) -> None:
    import openai

    with openai.OpenAI(base_url=llamacpp.v1, api_key=llamacpp.key, max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["clone", "base"]
        hello = [{"role": "user", "content": "hi"}, {"role": "user", "content": "are you there?"}]
        done = client.chat.completions.create(model="clone", messages=hello, max_tokens=8, n=2, seed=1)  # type: ignore[arg-type]
        assert [choice.index for choice in done.choices] == [0, 1]
        assert done.usage is not None
        assert done.usage.prompt_tokens > 20
        again = client.chat.completions.create(model="clone", messages=hello, max_tokens=8, n=2, seed=1)  # type: ignore[arg-type]
        assert [c.message.content for c in done.choices] == [c.message.content for c in again.choices]
        asked = {"model": "clone", "messages": hello, "max_tokens": 8, "temperature": 0}
        whole = client.chat.completions.create(**asked).choices[0].message.content or ""  # type: ignore[call-overload]
        chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))  # type: ignore[call-overload]
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole
        assert chunks[-1].usage.completion_tokens <= 8
        stop = whole[2:4]
        cut = client.chat.completions.create(**asked, stop=[stop]).choices[0]  # type: ignore[call-overload]
        assert (cut.message.content, cut.finish_reason) == (whole[: whole.index(stop)], "stop")
        with pytest.raises(openai.BadRequestError, match="at least 1 item"):
            client.chat.completions.create(model="clone", messages=[])
    with (
        openai.OpenAI(base_url=llamacpp.v1, api_key="wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()


def test_langchain_and_llamaindex_get_answers(llamacpp: Served) -> None:
    from langchain_openai import ChatOpenAI
    from llama_index.llms.openai_like import OpenAILike

    chain = ChatOpenAI(base_url=llamacpp.v1, api_key=llamacpp.key, model="clone", max_tokens=8)  # type: ignore[arg-type,call-arg]
    assert isinstance(chain.invoke("hi").content, str)
    index = OpenAILike(model="clone", api_base=llamacpp.v1, api_key=llamacpp.key, is_chat_model=True, max_tokens=8)
    assert index.complete("hi").raw is not None


def test_the_clone_is_not_the_base_and_neither_echoes_cors(llamacpp: Served) -> None:
    headers = {"Authorization": f"Bearer {llamacpp.key}"}
    body = {"messages": [{"role": "user", "content": "A says 3 lol"}], "max_tokens": 8, "temperature": 0}
    for model in ("clone", "base"):
        answer = httpx.post(
            f"{llamacpp.v1}/chat/completions", json=body | {"model": model}, headers=headers, timeout=LIMIT
        )
        assert answer.json()["model"] == model
        assert "access-control-allow-origin" not in answer.headers


def test_the_logs_hold_no_word_of_a_chat_SEC_3(place: Path, llamacpp: Served) -> None:
    headers = {"Authorization": f"Bearer {llamacpp.key}"}
    body = {"messages": [{"role": "user", "content": "UNMISTAKABLE"}], "max_tokens": 4}
    assert httpx.post(f"{llamacpp.v1}/chat/completions", json=body, headers=headers, timeout=LIMIT).status_code == 200
    for path in (place / ".csb").rglob("*"):
        if path.is_file():
            assert b"UNMISTAKABLE" not in path.read_bytes(), path
    assert "UNMISTAKABLE" not in "".join(llamacpp.said)


@pytest.mark.usefixtures("llamacpp")
def test_a_second_start_serves_the_same_file_and_ctrl_c_leaves_nothing_behind(place: Path) -> None:
    with serving(place) as found:
        assert "making" not in "".join(found.said)
        children = subprocess.run(
            ["pgrep", "-P", str(found.process.pid)], capture_output=True, text=True
        ).stdout.split()
        assert children
    assert found.process.returncode in (0, 130)
    assert not any(alive(int(pid)) for pid in children)


def test_llamafactory_serves_the_same_prompt_streamed_or_not(place: Path) -> None:
    with serving(place, "--engine", "llamafactory") as found:
        body = {"messages": [{"role": "user", "content": "A says 3 lol"}], "max_tokens": 8, "temperature": 0}
        whole = httpx.post(f"{found.v1}/chat/completions", json=body, timeout=LIMIT).json()
        assert whole["usage"]["prompt_tokens"] > 20
        more = {"stream": True, "stream_options": {"include_usage": True}}
        streamed = httpx.post(f"{found.v1}/chat/completions", json=body | more, timeout=LIMIT)
        assert streamed.text.endswith("data: [DONE]\n\n")
        assert '"usage":{"prompt_tokens"' in streamed.text


def test_an_export_for_ollama_is_whole_and_a_second_one_is_refused(place: Path) -> None:
    done = csb(place, "export", "--gguf", "f16", "--output", "mine/mine")
    assert "the greedy answers is the same" in done.stderr
    text = (place / "mine/mine-f16.Modelfile").read_text("utf-8")
    assert 'SYSTEM """You are Mia, texting with a friend.' in text
    assert 'PARAMETER stop "<|im_end|>"' in text
    again = csb(place, "export", "--gguf", "f16", "--output", "mine/mine", code=1)
    assert "there is something in" in again.stderr


@pytest.mark.usefixtures("llamacpp")
def test_an_adapter_that_changed_makes_the_gguf_anew_and_ctrl_c_meanwhile_leaves_the_old_one_whole(
    place: Path, tmp_path: Path
) -> None:
    place = shutil.copytree(place, tmp_path / "workspace")
    weights = next((place / "saves").rglob("adapter_model.safetensors"))
    changed = {name: tensor * 1.5 for name, tensor in load_file(weights).items()}
    save_file(changed, weights, {"format": "pt"})
    old = place / "exported" / "smollm2_lora_sft-q8_0.gguf"
    before = old.read_bytes()
    line = [sys.executable, "-m", "chatstylebot", "serve"]
    process = subprocess.Popen(line, cwd=place, stderr=subprocess.PIPE, encoding="utf-8")
    assert process.stderr is not None
    assert any("it was made from another adapter" in said for said in process.stderr)
    process.send_signal(signal.SIGINT)
    process.stderr.read()
    process.stderr.close()
    assert process.wait(LIMIT) in (1, 130)
    assert old.read_bytes() == before
    assert not [path.name for path in old.parent.iterdir() if ".part" in path.name]
