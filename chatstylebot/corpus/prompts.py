"""Which system prompt each own turn is learnt with."""

import json
from collections.abc import Callable, Mapping

import polars as pl

from chatstylebot.card import Card
from chatstylebot.contacts import Contact


def language(messages: pl.DataFrame) -> str:
    """zh when a fifth of the own texts hold a Chinese character; where own texts hold no letters, of all texts."""
    lazy = messages.lazy().select("from_me", "text").filter(pl.col("text").is_not_null())
    for some in (lazy.filter("from_me"), lazy):
        texts = some.head(5000).collect()["text"]
        worded = texts.filter(texts.str.contains(r"\p{L}"))
        if len(worded):
            return "zh" if 5 * worded.str.contains(r"\p{Han}").sum() >= len(worded) else "en"
    return "zh"


def give(
    own: pl.DataFrame,
    messages: pl.DataFrame,
    card: Card,
    contacts: Mapping[str, Contact],
    broken: Callable[[pl.Series], pl.Series] = lambda texts: texts,
) -> tuple[pl.DataFrame, list[str]]:
    """Own turns with `prompt` (JSON) and `chat_prompt` (its number; 0 is the neutral one).

    `broken` breaks control tokens: a contact may be called like one.
    """
    prompts = [card.prompt()]
    numbers: dict[int, int] = {}
    if card.prompt_varies:
        for chat, chat_id, name in messages.select("chat", "chat_id", "chat_name").unique("chat").sort("chat").rows():
            known = contacts.get(chat_id)
            text = card.prompt((known.name if known else None) or name, known.relation if known else None)
            if text not in prompts:
                prompts.append(text)
            numbers[chat] = prompts.index(text)
    prompts = broken(pl.Series(prompts, dtype=pl.String)).to_list()
    number = pl.col("chat").replace_strict(numbers, default=0, return_dtype=pl.UInt32) if numbers else pl.lit(0)
    # every fifth conversation is learnt with the neutral prompt, which strangers get at work
    chosen = pl.when(pl.col("conversation") % 5 == 0).then(0).otherwise(number).cast(pl.UInt32).alias("chat_prompt")
    table = pl.DataFrame(
        {"chat_prompt": range(len(prompts)), "prompt": [json.dumps(p, ensure_ascii=False) for p in prompts]},
        schema={"chat_prompt": pl.UInt32, "prompt": pl.String},
    )
    return own.with_columns(chosen).join(table, on="chat_prompt", how="left", maintain_order="left"), prompts
