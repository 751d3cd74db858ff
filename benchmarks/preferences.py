"""What preference training does to a clone, on talk that it never saw: `python benchmarks/preferences.py WORKSPACE ADAPTER...`

WORKSPACE is one in which the adapters were trained; the first ADAPTER is the one that the others went on from (SFT). The
talk is what `csb preprocess` held out, and its dev set. One run prints one table, a column for each adapter:

- bits: of the person's true reply, a token (less is better); below, what the model said instead of it, by the first.
- prefers: how often the true reply has gained on what the first adapter says there, in comparison with the first
  (DPO's implicit reward: log p of the adapter less log p of the first; 50 % is chance, 0 for the first itself).
- C2ST: how well a classifier tells the model's replies from the person's (characters 1 to 3, TF-IDF, logistic
  regression, five folds, AUC; 0.5: not at all); mean of so many draws as there are answers, and their spread.
- letters, bubbles: of a reply; the person's in the last column.

Needs the extras train and eval. Everything is seeded.
"""

import argparse
import json
import math
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from llamafactory.data import get_template_and_fix_tokenizer
from llamafactory.hparams import get_infer_args
from llamafactory.model import load_tokenizer
from peft import PeftModel
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from transformers import AutoModelForCausalLM

from chatstylebot import card as cards
from chatstylebot.engine import talk
from chatstylebot.workspace import Workspace

DRAWS, BATCH, NEW, SEED = 4, 16, 48, 7


@dataclass(frozen=True)
class Case:
    """One held-out talk: its prompt's tokens, and what the person replied."""

    prompt: list[int]
    reply: str


def cases(own: Workspace, tokenizer: Any, template: Any) -> list[Case]:
    """What was held out, and the dev set."""
    held = [json.loads(line) for line in own.heldout.read_text("utf-8").splitlines()]
    rows = [(row["system"], row["history"], row["incoming"], row["reply"]) for row in held]
    dev = json.loads((own.data / "chat_records_dev.json").read_text("utf-8"))
    rows += [(row["system"], row["history"], row["instruction"], row["output"]) for row in dev]
    made = []
    for system, history, heard, reply in rows:
        said = [text for pair in history for text in pair] + [heard, ""]
        turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(said)]
        made.append(Case(template.encode_oneturn(tokenizer, turns, system)[0], reply))
    return made


def padded(rows: Sequence[Sequence[int]], filler: int, left: bool) -> tuple[Any, Any]:
    """Rows of tokens as one tensor, and what of it counts."""
    longest = max(map(len, rows))
    empty = [[filler] * (longest - len(row)) for row in rows]
    ids = [[*gap, *row] if left else [*row, *gap] for row, gap in zip(rows, empty, strict=True)]
    mask = [[0] * len(gap) + [1] * len(row) if left else [1] * len(row) + [0] * len(gap)
            for row, gap in zip(rows, empty, strict=True)]  # fmt: skip
    return torch.tensor(ids), torch.tensor(mask)


def likelihoods(model: Any, tokenizer: Any, found: Sequence[Case], texts: Sequence[str]) -> list[tuple[float, int]]:
    """For each case: the log probability of a text as its reply, its end among it, and how many tokens it has."""
    sums = []
    for begin in range(0, len(found), BATCH):
        part, said = found[begin : begin + BATCH], texts[begin : begin + BATCH]
        replies = [[*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id] for text in said]
        rows = [[*case.prompt, *reply] for case, reply in zip(part, replies, strict=True)]
        ids, mask = padded(rows, tokenizer.pad_token_id, left=False)
        logs = model(input_ids=ids, attention_mask=mask).logits.float().log_softmax(-1)
        for place, (case, reply) in enumerate(zip(part, replies, strict=True)):
            at = range(len(case.prompt) - 1, len(case.prompt) - 1 + len(reply))
            sums.append((sum(float(logs[place, n, token]) for n, token in zip(at, reply, strict=True)), len(reply)))
    return sums


def answers(model: Any, tokenizer: Any, found: Sequence[Case], sampling: Any) -> list[str]:
    """What the model says in each case."""
    said: list[str] = []
    for begin in range(0, len(found), BATCH):
        ids, mask = padded([case.prompt for case in found[begin : begin + BATCH]], tokenizer.pad_token_id, left=True)
        made = model.generate(
            input_ids=ids, attention_mask=mask, do_sample=True, temperature=sampling.temperature, top_p=sampling.top_p,
            max_new_tokens=NEW, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )  # fmt: skip
        said += [tokenizer.decode(row[ids.shape[1] :], skip_special_tokens=True).strip() for row in made]
    return said


def c2st(real: Sequence[str], made: Sequence[str]) -> float:
    """The AUC of a classifier that tells one from the other."""
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    told = LogisticRegression(C=3, class_weight="balanced", max_iter=1000)
    x, y = vectors.fit_transform([*real, *made]), np.array([1] * len(real) + [0] * len(made))
    order = np.random.default_rng(SEED).permutation(len(y))
    return float(cross_val_score(told, x[order], y[order], cv=5, scoring="roc_auc").mean())


def shape(texts: Sequence[str]) -> tuple[float, float]:
    """Letters and bubbles of a reply, on the average."""
    return statistics.mean(map(len, texts)), statistics.mean(len(text.split("\n")) for text in texts)


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("adapters", nargs="+")
    asked = parser.parse_args()
    os.chdir(asked.workspace)
    card, own = cards.read(Path("clone.yaml")), Workspace(Path.cwd())
    infer, data, *_ = get_infer_args(talk.recipe(card, own.folder, None, None, base=True))
    tokenizer = load_tokenizer(infer)["tokenizer"]
    found = cases(own, tokenizer, get_template_and_fix_tokenizer(tokenizer, data))
    real = [case.reply for case in found]
    rows: list[list[str]] = []
    first: list[tuple[float, float]] = []
    worse: list[str] = []
    torch.set_grad_enabled(False)
    for name in asked.adapters:
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(infer.model_name_or_path), name).eval()
        torch.manual_seed(SEED)
        draws = [answers(model, tokenizer, found, card.sampling) for _ in range(DRAWS)]
        worse = worse or [next((d[n] for d in draws if d[n] and d[n] != real[n]), "ok") for n in range(len(found))]
        good, bad = (likelihoods(model, tokenizer, found, texts) for texts in (real, worse))
        both = [(a, b) for (a, _), (b, _) in zip(good, bad, strict=True)]
        first = first or both
        gained = [(a - c) - (b - d) for (a, b), (c, d) in zip(both, first, strict=True)]
        bits = [sum(x for x, _ in side) / sum(n for _, n in side) / -math.log(2) for side in (good, bad)]
        scores = [c2st(real, draw) for draw in draws]
        letters, bubbles = shape([text for draw in draws for text in draw])
        rows.append([
            name, *(f"{each:.2f}" for each in bits), f"{sum(g > 0 for g in gained) / len(gained):.0%}",
            f"{statistics.mean(gained):+.2f}", f"{statistics.mean(scores):.2f} ± {statistics.stdev(scores):.2f}",
            f"{letters:.0f}", f"{bubbles:.2f}",
        ])  # fmt: skip
        print("\t".join(rows[-1]), flush=True)
    print(f"\n{date.today()}: {len(found)} replies of {card.name or 'the person'}, {DRAWS} answers each\n")
    person = [
        "the person",
        "",
        "",
        "",
        "",
        "",
        *(f"{each:{form}}" for each, form in zip(shape(real), (".0f", ".2f"), strict=True)),
    ]
    names = ["", "bits, true reply", "bits, instead", "prefers", "gained, nats", "C2ST", "letters", "bubbles"]
    for line in zip(names, *rows, person, strict=True):
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
