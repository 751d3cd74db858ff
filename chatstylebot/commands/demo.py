"""the whole loop on shipped data, on a CPU, in ./csb-demo"""

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from chatstylebot import card as cards
from chatstylebot import files, processes, progress
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace

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


def run(
    folder: Annotated[Path, typer.Option("--folder", help="Where everything goes.")] = Path("csb-demo"),
    steps: Annotated[int, typer.Option(min=1, help="Training steps, of 6 samples each.")] = 36,
) -> None:
    """Run the whole loop on shipped data, on a CPU, in ./csb-demo."""
    from chatstylebot.models import provenance

    began = time.monotonic()
    shown, folder = folder, folder.resolve()
    adapter = Workspace(folder).saves / "smollm2" / "lora" / "sft"
    progress.say(f"the demo works in {folder}; what is there already is used again")
    if not Workspace(folder).card.is_file():
        files.write(Workspace(folder).card, CARD)
    if not Workspace(folder).samples.is_file():
        _csb(folder, "preprocess", "--no-groups", str(files.shipped("data/exports/mia_memotrace.csv")))
    _csb(folder, "download", "smollm2")
    if provenance.state(adapter) != "finished":
        _csb(folder, "train", "dataset=chat_records", f"max_steps={steps}", *TRAIN)
    else:
        _used_again(adapter, steps)
    _table(*_answers(folder, adapter))
    typer.echo(f"\nnext: cd {shown}, then csb chat talks to Mia's clone, csb chat --base to the model it was made from")
    typer.echo(
        "for your own, in a folder outside of this one: csb init my-clone, cd my-clone, csb preprocess YOUR_EXPORT.csv"
    )
    progress.say(f"the demo took {(time.monotonic() - began) / 60:.1f} minutes")


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
            f"the demo stopped at: csb {argv[0]}", "do what the line above says, then csb demo goes on from there"
        )


def _answers(folder: Path, adapter: Path) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Held-out questions, and what base and clone say to them."""
    from chatstylebot.corpus import store
    from chatstylebot.engine import answers, talk

    card = cards.read(Workspace(folder).card)
    rows = store.heldout(folder)
    # short questions in words, from as many people as possible, the newest first; one that begins a conversation
    # says most, since with history before it the base model copies Mia's words from there
    fit = [r for r in reversed(rows) if "[" not in r["incoming"] and 12 <= len(r["incoming"]) <= 90]
    fit.sort(key=lambda row: len(row["history"]))
    order = sorted(range(len(fit)), key=lambda n: sum(r["chat_id"] == fit[n]["chat_id"] for r in fit[:n]))
    questions = [fit[n] for n in order[:QUESTIONS]]
    wanted = {
        "base": talk.recipe(card, folder, None, None, base=True),
        "clone": talk.recipe(card, folder, None, adapter, base=False),
    }
    with progress.stage("asking the base model and the clone what neither has seen"):
        return questions, answers.ask(wanted, questions, Workspace(folder).hidden)


def _table(questions: list[dict[str, Any]], said: dict[str, list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("a friend wrote", "the base model", "Mia's clone", "what Mia wrote", show_lines=True)
    for question, base, clone in zip(questions, said["base"], said["clone"], strict=True):
        table.add_row(*(Text(text) for text in (question["incoming"], base, clone, question["reply"])))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
