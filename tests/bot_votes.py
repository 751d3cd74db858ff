"""Feedback as people give it: through the real bot process at a terminal, before a real gateway with a fake engine."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

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
TALK = (("bot: lunch?", "1"), ("bot: dinner?", "2"), ("bot: all good?", "不错"), ("bot: what are you?", "不好"))
DRAFTS = (("bot: free later?", ("--edit", "later lol")), ("bot: night", ("--send",)), ("bot: call me", ("--no",)))


def collect(workspace: Path) -> None:
    """Two picks, two thumbs, a draft in other words, one not sent, one sent: 3 pairs and 4 labels, in its store."""
    written = yaml.safe_load((workspace / "clone.yaml").read_text("utf-8"))
    manners = {"wait": "0.05s", "slowest": "0.01s", "two_answers": 1}
    (workspace / "clone.yaml").write_text(yaml.safe_dump({**written, "bot": manners}, allow_unicode=True), "utf-8")
    (workspace / "contacts.yaml").write_text("wx_bob: {name: Bob, policy: draft}\n", "utf-8")
    card = cards.find(workspace)
    assert card
    own = workspace / ".csb"
    spec = fake(own, env={"SAYS": json.dumps(SAYS)})
    with running(own, [spec], card, limits(), contacts=read_contacts(workspace)) as gateway:
        _vote(workspace, gateway.url)
        _decide(workspace, gateway.url)


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
