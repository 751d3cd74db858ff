"""the whole loop on shipped data, on a CPU, in ./csb-demo"""

import asyncio
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chatstylebot import files, processes, progress
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace

if TYPE_CHECKING:
    from chatstylebot.client import Client

CARD = """\
# Mia is invented: everything in this folder was made up for the demo.
name: Mia
language: en
model: smollm2
history: 1
sampling:
  temperature: 0.7
  max_new_tokens: 40
"""
# 36 steps of 6 samples: three minutes on two cores, and the style is plain to see
TRAIN = (
    "per_device_train_batch_size=6", "gradient_accumulation_steps=1", "cutoff_len=256", "eval_strategy=no",
    "load_best_model_at_end=false", "early_stopping_steps=null", "save_strategy=no",
)  # fmt: skip
QUESTIONS = 6
ACTIVATE = "CSB_ACTIVATE"  # set by scripts/demo.sh: the line that makes csb a command
SEED = 7


def run(
    folder: Annotated[Path, typer.Option("--folder", help="Where everything goes.")] = Path("csb-demo"),
    steps: Annotated[int, typer.Option(min=1, help="Training steps, of 6 samples each.")] = 36,
) -> None:
    """Run the whole loop on shipped data, on a CPU, in ./csb-demo."""
    try:
        _run(folder, steps)
    except KeyboardInterrupt:
        if ACTIVATE not in os.environ:  # the script says it itself
            again = shlex.join(["csb", "demo", *(["--folder", str(folder)] if folder != Path("csb-demo") else [])])
            progress.say(f"interrupted: {again} goes on from there; a training that was not finished starts over")
        raise


def _run(folder: Path, steps: int) -> None:
    from chatstylebot.models import presets, provenance

    began = time.monotonic()
    shown, folder = folder, folder.resolve()
    adapter = Workspace(folder).saves / "smollm2" / "lora" / "sft"
    progress.say(f"the demo works in {folder}; what is there already is used again")
    if not Workspace(folder).card.is_file():
        files.write(Workspace(folder).card, CARD)
    if not Workspace(folder).samples.is_file():
        _csb(folder, "preprocess", "--no-groups", str(files.shipped("data/exports/mia_memotrace.csv")))
    # what the demo makes lies in its folder, a model that is not here yet included
    model = Workspace(folder).base(presets.get("smollm2").title)
    _csb(folder, "download", "smollm2", *([] if model.is_dir() else ["--to", f"models/{model.name}"]))
    if provenance.state(adapter) != "finished":
        _csb(folder, "train", "dataset=chat_records", f"max_steps={steps}", *TRAIN)
    else:
        _used_again(adapter, steps)
    questions = _questions(folder)
    _table(questions, _answers(folder, adapter, questions))
    typer.echo("\nnext, as it can be typed here:")
    for line in _next(shown, os.environ.get(ACTIVATE, "")):
        typer.echo(f"  {line}")
    progress.say(f"the demo took {(time.monotonic() - began) / 60:.1f} minutes")


def _next(folder: Path, activate: str) -> list[str]:
    """What one may type now, from where the demo was begun; `activate` puts csb on the PATH of this terminal."""
    here = shlex.quote(str(folder))
    lines = [
        (activate, "puts csb on the PATH of this terminal"),
        (f"cd {here}", ""),
        ("csb chat", "talks to Mia's clone"),
        ("csb chat --base", "talks to the model that it was made of"),
    ]
    shown = [f"{line:<28}# {what}" if what else line for line, what in lines if line]
    return [*shown, "# a clone of your own: README.md, Your own clone (README_zh.md)"]


def _used_again(adapter: Path, steps: int) -> None:
    """Say so when the adapter that is there had another number of steps."""
    import yaml

    recipe = adapter / "recipe.yaml"
    told = yaml.safe_load(recipe.read_text("utf-8")) if recipe.is_file() else None
    earlier = told.get("max_steps") if isinstance(told, dict) else None
    if earlier is not None and earlier != steps:
        progress.say(
            f"note: the adapter of {earlier} steps is used again, and not trained for {steps}; "
            f"to start over, remove {adapter} and run csb demo --steps {steps}"
        )


def _csb(folder: Path, *argv: str) -> None:
    """Run a command as a user would, and show it."""
    progress.say(f"\n$ csb {shlex.join(argv)}")
    code = processes.front([sys.executable, "-m", "chatstylebot", *argv], folder)
    if code == 130:
        raise KeyboardInterrupt
    if code:
        raise UserError(
            f"the demo stopped at: csb {argv[0]}", "do what the line above says, then the same line goes on from there"
        )


def _questions(folder: Path) -> list[dict[str, Any]]:
    """Held-out questions that show most."""
    from chatstylebot.corpus import store

    rows = store.heldout(folder)
    # short questions in words, from as many people as possible, the newest first; one that begins a conversation
    # says most, since with history before it the base model copies Mia's words from there
    fit = [r for r in reversed(rows) if "[" not in r["incoming"] and 12 <= len(r["incoming"]) <= 90]
    fit.sort(key=lambda row: len(row["history"]))
    order = sorted(range(len(fit)), key=lambda n: sum(r["chat_id"] == fit[n]["chat_id"] for r in fit[:n]))
    return [fit[n] for n in order[:QUESTIONS]]


def _answers(folder: Path, adapter: Path, questions: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What base and clone say to the questions, through the server that serves them at work. Raises UserError."""
    from chatstylebot.bot import server
    from chatstylebot.client import Client, Trouble
    from chatstylebot.serving import keys

    async def all_of_them(url: str) -> dict[str, list[str]]:
        client = Client(f"{url}/v1", key)
        try:  # one after another: answers at once would be drawn otherwise each time
            return {model: [await _answer(client, model, q) for q in questions] for model in ("clone", "base")}
        finally:
            await client.close()

    _, key = keys.load(Workspace(folder).private().keys, os.environ)
    more = ("--adapter", str(adapter), "--with-base", "--chats", "1")
    try:
        with (
            server.found(None, folder, key, more, progress.say, "demo-server") as url,
            progress.stage("asking the base model and the clone what neither has seen"),
        ):
            return asyncio.run(all_of_them(url))
    except Trouble as error:
        raise UserError(f"the server ended: {error.message}", f"cd {folder}, and csb serve, to see why") from None


async def _answer(client: "Client", model: str, question: dict[str, Any]) -> str:
    """One answer. Raises Trouble."""
    from chatstylebot.client import Trouble

    asked = {"model": model, "messages": messages(question)}
    try:
        found = await client.complete(asked | {"seed": SEED})
    except Trouble as error:
        if error.status != 400:
            raise
        found = await client.complete(asked)  # LLaMA-Factory's server has no seed
    return str(found["choices"][0]["message"]["content"]).strip()


def messages(question: dict[str, Any]) -> list[dict[str, str]]:
    """A held-out row as a client's messages: the server knows the system text."""
    turns = [text for pair in question["history"] for text in pair] + [question["incoming"]]
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(turns)]


def _table(questions: list[dict[str, Any]], said: dict[str, list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("a friend wrote", "the base model", "Mia's clone", "what Mia wrote", show_lines=True)
    for question, base, clone in zip(questions, said["base"], said["clone"], strict=True):
        table.add_row(*(Text(text) for text in (question["incoming"], base, clone, question["reply"])))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
