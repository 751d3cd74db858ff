"""talk to the clone in the terminal"""

import asyncio
import io
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from chatstylebot import card as cards
from chatstylebot import progress
from chatstylebot.card import Card
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, inside

if TYPE_CHECKING:
    from chatstylebot.bot.chat import Chat

LABEL = {"zh": "我: ", "en": "you: "}


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    base: Annotated[bool, typer.Option("--base", help="Begin with the base model, without an adapter.")] = False,
    engine: Annotated[
        Literal["auto", "llamafactory", "llamacpp"], typer.Option(help="What runs the model; csb serve picks one.")
    ] = "auto",
    gguf: Annotated[Path | None, typer.Option(help="A GGUF file of the clone, for llama.cpp.")] = None,
    server: Annotated[
        str | None, typer.Option(help="A csb serve that runs elsewhere (its key: CSB_SERVER_KEY).", metavar="URL")
    ] = None,
) -> None:
    """Talk to the clone in the terminal.

    /again, /base, /clear, /help are commands; Ctrl-C stops an answer, Ctrl-D leaves.
    """
    from chatstylebot.bot import chat, sides
    from chatstylebot.models import presets
    from chatstylebot.serving import keys, leaving, reach

    if model and Path(model).is_dir():
        model = str(Path(model).resolve())  # the server runs in the workspace, and we perhaps below it
    both = _words({"--model": model, "--engine": engine if engine != "auto" else None})
    clone = both + _words({"--adapter": adapter, "--gguf": gguf and gguf.resolve()})
    if server is not None and clone:
        raise UserError(f"{clone[0]} and --server together make no sense", f"csb chat --server {server}")
    with ExitStack() as stack:
        loop = stack.enter_context(asyncio.Runner())
        where: sides.Sides
        if server is not None:
            where = there = sides.There(server, os.environ.get(sides.KEY, ""), stack, loop)
            first = there.first()
        else:
            own = Workspace(inside(model or adapter or gguf))
            card = cards.find(own.folder) or Card()
            leaving.agree(own.folder, clone)
            reach.check(leaving.elsewhere(card, leaving.words(clone)))
            _, key = keys.load(own.private().keys, os.environ)
            more: dict[sides.Kind, list[str]] = {"clone": clone}
            local = leaving.elsewhere(card, leaving.words(both)) is None
            for line in presets.mute(model or card.model, card.language) if local and not (adapter or gguf) else ():
                progress.say(line)
            if local:
                more["base"] = [*both, "--no-adapter"]
            where = sides.Own(own.folder, key, more, stack, loop)
            first = "clone"
        talk = chat.Chat(where, "base" if base else first, loop, _write)
        progress.say(f"this is {talk.side.shown}; /help lists what else you can type, Ctrl-D leaves")
        _lines(talk)


def _words(options: Mapping[str, object]) -> list[str]:
    """The options that were given, as they are typed."""
    return [word for name, value in options.items() if value is not None for word in (name, str(value))]


def _lines(talk: "Chat") -> None:
    """Each line that is typed, until the input ends or the user leaves."""
    screen = sys.stdin.isatty()
    if screen:
        with suppress(ImportError):  # Windows has none; its console edits lines by itself
            import readline  # noqa: F401  input() becomes one that edits
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    label = LABEL[talk.side.language] if screen else ""
    while True:
        _write("")  # what cannot be written to is told before anything is asked
        try:
            typed = input(label)
        except EOFError:
            break
        except KeyboardInterrupt:
            if not _half_typed():
                if screen:
                    _write("\n")
                raise
            _write("\n")
            continue
        if not talk.line(typed):
            return
    if screen:
        _write("\n")


def _half_typed() -> bool:
    """Whether Ctrl-C came in the middle of a line."""
    found = sys.modules.get("readline")
    return bool(found and found.get_line_buffer())


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise UserError(f"the answer cannot be written: {error.strerror}", "csb chat in a terminal") from None
