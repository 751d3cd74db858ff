"""What a GGUF says about itself: the keys and values at its head, read without llama.cpp and without the weights.

Source of the format: ggml's docs/gguf.md (versions 2 and 3, little-endian).
"""

import json
import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from chatstylebot.errors import UserError

MAGIC = b"GGUF"
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
LONGEST = 1 << 28  # bytes or items of one value; more is a damaged file
REMEDY = "if csb made it: remove it, and csb serve makes it anew"
MADE_OF = "csb.made_of"  # JSON: what a GGUF of ours was made from
TOKENS, TYPES, CONTROL = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", 3


def read(path: Path, whole: Collection[str] = ()) -> dict[str, Any]:
    """The scalars and short lists of numbers by key, and the lists that are named in `whole`; of any other list its
    length. Raises UserError."""
    try:
        with path.open("rb") as file:
            if file.read(4) != MAGIC:
                raise UserError(f"{path} is no GGUF file", "csb export --gguf q8_0 makes one")
            version, _, keys = struct.unpack("<IQQ", file.read(20))
            if version not in (2, 3):
                raise UserError(f"{path} is a GGUF of version {version}", REMEDY)
            return {(key := _string(file)): _value(file, _number(file, "I"), key in whole) for _ in range(keys)}
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "check the path of --gguf") from None
    except (struct.error, ValueError, KeyError, MemoryError):
        raise UserError(f"{path} is damaged: its head cannot be read", REMEDY) from None


def _number(file: BinaryIO, code: str) -> Any:
    return struct.unpack(f"<{code}", file.read(struct.calcsize(f"<{code}")))[0]


def _length(file: BinaryIO) -> int:
    size: int = _number(file, "Q")
    if size > LONGEST:
        raise ValueError(size)
    return size


def _string(file: BinaryIO) -> str:
    size = _length(file)
    text = file.read(size)
    if len(text) < size:
        raise ValueError(size)
    return text.decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int, whole: bool = False) -> Any:
    if kind == STRING:
        return _string(file)
    if kind != ARRAY:
        return _number(file, NUMBERS[kind])
    inner, size = _number(file, "I"), _length(file)
    if whole or (inner in NUMBERS and size <= 4096):  # one number for each layer
        return [_value(file, inner) for _ in range(size)]
    if inner in NUMBERS:
        file.seek(size * struct.calcsize(f"<{NUMBERS[inner]}"), 1)
    for _ in range(0 if inner in NUMBERS else size):  # the vocabulary, mostly
        if inner == STRING:
            file.seek(_length(file), 1)
        else:
            _value(file, inner)
    return size


def made_of(path: Path) -> dict[str, Any]:
    """What a GGUF of ours was made from; {} for one that does not say, or cannot be read."""
    try:
        told = json.loads(read(path).get(MADE_OF, "{}"))
    except (UserError, ValueError, TypeError):
        return {}
    return told if isinstance(told, dict) else {}


def control(path: Path) -> list[str]:
    """The control tokens of the file's vocabulary; llama.cpp takes them for such wherever they stand. UserError."""
    head = read(path, (TOKENS, TYPES))
    tokens, types = head.get(TOKENS, []), head.get(TYPES, [])
    return [token for token, kind in zip(tokens, types, strict=False) if kind == CONTROL]


def about(head: Mapping[str, Any], key: str, default: Any = None) -> Any:
    """A value that the model's architecture stands before: `llama.block_count`."""
    return head.get(f"{head.get('general.architecture')}.{key}", default)
