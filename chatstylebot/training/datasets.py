"""data/dataset_info.json: what the engine is told about every dataset we make or ship."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatstylebot import files
from chatstylebot.errors import UserError

# Naming one column or tag makes the engine forget its defaults for all others: each is named.
CHAT = {
    "columns": {
        "prompt": "instruction",
        "query": "input",
        "response": "output",
        "system": "system",
        "history": "history",
    }
}
# about the bot itself, so without history; the system text is the card's, as at work
IDENTITY = {"columns": {"prompt": "instruction", "query": "input", "response": "output", "system": "system"}}
PAIRS = {
    "formatting": "sharegpt",
    "ranking": True,
    "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "observation_tag": "observation",
        "function_tag": "function_call",
        "system_tag": "system",
    },
}
LABELS = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages", "kto_tag": "label"},
    "tags": {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "observation_tag": "observation",
        "function_tag": "function_call",
        "system_tag": "system",
    },
}
TEXT = {"columns": {"prompt": "text"}}

ENTRIES: dict[str, dict[str, Any]] = {
    "chat_records": CHAT,  # csb preprocess
    "chat_records_dev": CHAT,  # csb preprocess: the loss that stops a run and chooses a checkpoint
    "identity": IDENTITY,  # csb id-tag
    "dpo_records": PAIRS,  # csb feedback export
    "kto_records": LABELS,  # csb feedback export
    "trump": TEXT,  # csb corpus
    "elon_musk": TEXT,  # csb corpus
    "example": CHAT,  # shipped, like all below
    "dpo_zh_demo": PAIRS,
    "kto_en_demo": LABELS,
    "pretrain_demo": TEXT,
}
SHIPPED = ("example", "dpo_zh_demo", "kto_en_demo", "pretrain_demo")


def known(info: Path) -> dict[str, Any]:
    """What a dataset_info.json says now, {} where there is none. Raises UserError for one that is broken."""
    current = files.read_json(info) if info.is_file() else {}
    if not isinstance(current, dict):
        raise UserError(f"{info} holds no datasets", f"move {info} away; it is made anew")
    return current


def register(current: Mapping[str, Any], name: str, file_name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """`current` with `name` told to be that file; every other entry, and the order, stay as they are."""
    told: dict[str, Any] = {"file_name": file_name, **entry}
    return {**current, name: told}


def dataset_info() -> dict[str, Any]:
    """The shipped dataset_info.json."""
    info: dict[str, Any] = {}
    for name, entry in ENTRIES.items():
        info = register(info, name, f"{name}.json", entry)
    return info
