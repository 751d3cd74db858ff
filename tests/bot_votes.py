"""Feedback as people give it: through the API of the chat page and through the real bot process at a terminal, before a
real gateway with a fake engine."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import IO

import httpx
import yaml
from gateway import OWNER, fake, limits, running
from patience import LIMIT

from chatstylebot import card as cards
from chatstylebot.contacts import read_contacts
from chatstylebot.feedback import drafts
from chatstylebot.feedback.drafts import Drafts

# two answers that differ are two to choose from; twice the same is one, for a thumb
SAYS = {
    "bot: lunch?": ["sure lol", "I would be delighted."], "bot: dinner?": ["Certainly.", "ok lol"],
    "bot: all good?": ["yep lol", "yep lol"], "bot: what are you?": ["As an AI", "As an AI"],
    "bot: free later?": ["Perhaps."], "bot: call me": ["I shall."], "bot: night": ["night lol"],
}  # fmt: skip
# on the page: a pick of two, a thumb up, a thumb down, the person's own words, on six messages
PAGE: dict[str, tuple[list[str], dict[str, object]]] = {
    "two": (["No.", "nah lol"], {"verdict": "chosen", "index": 1}), "up": (["lol ok"], {"verdict": "good"}),
    "down": (["As an AI"], {"verdict": "bad"}), "own": (["Sure."], {"verdict": "edited", "text": "sure lol"}),
}  # fmt: skip
TALK = (("bot: lunch?", "1"), ("bot: dinner?", "2"), ("bot: all good?", "不错"), ("bot: what are you?", "不好"))
DRAFTS = (("bot: free later?", ("--edit", "later lol")), ("bot: night", ("--send",)), ("bot: call me", ("--no",)))


def collect(workspace: Path) -> None:
    """On the page 12 pairs and 12 labels; in the bot two picks, two thumbs, a draft in other words, one not sent and
    one sent: 3 pairs and 4 labels. All of it is in the workspace's store."""
    written = yaml.safe_load((workspace / "clone.yaml").read_text("utf-8"))
    manners = {"wait": "0.05s", "slowest": "0.01s", "two_answers": 1}
    (workspace / "clone.yaml").write_text(yaml.safe_dump({**written, "bot": manners}, allow_unicode=True), "utf-8")
    (workspace / "contacts.yaml").write_text("wx_bob: {name: Bob, policy: draft}\n", "utf-8")
    card = cards.find(workspace)
    assert card
    own = workspace / ".csb"
    said = SAYS | {f"{what} {n}?": answers for what, (answers, _) in PAGE.items() for n in range(6)}
    spec = fake(own, env={"SAYS": json.dumps(said)})
    with running(own, [spec], card, limits(), contacts=read_contacts(workspace)) as gateway:
        for what in PAGE:
            for number in range(6):
                _press(gateway.url, f"{what} {number}?", *PAGE[what])
        _vote(workspace, gateway.url)
        _decide(workspace, gateway.url)


def _press(url: str, heard: str, answers: list[str], verdict: dict[str, object]) -> None:
    """What chatstylebot/serving/page sends: a question, and a vote on what was answered."""
    owner, messages = {"Authorization": f"Bearer {OWNER}"}, [{"role": "user", "content": heard}]
    with httpx.Client(base_url=url, headers=owner, timeout=LIMIT) as page:
        done = page.post("/v1/chat/completions", json={"messages": messages, "n": len(answers)}).json()
        told = [choice["message"]["content"] for choice in done["choices"]]
        assert sorted(told) == sorted(answers)
        index = told.index(answers[int(str(verdict.get("index", 0)))])
        vote = {"id": str(uuid.uuid4()), "completion": done["id"], "source": "page", "messages": messages}
        assert page.post("/v1/feedback", json=vote | verdict | {"index": index, "candidates": told}).status_code == 201


def _bot(workspace: Path, url: str, *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "chatstylebot", "bot", "run", "terminal", "--server", url, *more], cwd=workspace,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        env=os.environ | {"CSB_OWNER_KEY": OWNER, "PYTHONUTF8": "1"},
    )  # fmt: skip


def _vote(workspace: Path, url: str) -> None:
    with _bot(workspace, url) as bot:
        for line, vote in TALK:
            last = "1 or 2?" if len(set(SAYS[line])) == 2 else SAYS[line][0]
            _until(bot, line, bot.stdout, last)
            _until(bot, vote, bot.stderr, "noted")
        bot.communicate("", timeout=LIMIT)


def _until(bot: "subprocess.Popen[str]", typed: str, stream: "IO[str] | None", answer: str) -> None:
    """Write a line, and read until the answer stands there."""
    assert bot.stdin
    assert stream
    bot.stdin.write(f"{typed}\n")
    bot.stdin.flush()
    while answer not in (line := stream.readline()):
        assert line, "the bot has ended"


def _decide(workspace: Path, url: str) -> None:
    with Drafts.open(drafts.path(workspace)) as kept:
        for number, (line, (choice, *text)) in enumerate(DRAFTS, 1):
            with _bot(workspace, url, "--contact", "Bob") as bot:
                _until(bot, line, bot.stderr, f"draft {number} waits")
                argv = ["bot", "drafts", choice, f"terminal-{number}", *text]
                subprocess.run([sys.executable, "-m", "chatstylebot", *argv], cwd=workspace, check=True)
                while kept.everything():  # until the bot has done it
                    time.sleep(0.05)
                bot.communicate("", timeout=LIMIT)
