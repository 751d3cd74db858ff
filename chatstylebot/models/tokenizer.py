"""The tokenizer of the card's model, where it lies on this machine: how long samples are in tokens."""

from collections.abc import Callable, Sequence
from pathlib import Path

from chatstylebot.errors import UserError
from chatstylebot.models import presets
from chatstylebot.workspace import Workspace

FILE = "tokenizer.json"


def find(model: str, workspace: Path) -> Path | None:
    """tokenizer.json of a model (a preset or a folder), None when it is not here."""
    try:
        folder = Workspace(workspace).base(presets.get(model).title)
    except UserError:
        folder = Workspace(workspace).located(model)
    path = folder / FILE
    return path if path.is_file() else None


def counter(path: Path) -> Callable[[Sequence[str]], list[int]] | None:
    """What gives the number of tokens of each text; None where the package is missing or the file is broken."""
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        return None
    try:
        found = Tokenizer.from_file(str(path))
    except BaseException as error:  # the Rust side raises a bare Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return None
    return lambda texts: [len(encoded.ids) for encoded in found.encode_batch(list(texts), add_special_tokens=False)]
