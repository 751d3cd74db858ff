"""How much memory the chats of a GGUF take in llama.cpp, and what fits into what is free.

Measured (SmolLM2-135M, q8_0): 8 chats of 2,048 tokens 399 MiB beside the file, of which 360 are counted here as the
cache; 32 of 4,096 tokens 2,928 MiB (2,880).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatstylebot.errors import UserError
from chatstylebot.models import gguf_head
from chatstylebot.models.gguf_head import about

WORD = 2  # bytes of a number in the cache: llama.cpp keeps f16
WORK = 64 << 20  # bytes for the work itself and the library
SHORTEST = 256  # tokens of a chat that can still be meant
# what keeps less than everything: an estimate of it would be too large to refuse anything with
SPARING = ("attention.sliding_window", "attention.kv_lora_rank", "ssm.state_size", "wkv.head_size")


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes: of the file, and of one token of one chat (0: not known)."""

    weights: int
    token: int

    def total(self, chats: int, context: int) -> int:
        """Bytes for so many chats of so many tokens."""
        return self.weights + WORK + self.token * chats * context


def need(head: Mapping[str, Any], size: int) -> Need:
    """What a model with this head in a file of `size` bytes needs: keys and values of every layer for each token."""
    layers, heads, width = (about(head, key, 0) for key in ("block_count", "attention.head_count", "embedding_length"))
    pairs = about(head, "attention.head_count_kv", heads)
    if any(about(head, key) for key in SPARING) or not (layers and pairs and width):
        return Need(size, 0)
    most = max(heads) if isinstance(heads, list) else heads
    usual = width // most if most else 0
    each = about(head, "attention.key_length", usual) + about(head, "attention.value_length", usual)
    every = sum(pairs) if isinstance(pairs, list) else layers * pairs
    return Need(size, every * each * WORD)


def context(made: Sequence[Path], chats: int, asked: int, free: int) -> int:
    """The tokens of one chat: as asked, and no more than these models were made for, as llama.cpp takes no more.

    Raises UserError, with what would fit, unless all of them fit into `free` bytes together (0: not known).
    """
    heads = [gguf_head.read(file) for file in made]
    tokens = min(asked, *(about(head, "context_length") or asked for head in heads))
    check([need(head, file.stat().st_size) for head, file in zip(heads, made, strict=True)], chats, tokens, free)
    return tokens


def check(needs: Sequence[Need], chats: int, tokens: int, free: int) -> None:
    """Raise UserError, with what would fit, unless all models fit into `free` bytes together (0: not known)."""
    wanted = sum(one.total(chats, tokens) for one in needs)
    if not free or wanted <= free:
        return
    problem = f"{chats} chats of {tokens:,} tokens need {_gb(wanted)}; {_gb(free)} of memory is free"
    left = free - sum(one.total(0, 0) for one in needs)
    each = sum(one.token for one in needs)
    fitting = left // each if left > 0 and each else 0
    if fitting >= tokens:
        raise UserError(problem, f"--chats {min(fitting // tokens, chats)}, or end other programs")
    if fitting >= SHORTEST:
        raise UserError(problem, f"--chats 1 --context {fitting // SHORTEST * SHORTEST}, or end other programs")
    without = ", serve without --with-base" if len(needs) > 1 else ""
    raise UserError(problem, f"end other programs{without}, or take a smaller model")


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
