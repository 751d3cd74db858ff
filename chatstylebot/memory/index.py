"""The index brought up to date: what is new comes in, what is no longer said goes; vectors are made afterwards.

The words are one transaction. The vectors come in batches, the newest talk first, and each is kept: cut off at any
moment, the same again goes on. Until then the passages without one are found by their words.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chatstylebot.memory.passages import Passage
from chatstylebot.memory.store import Store

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

BATCH = 16  # passages that are embedded before they are kept


class Shelf(Protocol):
    """A server that holds the vectors in the place of the store."""

    def add(self, vectors: Sequence[tuple[str, str, list[float]]]) -> None:
        """Put vectors in: the passage's id, its chat, the vector. Raises UserError."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Take vectors out. Raises UserError."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """How many passages came, went, and are there now."""

    added: int
    removed: int
    total: int


def refresh(store: Store, passages: Iterable[Passage], shelf: Shelf | None = None) -> Change:
    """The store holds exactly these passages, or is as it was. Raises UserError."""
    known, fresh = store.ids(), {passage.id: passage for passage in passages}
    gone = [id for id in known if id not in fresh]
    if gone and shelf is not None:
        shelf.remove(gone)  # first: what is left there would be forgotten by nobody
    added = store.change((passage for id, passage in fresh.items() if id not in known), gone)
    return Change(added, len(gone), len(fresh))


def embed(
    store: Store, model: "BaseEmbedding", shelf: Shelf | None, done: Callable[[int], None] = lambda _: None
) -> int:
    """Every passage that has no vector gets one; how many. `done` is told how many more are. Raises UserError."""
    number = 0
    for part in _batches(store):
        made = _unit(model.get_text_embedding_batch([text for _, _, text in part]))
        if shelf is None:
            store.vector((key, id, _packed(vector)) for (key, id, _), vector in zip(part, made, strict=True))
        else:
            chats = {key: passage.chat for key, passage in store.passages([key for key, _, _ in part]).items()}
            shelf.add([(id, chats[key], vector) for (key, id, _), vector in zip(part, made, strict=True)])
            store.vector((key, id, None) for key, id, _ in part)
        number += len(part)
        done(len(part))
    return number


def _batches(store: Store) -> Iterator[list[tuple[int, str, str]]]:
    while part := store.pending(BATCH):
        yield part


def _unit(vectors: Sequence[Sequence[float]]) -> list[list[float]]:
    """The vectors with length 1, so that a product is a cosine."""
    import numpy as np

    whole = np.asarray(vectors, np.float32)
    length = np.linalg.norm(whole, axis=1, keepdims=True)
    return (whole / np.where(length > 0, length, 1)).tolist()  # type: ignore[no-any-return]


def _packed(vector: Sequence[float]) -> bytes:
    import numpy as np

    return np.asarray(vector, "<f2").tobytes()
