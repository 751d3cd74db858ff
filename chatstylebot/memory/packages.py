"""Whether the packages of the memory are installed."""

from importlib.util import find_spec

from chatstylebot import files
from chatstylebot.errors import UserError


def check() -> None:
    """Raise UserError where they are not."""
    if not all(find_spec(name) for name in ("llama_index", "rjieba", "numpy")):
        raise UserError("the memory's packages are not installed", files.install("rag"))
