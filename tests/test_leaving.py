"""A server elsewhere in the card: when it is taken, who gets what is said, and that the owner is asked before."""

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from conftest import Csb
from gateway import ENGINE_KEY, alone
from make import export, talk
from patience import LIMIT
from screen import Screen
from test_chat import chat

from chatstylebot.card import Card
from chatstylebot.errors import UserError
from chatstylebot.serving import engines, leaving
from chatstylebot.serving.leaving import Elsewhere
from chatstylebot.serving.supervisor import Engine
from chatstylebot.workspace import Workspace

CARD = Card(url="https://vendor.invalid/v1", url_model="big")
NAMED = Elsewhere(CARD.url, "big", named=True)
OURS = "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, NAMED),
        ({"--engine": "url"}, NAMED),
        ({"--url-model": "small"}, Elsewhere(CARD.url, "small", named=True)),
        ({"--url": OURS}, Elsewhere(OURS)),
        ({"--engine": "llamacpp"}, None),
        ({"--engine": "auto", "--gguf": Path("a.gguf")}, None),
        ({"--backend": "vllm"}, None),
        ({"--adapter": "saves/a"}, None),
        ({"--model": "qwen3"}, None),
        ({"--no-adapter": "", "--port": "1", "--model": None}, NAMED),
    ],
)
def test_what_is_typed_wins_over_the_card(asked: dict[str, Any], wanted: Elsewhere | None) -> None:
    assert leaving.elsewhere(CARD, asked) == wanted
    if "--url" not in asked:
        assert leaving.elsewhere(Card(), asked) is None


def test_options_are_read_as_they_are_typed() -> None:
    assert leaving.words([]) == {}
    assert leaving.words(["--gguf=a b", "--url", "http://x", "--yes"]) == {
        "--gguf": "a b", "--url": "http://x", "--yes": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "model", "who"),
    [
        (OURS, "qwen2.5:7b", ""),
        ("http://localhost:1/v1", "", ""),
        ("http://[::1]:1/v1", "", ""),
        ("http://192.168.0.2:11434/v1", "", "192.168.0.2"),
        ("https://API.Vendor.com/v1", "x", "api.vendor.com"),
        ("http://127.0.0.1.vendor.com/v1", "x", "127.0.0.1.vendor.com"),
        (OURS, "gpt-oss:120b-cloud", "the cloud behind 127.0.0.1:11434"),
    ],
)
def test_who_gets_what_is_said(url: str, model: str, who: str) -> None:
    assert Elsewhere(url, model).beyond == who


def test_each_host_is_agreed_to_once_and_the_answer_is_kept_for_its_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = Workspace(tmp_path)
    with pytest.raises(UserError, match=r"nothing goes to vendor\.invalid: there is nobody to ask") as told:
        leaving.confirm(own, CARD, NAMED, yes=False)
    assert told.value.remedy == "csb serve --yes, once: the answer is kept"
    assert not own.agreed.exists()
    leaving.confirm(own, CARD, NAMED, yes=True)
    said = capsys.readouterr().err
    for part in ("every message of everybody", "system prompt", "passages of past talk", "privacy: redact", "keep it"):
        assert part in said
    if os.name != "nt":
        assert stat.S_IMODE(own.agreed.stat().st_mode) == 0o600
    leaving.confirm(own, CARD, NAMED, yes=False)
    assert capsys.readouterr().err == ""
    typed = Elsewhere("http://other.invalid/v1", "a b")
    with pytest.raises(UserError) as told:
        leaving.confirm(own, CARD, typed, yes=False)
    line = "csb serve --yes --engine url --url http://other.invalid/v1 --url-model 'a b', once: the answer is kept"
    assert told.value.remedy == line
    leaving.confirm(own, CARD, typed, yes=True)
    assert json.loads(own.agreed.read_text()) == {"hosts": ["other.invalid", "vendor.invalid"]}
    own.agreed.write_text("[")
    assert not leaving.agreed(own, NAMED)


def test_a_model_that_hands_on_what_it_is_asked_is_never_taken_by_itself() -> None:
    async def first(url: str) -> str:
        engine = Engine(engines.url(url, "", 1, ENGINE_KEY))
        job = asyncio.create_task(engine.run())
        async with asyncio.timeout(LIMIT):
            await engine.settled()
        job.cancel()
        return engine.name

    with alone(MODELS="gpt-oss:120b-cloud,small") as url:
        assert asyncio.run(first(url)) == "small"


COMMANDS = (
    ("serve",), ("chat",), ("bot", "run", "terminal"), ("wechat",), ("feedback", "self-play"),
    ("rag", "ask", "hi", "--embedding", "none"),
)  # fmt: skip


def test_every_command_that_starts_a_server_asks_before(csb: Csb, place: Path) -> None:
    (place / "clone.yaml").write_text(f"url: {CARD.url}\nname: Mia\n")
    (place / "data").mkdir()
    samples = [{"instruction": "are you coming?", "output": "sure", "input": "", "system": "", "history": []}]
    (place / "data" / "chat_records.json").write_text(json.dumps(samples))
    for argv in COMMANDS:
        more = ("--records", "data/chat_records.json") if argv[0] == "rag" else ()
        told = csb(*argv, *more, code=1).stderr
        assert "error: nothing goes to vendor.invalid: there is nobody to ask\ntry: csb serve --yes" in told, argv
    assert not Workspace(place).agreed.exists()


def test_a_no_at_the_terminal_sends_nothing(place: Path) -> None:
    (place / "clone.yaml").write_text(f"url: {CARD.url}\n")
    screen = Screen(place, "chat")
    screen.wait("let it go there? [y/N]: ")
    screen.type("n\n")
    assert screen.end() == 1
    assert "error: nothing goes to vendor.invalid\ntry: a server on this machine" in screen.text
    assert not Workspace(place).agreed.exists()


def test_a_workspace_without_a_gpu_talks_and_loads_no_engine(csb: Csb, place: Path, engine: str) -> None:
    made = csb("init", ".", "--no-gpu", "--url", engine, "--name", "Mia", "--language", "en")
    assert "next: look through clone.yaml, then csb preprocess EXPORT, csb rag index, csb chat" in made.stderr
    (place / "shadow").mkdir()
    for name in ("torch", "transformers", "llamafactory", "xllamacpp"):
        (place / "shadow" / f"{name}.py").write_text(f"open({str(place / name)!r}, 'w').close()\nraise ImportError\n")
    path = os.pathsep.join([str(place / "shadow"), os.environ.get("PYTHONPATH", "")])
    done = chat(place, typed="hi there\n/base\n!show\n", CSB_ENGINE_KEY=ENGINE_KEY, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    hello, shown = done.stdout.splitlines()
    assert hello == "Mia: hi there"
    assert "You are Mia, texting with a friend" in shown
    assert "there is no base model beside the clone" in done.stderr
    assert not [name for name in ("torch", "transformers", "llamafactory", "xllamacpp") if (place / name).exists()]


def test_a_model_that_nobody_trained_is_shown_what_was_said_and_how_the_person_answers(
    csb: Csb, place: Path, engine: str
) -> None:
    csb("init", ".", "--no-gpu", "--url", engine, "--name", "Mia", "--language", "en")
    export(place / "m.csv", talk("A: tea at five?", "me: yess", "me: by the lake") + talk("A: ok", "me: k", start=9000))
    csb("preprocess", "m.csv", "--heldout", "0")
    csb("rag", "index", "--embedding", "none")
    done = chat(place, typed="!show tea where?\n", CSB_ENGINE_KEY=ENGINE_KEY)
    assert "memory: 2 passages" in done.stderr
    system = json.loads(done.stdout.removeprefix("Mia: ").partition("}]")[0] + "}]}")["messages"][0]["content"]
    passage = "chat with Alice]\n- Alice: tea at five?\n- Mia: yess / by the lake"
    shown = "<examples>\n> ok\nk\n> tea at five?\nyess\nby the lake\n</examples>"
    assert system.startswith("You are Mia, texting with a friend.")
    assert system.index(passage) < system.index(shown)


def test_init_takes_a_url_only_where_nothing_is_trained(csb: Csb, place: Path) -> None:
    assert "--url is for --no-gpu" in csb("init", ".", "--url", OURS, code=1).stderr
    assert "url: is no address" in csb("init", ".", "--no-gpu", "--url", "x", code=1).stderr
    assert not (place / "clone.yaml").exists()
