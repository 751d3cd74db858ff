"""What the original project's script does, in its manner (pandas, row by row), written anew to compare with.

Texts of named contacts, sorted by time, cut at midnight; in each day consecutive messages of one sender within an hour
are joined with a space, and what somebody else said is paired with the own message after it. Chats are not told apart.
"""

import argparse
import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]

SILENCE = timedelta(hours=1)


def merged(day: pd.DataFrame) -> list[dict[str, Any]]:
    """The day's messages, those of one sender within an hour of each other as one."""
    blocks: list[dict[str, Any]] = []
    for _, row in day.iterrows():
        last = blocks[-1] if blocks else None
        if last and last["sender"] == row["Sender"] and row["CreateTime"] - last["time"] <= SILENCE:
            last["text"] += " " + str(row["StrContent"])
            last["time"] = row["CreateTime"]
        else:
            blocks.append(
                {
                    "sender": row["Sender"],
                    "own": row["IsSender"] == 1,
                    "text": str(row["StrContent"]),
                    "time": row["CreateTime"],
                }
            )
    return blocks


def samples(table: pd.DataFrame) -> list[dict[str, str]]:
    """What another said and the own message right after it, day by day."""
    texts = table[(table["Type"] == 1) & table["Remark"].notna()].copy()
    texts["CreateTime"] = pd.to_datetime(texts["CreateTime"], unit="s")
    texts = texts.sort_values("CreateTime")
    found = []
    for _, day in texts.groupby(texts["CreateTime"].dt.date):
        blocks = merged(day)
        for said, answer in pairwise(blocks):
            if answer["own"] and not said["own"]:
                found.append({"instruction": said["text"], "output": answer["text"]})
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    found = samples(pd.read_csv(options.source))
    with options.target.open("w", encoding="utf-8") as file:
        json.dump(found, file, ensure_ascii=False, indent=2)
