"""The account of every message: how many came in, how many are used, and why the others are not."""

from typing import Any

import polars as pl

from chatstylebot.corpus.clean import MEANING
from chatstylebot.words import many

LARGE_SHARE = 0.4


def account(messages: pl.DataFrame, own: pl.DataFrame, damaged: list[str], redacted: dict[str, int]) -> dict[str, Any]:
    """The report object of DESIGN §4; `messages_in == messages_used + Σ dropped`, checked here."""
    counted = messages.group_by("dropped").agg(pl.len(), pl.col("source").first())
    dropped = {row["dropped"]: row["len"] for row in counted.iter_rows(named=True) if row["dropped"] is not None}
    examples = {row["dropped"]: row["source"] for row in counted.iter_rows(named=True) if row["dropped"] is not None}
    if damaged:
        dropped["damaged_row"], examples["damaged_row"] = len(damaged), damaged[0]
    wordless = pl.col("text").is_null().alias("wordless")
    used = messages.select("chat", "conversation", "kind", wordless, "dropped").filter(pl.col("dropped").is_null())
    kept = own.select("kept", "split", "chat", "incoming", "reply").filter("kept")
    splits = dict(kept.group_by("split").len().iter_rows())
    shares = kept.group_by("chat").len().sort("len", "chat", descending=[True, False])
    report: dict[str, Any] = {
        "messages_in": messages.height + len(damaged),
        "messages_used": used.height,
        "dropped": dict(sorted(dropped.items(), key=lambda item: (-item[1], item[0]))),
        "examples": dict(sorted(examples.items())),
        "chats": messages["chat"].n_unique(),
        "chats_used": used["chat"].n_unique(),
        "conversations": used["conversation"].n_unique(),
        "samples": kept.height,
        "train": splits.get("train", 0),
        "dev": splits.get("dev", 0),
        "heldout": splits.get("heldout", 0),
        # short answers repeat in life, too; more than a few per cent flatter the score
        "heldout_seen": _seen(kept),
        "redacted": dict(sorted(redacted.items())),
        "answered_late": int(own["late"].sum()),
        "placeholders": dict(sorted(used.filter("wordless").group_by("kind").len().iter_rows())),
        "own_turns": own.height,
        "bubbles_per_turn": round(float(own["bubbles"].mean() or 0), 2),  # type: ignore[arg-type]
        "largest_share": round(shares["len"][0] / kept.height, 3) if kept.height else 0.0,
        "largest_chat": None,
    }
    if report["messages_in"] != report["messages_used"] + sum(dropped.values()):
        raise AssertionError(f"the account does not add up: {report}")
    if kept.height:
        names = messages.select("chat", "chat_name").filter(pl.col("chat") == shares["chat"][0])["chat_name"]
        report["largest_chat"] = names[0]
    return report


def _seen(kept: pl.DataFrame) -> int:
    """How many held-out questions stand in the training samples with the very same answer."""
    pairs = kept.select("split", "incoming", "reply")
    learnt = pairs.filter(pl.col("split") == "train").select("incoming", "reply")
    return pairs.filter(pl.col("split") == "heldout").join(learnt, on=["incoming", "reply"], how="semi").height


def table(report: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """For the screen: reason, number of messages, what it means, and where the first one stands."""
    return [
        (reason, f"{number:,}", MEANING[reason], report["examples"][reason])
        for reason, number in report["dropped"].items()
    ]


def lines(report: dict[str, Any]) -> list[str]:
    """For the screen, below the table: what was redacted, figures, the verdict, the funnel, where it all went."""
    found = []
    if report["redacted"]:
        found.append("redacted: " + ", ".join(f"{number:,} {kind}" for kind, number in report["redacted"].items()))
    if report["answered_late"]:
        found.append(f"answered late (after the gap; they stand as history only): {report['answered_late']:,}")
    reply, tokens = report["reply_characters"], report["sample_tokens"]
    found.append(
        f"your replies: {reply['p50']} characters (p50), {reply['p90']} (p90); "
        f"{report['bubbles_per_turn']} bubbles a turn; "
        f"99 % of the samples fit into {report['cutoff_len']} tokens{'' if tokens['counted'] else ' (estimated)'}"
    )
    if told := report.get("memory"):
        number = told["train"] + told["dev"]
        share = f"{number / max(report['train'] + report['dev'], 1):.0%} of train and dev"
        found.append(
            f"memory: {many(told['passages'], 'passage')} of earlier talk stand in {many(number, 'sample')} ({share})"
        )
    return [*found, report["verdict"]["text"], funnel(report), f"→ {report['output']}"]


def funnel(report: dict[str, Any]) -> str:
    """The whole run in one line."""
    return (
        f"{report['messages_in']:,} messages → {report['messages_used']:,} used → "
        f"{report['conversations']:,} conversations in {report['chats_used']:,} chats → {report['samples']:,} samples "
        f"({report['train']:,} train, {report['dev']:,} dev, {report['heldout']:,} held out)"
    )


def lopsided(report: dict[str, Any], contacts: int) -> str | None:
    """A remark when one contact has more than a healthy share of the samples."""
    if contacts < 2 or report["largest_share"] <= LARGE_SHARE:
        return None
    return f"{report['largest_share']:.0%} of the samples are from one chat: the clone will sound as you do there"
