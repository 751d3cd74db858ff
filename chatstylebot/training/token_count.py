"""How many tokens a text has, without starting the engine."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path


def counter(model: Path) -> Callable[[str], int] | None:
    """Counts with the model's own tokenizer; None where it cannot be had."""
    file = model / "tokenizer.json"
    if not file.is_file() or find_spec("tokenizers") is None:
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
