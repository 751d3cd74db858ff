"""What past talk in the prompt does to a real person's clone: `python benchmarks/recall.py make FOLDER`, then `… measure FOLDER`.

`make` takes one person of chitchat-dataset (MIT, a real chat corpus) and the partners that they talked to again and again,
and makes two workspaces of it: FOLDER/plain (no sample has passages) and FOLDER/taught (`--memory-share 0.3`), both with an
index. The model must lie in FOLDER/models (`csb download smollm2` there). Then `csb train num_train_epochs=1` in each.

`measure` prints the bits a token of the person's true replies in the newest tenth of every chat, which no workspace was
trained on and no index holds: for the bare base model and both adapters, without memory, with the passages that are
found at work, and with passages of another conversation drawn at random; and for the base model with style examples.
Less is better. The interval is a bootstrap's (95 %) of the difference to the same model without memory.

Needs the extras train, rag and dev. Everything is seeded.
"""

import argparse
import csv
import json
import math
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import questions
import torch
import yaml
from llamafactory.data import get_template_and_fix_tokenizer
from llamafactory.hparams import get_infer_args
from llamafactory.model import load_tokenizer
from peft import PeftModel
from transformers import AutoModelForCausalLM

from chatstylebot import card as cards
from chatstylebot import recalled
from chatstylebot.card import Card
from chatstylebot.corpus import store as corpus
from chatstylebot.engine import talk
from chatstylebot.memory import examples, keeping, left_out
from chatstylebot.memory.facts import Facts
from chatstylebot.memory.remembering import Found, Remembering
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.search import Found as Fitting
from chatstylebot.memory.search import Search
from chatstylebot.memory.store import Store
from chatstylebot.recalled import Past
from chatstylebot.workspace import Workspace

WHO = "549cc1d1-270e-4a53-b561-133a8d0086b4"
CHATS, TALKS, LONGEST, SEED = 4, 12, 80, 7  # partners, the newest conversations with each, messages of one
CLONE = {
    "name": "Ash", "language": "en", "model": "smollm2", "me": WHO, "history": 2, "context": 4096,
    "memory": {"enabled": True, "embedding": "none", "top_k": 4, "context_window": 384, "chunk_size": 128, "chunk_overlap": 32},
}  # fmt: skip
EXAMPLES, REPLIES, ADAPTER = 6, 40, "saves/smollm2/lora/sft"
MAP = {
    "chat": "chat",
    "sender": "sender",
    "sender_name": "name",
    "chat_name": "chat_name",
    "time": "time",
    "text": "text",
}
NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana")


def export(path: Path) -> None:
    """The person's newest conversations with the partners that they talked to most often."""
    talks: dict[str, list[list[questions.Message]]] = defaultdict(list)
    for found in questions.chats("en").values():
        others = {one.sender for one in found} - {WHO}
        if len(others) == 1 and any(one.sender == WHO for one in found):
            talks[others.pop()].append(list(found))
    partners = sorted(talks, key=lambda one: -len(talks[one]))[:CHATS]
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(MAP.values())
        for partner, name in zip(partners, NAMES, strict=False):
            for one in sorted(talks[partner], key=lambda one: one[0].at)[-TALKS:]:
                for said in one[:LONGEST]:
                    who = "Ash" if said.sender == WHO else name
                    out.writerow([partner, said.sender, who, name, said.at.isoformat(), said.text])


def make(folder: Path) -> None:
    """Both workspaces."""
    for name, share in (("plain", "0"), ("taught", "0.3")):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "clone.yaml").write_text(yaml.safe_dump(CLONE), "utf-8")
        (place / "columns.yaml").write_text(yaml.safe_dump(MAP), "utf-8")
        export(place / "chats.csv")
        if not (place / "models").exists():
            (place / "models").symlink_to(folder.resolve() / "models")
        for line in (["preprocess", "chats.csv", "--map", "columns.yaml", "--memory-share", share], ["rag", "index"]):
            subprocess.run([sys.executable, "-m", "chatstylebot", *line], cwd=place, check=True)


@dataclass(frozen=True)
class Case:
    """A reply that nobody was trained on: what was said before it, and what the memory may tell of."""

    said: tuple[str, ...]
    reply: str
    scope: Scope
    at: datetime


def cases(own: Workspace) -> tuple[list[Case], Store]:
    """The held-out and dev replies of a workspace, and its passages."""
    card, (messages, index) = cards.read(own.card), corpus.tables(own.folder)
    store = Store.passing()
    store.change(keeping.remembered(messages, card, left_out.load(own.memory_left_out)), ())
    begun = dict(messages.group_by("conversation").agg(pl.col("sent_at").min().dt.epoch("ms")).iter_rows())
    dev = json.loads((own.data / "chat_records_dev.json").read_text("utf-8"))
    rows = {
        ".csb/heldout.jsonl": [(one["history"], one["incoming"], one["reply"]) for one in corpus.heldout(own.folder)],
        "data/chat_records_dev.json": [(one["history"], one["instruction"], one["output"]) for one in dev],
    }
    made = []
    for name, row, chat, conversation, *_ in index.filter(pl.col("file").is_in(list(rows))).iter_rows():
        history, heard, reply = rows[name][row]
        before = begun[conversation]
        said = (*(text for pair in history for text in pair), heard)
        at = datetime.fromtimestamp(before / 1000, UTC)
        made.append(Case(said, reply, Scope(False, (chat,), before=before), at))
    return made, store


Prompt = tuple[str, tuple[str, ...]]  # the system text, and what was said


def prompts(card: Card, store: Store, found: Sequence[Case]) -> dict[str, list[Prompt]]:
    """What stands in each prompt, in every way that is compared."""
    search, dice = Search(store, half_life=card.memory.half_life), random.Random(SEED)
    ways: dict[str, list[Prompt]] = defaultdict(list)
    for case in found:
        memory = Remembering(card, search, case.scope, Facts(), [])
        notes, _ = memory.notes(memory.find(recalled.question(case.said), case.at))
        condition, values = case.scope.sql()
        drawn = store.passages(dice.sample(every := store.where(condition, *values), min(len(every), 4)))
        others = [Fitting(one, 1.0) for one in drawn.values()]
        wrong, _ = memory.notes(Found((), others))
        shown = examples.nearest(search, case.scope, case.said[-1], card.name, EXAMPLES, 512)
        plain = card.prompt()
        turns = [text for one in shown for text in ("\n".join(one.heard), "\n".join(one.replied))]
        ways["without memory"].append((plain, case.said))
        ways["what is found"].append((recalled.prompt(plain, Past(tuple(notes)), card.language), case.said))
        ways["drawn at random"].append((recalled.prompt(plain, Past(tuple(wrong)), card.language), case.said))
        ways["examples, in the system text"].append(
            (
                recalled.prompt(plain, Past((), tuple((one.heard, one.replied) for one in shown)), card.language),
                case.said,
            )
        )
        ways["examples, as turns"].append((plain, (*turns, *case.said)))
    return ways


def bits(model: Any, tokenizer: Any, template: Any, asked: Sequence[Prompt], replies: Sequence[str]) -> Any:
    """For each case: the bits of the reply, its end among it, and how many tokens it has."""
    rows = []
    for (system, said), reply in zip(asked, replies, strict=True):
        turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate((*said, ""))]
        prompt, _ = template.encode_oneturn(tokenizer, turns, system)
        told = [*tokenizer.encode(reply, add_special_tokens=False), tokenizer.eos_token_id]
        ids, keep = torch.tensor([[*prompt, *told]]), len(told) + 1
        logs = model(input_ids=ids, logits_to_keep=keep).logits[0, :-1].float().log_softmax(-1)
        sure = float(logs[torch.arange(len(told)), torch.tensor(told)].sum())
        rows.append((-sure / math.log(2), len(told)))
    return np.array(rows)


def interval(one: Any, other: Any) -> str:
    """The difference of two ways, bits a token, and where a bootstrap over the replies has it."""
    dice, found = np.random.default_rng(SEED), one[:, 0] - other[:, 0]
    draws = dice.integers(0, len(found), (2000, len(found)))
    means = found[draws].sum(1) / one[:, 1][draws].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{found.sum() / one[:, 1].sum():+.3f} ({low:+.3f} to {high:+.3f})"


def measure(folder: Path) -> None:
    """The table."""
    os.chdir(folder / "plain")
    card, own = cards.read(Path("clone.yaml")), Workspace(Path.cwd())
    infer, data, *_ = get_infer_args(talk.recipe(card, own.folder, None, None, base=True))
    tokenizer = load_tokenizer(infer)["tokenizer"]
    template = get_template_and_fix_tokenizer(tokenizer, data)
    every, store = cases(own)
    found = random.Random(SEED).sample(every, min(REPLIES, len(every)))
    ways, replies = prompts(card, store, found), [case.reply for case in found]
    torch.set_grad_enabled(False)
    print(
        f"{date.today()}: {len(found)} replies\n\n| bits a token | "
        + " | ".join(ways)
        + " |\n|---|"
        + "---|" * len(ways)
    )
    for name in ("", "plain", "taught"):
        model: Any = AutoModelForCausalLM.from_pretrained(infer.model_name_or_path)
        if name:
            model = PeftModel.from_pretrained(model, folder / name / ADAPTER)
        model.eval()
        wanted = {way: asked for way, asked in ways.items() if not name or not way.startswith("examples")}
        told = {way: bits(model, tokenizer, template, asked, replies) for way, asked in wanted.items()}
        first = told["without memory"]
        cells = [f"{one[:, 0].sum() / one[:, 1].sum():.3f}" + (f", {interval(one, first)}" if one is not first else "")
                 for one in told.values()]  # fmt: skip
        print(f"| {name or 'base'} | " + " | ".join(cells) + " |" + " |" * (len(ways) - len(cells)), flush=True)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=["make", "measure"])
    asked.add_argument("folder", type=Path)
    given = asked.parse_args()
    {"make": make, "measure": measure}[given.what](given.folder.resolve())
