"""What leaves this machine when a server elsewhere answers, and whether the owner agreed to that."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.card import Card
from chatstylebot.client import LOOPBACK
from chatstylebot.serving.engines import in_the_cloud
from chatstylebot.workspace import Workspace

# options of csb serve with which a model of this machine is meant, whatever the card says
LOCAL = ("--gguf", "--backend", "--adapter", "--model", "--model_name", "--model-name")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A server that runs elsewhere, and what it calls the model ("": its first). `named`: by the card."""

    url: str
    model: str = ""
    named: bool = False

    @property
    def beyond(self) -> str:
        """Who gets what is said, "" where it stays on this machine."""
        host = urlsplit(self.url).hostname or ""
        if host not in LOOPBACK:
            return host
        return f"the cloud behind {urlsplit(self.url).netloc}" if in_the_cloud(self.model) else ""


def words(options: Sequence[str]) -> dict[str, str]:
    """Options of csb serve as they are typed, each with its value."""
    found = {}
    for one, after in zip_longest(options, options[1:], fillvalue=""):
        name, equals, value = one.partition("=")
        if name.startswith("--"):
            found[name] = value if equals else after
    return found


def elsewhere(card: Card, asked: Mapping[str, Any]) -> Elsewhere | None:
    """The server that csb serve would be in front of with these options (a value that is empty is none); None: the
    model is one of this machine. What is typed wins over the card."""
    engine, url, model = (asked.get(name) or "" for name in ("--engine", "--url", "--url-model"))
    if engine not in ("", "auto", "url"):
        return None
    if url:
        return Elsewhere(url, model)
    if not card.url or (engine != "url" and any(asked.get(name) for name in LOCAL)):
        return None
    return Elsewhere(card.url, model or card.url_model, named=True)


def agree(workspace: Path, options: Sequence[str] = ()) -> None:
    """Ask before csb serve is started with these options, once for each host, if what is said would leave this
    machine: the child itself can ask nobody. Raises UserError unless the owner agrees."""
    card, asked = cards.find(workspace) or Card(), words(options)
    if where := elsewhere(card, asked):
        confirm(Workspace(workspace), card, where, "--yes" in asked)


def agreed(own: Workspace, where: Elsewhere) -> bool:
    """Whether all stays on this machine, or the owner agreed that it leaves."""
    return not where.beyond or where.beyond in _hosts(own)


def confirm(own: Workspace, card: Card, where: Elsewhere, yes: bool) -> None:
    """Say what goes to the server elsewhere and ask, unless `yes` or agreed before. Raises UserError."""
    if agreed(own, where):
        return
    for line in told(card, where):
        progress.say(line)
    if not yes:
        typed = [] if where.named else ["--engine", "url", "--url", where.url]
        if where.model and not (where.named and where.model == card.url_model):
            typed += ["--url-model", where.model]
        line = shlex.join(["csb", "serve", "--yes", *typed])
        refused = f"nothing goes to {where.beyond}"
        remedy = "a server on this machine: url in clone.yaml, or --url"
        progress.agreed("let it go there?", refused, remedy, f"{line}, once: the answer is kept")
    files.write_json(own.private().agreed, {"hosts": sorted({*_hosts(own), where.beyond})}, private=True)


def told(card: Card, where: Elsewhere) -> list[str]:
    """What goes there, in plain words."""
    hidden = f"redacted as csb preprocess does it (privacy: {card.privacy})" if card.privacy != "off" else "unredacted"
    plain = urlsplit(where.url).scheme == "http" and where.beyond == urlsplit(where.url).hostname
    return [
        f"note: the model is not on this machine. To {where.beyond} goes:",
        "      - every message of everybody whom the clone answers, as it was typed, and every answer",
        "      - your system prompt, with the name and the relation of the contact where it tells them",
        f"      - with memory: passages of past talk and replies of yours that fit to it, {hidden}; and facts.yaml",
        "      - with csb feedback self-play: your samples",
        "      Who runs that server can read all of it, and keep it." + (" So can the net between." if plain else ""),
    ]


def _hosts(own: Workspace) -> set[str]:
    """Where the owner lets talk go. A file that tells nothing is nobody's word."""
    try:
        hosts = json.loads(own.agreed.read_text("utf-8"))["hosts"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {one for one in hosts if isinstance(one, str)} if isinstance(hosts, list) else set()
