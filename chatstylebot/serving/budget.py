"""How many tokens a prompt has, as exactly as it must be known to fit it into the engine's context."""

from collections.abc import Callable, Sequence

from chatstylebot.client import Client

AROUND = 12  # tokens that a template puts around one turn, at most


def certain(texts: Sequence[str]) -> list[int]:
    """An upper bound that costs nothing: no byte-level vocabulary makes more tokens than there are bytes."""
    return [len(text.encode()) + AROUND for text in texts]


def guessed(texts: Sequence[str]) -> list[int]:
    """A careful guess for an unknown vocabulary: a token for every third ASCII character and for each other one."""
    return [sum(1 if character > "\x7f" else 1 / 3 for character in text).__ceil__() + AROUND for text in texts]


def counted(texts: Sequence[str], count: Callable[[str], int]) -> list[int]:
    """With the model's own tokenizer."""
    return [count(text) + AROUND for text in texts]


async def asked(texts: Sequence[str], client: Client) -> list[int]:
    """By asking llama.cpp. Raises Trouble."""
    sizes = []
    for text in texts:
        found = await client.post("/tokenize", {"content": text})
        sizes.append(len(found.get("tokens") or []) + AROUND)
    return sizes


def keep(sizes: Sequence[int], room: int) -> int | None:
    """How many of the oldest turns must go (whole pairs) so that the rest fits; None when the last alone does not.

    `sizes` are those of the system prompt and then of the turns, the first of which is a user's.
    """
    system, turns = sizes[0], sizes[1:]
    return next((gone for gone in range(0, len(turns), 2) if system + sum(turns[gone:]) <= room), None)
