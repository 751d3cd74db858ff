"""Write chatstylebot/engine/keys.json: every key that the installed LLaMA-Factory understands, with its type.

Run after the engine's version changes: python scripts/engine_keys.py
"""

import json
import sys
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "chatstylebot" / "engine" / "keys.json"


def describe(hint: Any) -> tuple[set[str], list[Any]]:
    """The names of a type ("float", "null" …) and its choices, if it is a closed set."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        parts = [describe(part) for part in typing.get_args(hint)]
        closed = all(choices or names == {"null"} for names, choices in parts)
        choices = [choice for _, found in parts for choice in found] if closed else []
        return set().union(*(names for names, _ in parts)), choices
    if origin is typing.Literal:
        return {type(value).__name__ for value in typing.get_args(hint)}, list(typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"str"}, [member.value for member in hint]
    if hint is type(None):
        return {"null"}, []
    return {getattr(origin or hint, "__name__", str(hint))}, []


def fields(parser_classes: list[Any]) -> dict[str, dict[str, Any]]:
    """Every key of a parser: name → {"type": "float|null", "choices": [...]}."""
    found: dict[str, dict[str, Any]] = {}
    for owner in parser_classes:
        hints = typing.get_type_hints(owner)
        for name, field in owner.__dataclass_fields__.items():
            if not field.init:
                continue
            names, choices = describe(hints[name])
            if field.default is None:
                names.add("null")
            found[name] = {"type": "|".join(sorted(names))} | ({"choices": choices} if choices else {})
    return dict(sorted(found.items()))


def keys() -> dict[str, Any]:
    """The whole file: chat, api and export read the `infer` keys, which are among the `train` keys."""
    from llamafactory.extras.env import VERSION
    from llamafactory.hparams import parser

    train, infer = fields(parser._TRAIN_ARGS), fields(parser._INFER_ARGS)
    return {"engine": VERSION, "train": train, "infer": list(infer)}


def text(value: dict[str, Any]) -> str:
    """One key a line, so that a change of the engine is a readable diff."""
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in value["train"].items())
    infer = ",\n".join(f"    {json.dumps(name)}" for name in value["infer"])
    return f'{{\n  "engine": "{value["engine"]}",\n  "train": {{\n{rows}\n  }},\n  "infer": [\n{infer}\n  ]\n}}\n'


if __name__ == "__main__":
    made = text(keys())
    if sys.argv[1:] == ["--print"]:
        print(made, end="")
    else:
        TARGET.write_text(made, "utf-8")
        print(TARGET)
