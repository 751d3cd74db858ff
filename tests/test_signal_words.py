"""What signal-export writes where nobody wrote words."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatstylebot import importers


def read(folder: Path, **more: Any) -> tuple[object, object]:
    """Kind and text of a message."""
    row = {"date": "2024-03-04T05:06:07+00:00", "sender": "Kim", "body": "", "quote": "", "attachments": []} | more
    (folder / "data.json").write_text(json.dumps(row))
    found = importers.module("signal_jsonl").read(folder / "data.json", "UTC").messages
    return found["kind"].item(), found["text"].item()


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"deleted": True, "body": "(This message was deleted)  "}, ("recall", None)),
        ({"body": "(This message was deleted)  "}, ("recall", None)),
        ({"call": True, "body": "Incoming call"}, ("call", None)),
        ({"missed": True, "body": "Missed call"}, ("call", None)),
        ({"sticker": "🐸", "body": "(( 🐸 ))"}, ("sticker", None)),
        ({"sticker": "🐸"}, ("sticker", None)),
        ({"body": "  "}, ("other", None)),
        ({"body": "(This message was deleted) lol  "}, ("text", "(This message was deleted) lol")),
        ({"body": "(( me ))"}, ("text", "(( me ))")),
        ({"body": "missed call from mum?"}, ("text", "missed call from mum?")),
    ],
)
def test_deletions_calls_and_stickers_are_no_words(tmp_path: Path, more: Any, wanted: tuple[str, str | None]) -> None:
    assert read(tmp_path, **more) == wanted
