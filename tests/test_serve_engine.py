"""`csb serve` with the real engines on a tiny random model, and other people's clients before it.

One workspace for all, whose GGUF is made once, by the fixture `llamacpp`.
"""

import json
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
from typing import Any

import httpx
import pytest
from patience import LIMIT
from safetensors.torch import load_file, save_file
from test_supervisor import alive
from tiny_workspace import FAST, csb, make

from chatstylebot.models import gguf_head
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
    keys = place / ".csb" / "keys"
    try:
        assert f"/ (the owner's key: {keys})" in ready, ready + "".join(said)  # on a pipe, no key
        yield Served(process, port, keys.read_text("utf-8").split()[-1], said)
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
    assert "7 prompts have the same token ids as in training" in told
    assert sorted(path.name for path in (place / "exported").iterdir()) == [
        "SmolLM2-135M-Instruct-q8_0.gguf", "smollm2_lora_sft-q8_0.gguf",
    ]  # fmt: skip


@pytest.fixture(scope="module", params=["llamacpp", "llamafactory"])
def either(request: pytest.FixtureRequest, place: Path) -> Iterator[Served]:
    """The clone on each engine, a key asked for."""
    if request.param == "llamacpp":
        yield request.getfixturevalue("llamacpp")
        return
    with serving(place, "--engine", "llamafactory", "--require-key", "--rate", "0") as found:
        yield found


def test_openai_s_own_client_passes(either: Served) -> None:
    import openai

    seeded = "engine: llamacpp" in "".join(either.said)
    hello = [{"role": "user", "content": "hi"}, {"role": "user", "content": "are you there?"}]
    with openai.OpenAI(base_url=either.v1, api_key=either.key, max_retries=0, timeout=LIMIT) as client:
        ask: Any = client.chat.completions.create
        assert "clone" in [model.id for model in client.models.list()]
        done = ask(model="clone", messages=hello, max_tokens=8, n=2)
        assert [choice.index for choice in done.choices] == [0, 1]
        assert done.usage.prompt_tokens > 20
        if seeded:
            one, other = (ask(model="clone", messages=hello, max_tokens=8, n=2, seed=1) for _ in range(2))
            assert [c.message.content for c in one.choices] == [c.message.content for c in other.choices]
        else:
            with pytest.raises(openai.BadRequestError, match="has no seed"):
                ask(model="clone", messages=hello, seed=1)
        asked = {"model": "clone", "messages": hello, "max_tokens": 8, "temperature": 0}
        whole = ask(**asked).choices[0].message.content or ""
        chunks = list(ask(**asked, stream=True, n=2, stream_options={"include_usage": True}))
        for index in (0, 1):
            parts = [c.choices[0] for c in chunks if c.choices and c.choices[0].index == index]
            assert "".join(part.delta.content or "" for part in parts) == whole
            assert parts[-1].finish_reason in ("stop", "length")
        # LLaMA-Factory's stream tells none: the gateway counts the text, in which a random model has half characters
        assert chunks[-1].usage.completion_tokens <= (16 if seeded else 64)
        stop = whole[2:4]
        cut = ask(**asked, stop=[stop]).choices[0]
        assert (cut.message.content, cut.finish_reason) == (whole[: whole.index(stop)], "stop")
        with pytest.raises(openai.BadRequestError, match="at least 1 item"):
            ask(model="clone", messages=[])
    wrong = openai.OpenAI(base_url=either.v1, api_key="wrong", max_retries=0)
    with wrong, pytest.raises(openai.AuthenticationError):
        wrong.models.list()


def test_a_control_token_in_a_client_s_text_is_text_to_the_engine(either: Served) -> None:
    def read(text: str) -> int:
        body = {"messages": [{"role": "user", "content": text}], "max_tokens": 1}
        headers = {"Authorization": f"Bearer {either.key}"}
        answer = httpx.post(f"{either.v1}/chat/completions", json=body, headers=headers, timeout=LIMIT)
        return int(answer.json()["usage"]["prompt_tokens"])

    assert read("hi <|im_end|>") - read("hi ") > 4  # as one token it would be the end of the turn


@pytest.mark.parametrize("page", ["docs/serving.md", "docs/serving_zh.md"])
def test_the_page_s_clients_get_answers(llamacpp: Served, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = (Path(__file__).parent.parent / page).read_text("utf-8")
    found = re.findall(r"^```python\n(.*?)^```$", shown, re.MULTILINE | re.DOTALL)
    assert [code.split()[1].partition(".")[0] for code in found] == ["openai", "langchain_openai", "llama_index"]
    for code in found:
        told = code.replace("http://127.0.0.1:8000/v1", llamacpp.v1).replace('"none"', repr(llamacpp.key))
        exec(told, {})
    assert len(capsys.readouterr().out.splitlines()) >= 3
    [line] = re.findall(r"^curl (\S+) -H '(.*): (.*)' -d '(.*)'$", shown, re.MULTILINE)
    headers = {line[1]: line[2], "Authorization": f"Bearer {llamacpp.key}"}
    answer = httpx.post(
        line[0].replace("http://127.0.0.1:8000/v1", llamacpp.v1), content=line[3], headers=headers, timeout=LIMIT
    )
    assert answer.json()["csb"]["bubbles"] is not None


def test_the_clone_is_not_the_base_and_neither_echoes_cors(llamacpp: Served) -> None:
    headers = {"Authorization": f"Bearer {llamacpp.key}"}
    body = {"messages": [{"role": "user", "content": "A says 3 lol"}], "max_tokens": 8, "temperature": 0}
    for model in ("clone", "base"):
        answer = httpx.post(
            f"{llamacpp.v1}/chat/completions", json=body | {"model": model}, headers=headers, timeout=LIMIT
        )
        assert answer.json()["model"] == model
        assert "access-control-allow-origin" not in answer.headers


def test_the_logs_hold_no_word_of_a_chat_SEC_3(place: Path, either: Served) -> None:
    headers = {"Authorization": f"Bearer {either.key}"}
    body = {"messages": [{"role": "user", "content": "UNMISTAKABLE"}], "max_tokens": 4}
    assert httpx.post(f"{either.v1}/chat/completions", json=body, headers=headers, timeout=LIMIT).status_code == 200
    for path in (place / ".csb").rglob("*"):
        if path.is_file():
            assert b"UNMISTAKABLE" not in path.read_bytes(), path
    assert "UNMISTAKABLE" not in "".join(either.said)


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


@pytest.mark.usefixtures("llamacpp")
def test_the_terminal_chat_starts_what_it_needs_and_leaves_nothing_behind(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chatstylebot", "chat"], cwd=place, input="hi\n/base\n/again\n", capture_output=True,
        encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"}, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "this is Mia; /help" in done.stderr
    assert "now the bare base model answers" in done.stderr
    # a tiny random model may say nothing at all
    assert done.stdout.startswith("Mia: ") or "the answer was empty" in done.stderr
    assert "\nbase: " in done.stdout or "the answer was empty" in done.stderr


def test_the_greedy_answers_of_an_f16_are_the_merged_model_s_and_it_says_what_it_was_made_of(place: Path) -> None:
    done = csb(place, "export", "--gguf", "f16", "--output", "mine/mine")
    assert "100% of the greedy tokens are those of the unquantised model" in done.stderr
    [run] = (place / "saves").rglob("csb_run.json")
    told = gguf_head.made_of(place / "mine/mine-f16.gguf")
    assert told["learnt"] == json.loads(run.read_text("utf-8"))["learnt"] != []
    assert (told["kind"], told["template"], bool(told["adapter"])) == ("f16", "smollm2", True)
    assert str(place).encode() not in (place / "mine/mine-f16.gguf").read_bytes()  # it may be given away


def test_a_small_kind_comes_from_llama_cpp_s_quantizer_with_a_modelfile(place: Path, tmp_path: Path) -> None:
    place = shutil.copytree(place, tmp_path / "workspace")
    model = place / "models" / "SmolLM2-135M-Instruct"
    shutil.rmtree(model)
    line = [
        sys.executable,
        Path(__file__).with_name("tiny_model.py"),
        model,
        "0",
        "endless",
    ]  # its rows can be quantized
    subprocess.run(line, check=True, capture_output=True)
    done = csb(place, "export", "--base", "--gguf", "Q4_K_M", "--output", "mine/small")
    assert "of the greedy tokens are those of the unquantised model" in done.stderr
    assert sorted(path.name for path in (place / "mine").glob("*small*")) == [
        "small-q4_k_m.Modelfile", "small-q4_k_m.gguf",
    ]  # fmt: skip
    assert gguf_head.read(place / "mine/small-q4_k_m.gguf")["general.file_type"] == 15  # llama.cpp's MOSTLY_Q4_K_M
    assert "ollama create my-clone -f mine/small-q4_k_m.Modelfile" in done.stdout


def test_an_export_for_ollama_is_whole_and_never_written_over(place: Path, tmp_path: Path) -> None:
    place = shutil.copytree(place, tmp_path / "workspace")
    done = csb(place, "export", "--gguf", "F16", "--output", "mine/small")
    assert "of the greedy tokens are those of the unquantised model" in done.stderr
    assert sorted(path.name for path in (place / "mine").glob("*small*")) == [
        "small", "small-f16.Modelfile", "small-f16.gguf",
    ]  # fmt: skip
    text = (place / "mine/small-f16.Modelfile").read_text("utf-8")
    assert "ollama create my-clone -f mine/small-f16.Modelfile" in done.stdout
    assert 'SYSTEM """You are Mia, texting with a friend.' in text
    assert 'PARAMETER stop "<|im_end|>"' in text
    again = csb(place, "export", "--gguf", "f16", "--output", "mine/small", code=1)
    assert "mine/small-f16.gguf is there already" in again.stderr
    assert "there is something in" in csb(place, "export", "--output", "mine/small", code=1).stderr
    other = csb(place, "export", "--gguf", "f32", "--output", "mine/small")  # another kind needs no second merging
    assert "the merged model in mine/small is of this adapter and base: it is used again" in other.stderr
    [weights] = (place / "saves").rglob("sft/adapter_model.safetensors")
    save_file({name: tensor * 1.5 for name, tensor in load_file(weights).items()}, weights, {"format": "pt"})
    changed = csb(place, "export", "--gguf", "bf16", "--output", "mine/small", code=1)
    assert "there is something in mine/small already" in changed.stderr


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
    assert any("is of another adapter" in said for said in process.stderr)
    process.send_signal(signal.SIGINT)
    process.stderr.read()
    process.stderr.close()
    assert process.wait(LIMIT) in (1, 130)
    assert old.read_bytes() == before
    assert not [path.name for path in old.parent.iterdir() if ".part" in path.name]
