"""The vectors in a server, through LlamaIndex's own integrations: Qdrant, Milvus, PostgreSQL with pgvector.

The server gets vectors, an id for each and an alias for its chat; the words stay here. A vector still tells something
of what was said: a server is somebody who is trusted.
"""

import contextlib
import hashlib
import io
import os
import re
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatstylebot import files
from chatstylebot.errors import UserError
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.store import Store

if TYPE_CHECKING:
    from llama_index.core.vector_stores.types import BasePydanticVectorStore

KEY = "CSB_MEMORY_KEY"  # the server's key or password: never in clone.yaml
# scheme → LlamaIndex's module
MODULES = {
    "qdrant": "llama_index.vector_stores.qdrant",
    "milvus": "llama_index.vector_stores.milvus",
    "postgresql": "llama_index.vector_stores.postgres",
}
SPARE = 4  # how many more are asked for than wanted where the server cannot tell who may know what


class Elsewhere:
    """One collection of vectors in a server, and the store whose passages they belong to."""

    def __init__(self, url: str, store: Store, collection: str, size: int) -> None:
        """`size`: how many numbers a vector has. Raises UserError where the server cannot be reached."""
        self._url, self._store, self._salt = url, store, collection
        # an integration prints what it raises anyway
        with _told(url), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            self._there = _connect(url, f"csb_{collection}_{size}", size)

    def add(self, vectors: Sequence[tuple[str, str, list[float]]]) -> None:
        """Put vectors in: the passage's id, its chat, the vector. Raises UserError."""
        from llama_index.core.schema import TextNode

        nodes: list[Any] = [
            TextNode(id_=id, text="", metadata={"chat": self._alias(chat)}, embedding=vector)
            for id, chat, vector in vectors
        ]
        self.remove([id for id, _, _ in vectors])  # a run that was killed may have put them there
        with _told(self._url):
            self._there.add(nodes)

    def remove(self, ids: Sequence[str]) -> None:
        """Take vectors out. Raises UserError."""
        with _told(self._url):
            for begin in range(0, len(ids), 500):
                self._there.delete_nodes(node_ids=list(ids[begin : begin + 500]))

    def nearest(self, vector: Sequence[float], most: int, scope: Scope) -> list[tuple[int, float]]:
        """The passages with the nearest vectors: number and cosine, the nearest first."""
        from llama_index.core.vector_stores.types import (
            FilterOperator,
            MetadataFilter,
            MetadataFilters,
            VectorStoreQuery,
        )

        condition, values = scope.sql()
        filters = None
        if not scope.everything:
            chats = self._store.chats_where(condition, *values)
            if not chats:
                return []
            one = MetadataFilter(key="chat", value=[self._alias(chat) for chat in chats], operator=FilterOperator.IN)
            filters = MetadataFilters(filters=[one])
        wanted = most if scope.everything and scope.before is None else most * SPARE
        with _told(self._url):
            found = self._there.query(
                VectorStoreQuery(query_embedding=list(vector), similarity_top_k=wanted, filters=filters)
            )
        numbers = self._store.numbers(found.ids or [], condition, *values)
        pairs = zip(found.ids or [], found.similarities or [], strict=True)
        return [(numbers[id], float(score)) for id, score in pairs if id in numbers][:most]

    def _alias(self, chat: str) -> str:
        return hashlib.blake2b(chat.encode(), key=self._salt.encode(), digest_size=8).hexdigest()


def shown(url: str) -> str:
    """The address as it may be printed and noted: without a password in it."""
    return re.sub(r"(?<=//)[^/@]*@", "", url)


def check(url: str) -> None:
    """Raise UserError unless the address is of a kind that is known, and its integration is installed."""
    scheme = urlsplit(url).scheme
    if scheme not in MODULES:
        raise UserError(
            f"{shown(url)}: what kind of server is that?", "qdrant://host:6333, milvus://… or postgresql://…"
        )
    if find_spec(MODULES[scheme].rpartition(".")[0]) is None or find_spec(MODULES[scheme]) is None:
        raise UserError(f"LlamaIndex's integration for {scheme} is not installed", files.install(scheme))


def _connect(url: str, collection: str, size: int) -> "BasePydanticVectorStore":
    check(url)
    parts, key = urlsplit(url), os.environ.get(KEY, "")
    plain = "https" if parts.hostname not in ("127.0.0.1", "localhost", "::1") and key else "http"
    made: Any
    match parts.scheme:
        case "qdrant":
            from llama_index.vector_stores.qdrant import QdrantVectorStore

            address = f"{plain}://{parts.hostname}:{parts.port or 6333}"
            made = QdrantVectorStore(collection, url=address, api_key=key)
        case "milvus":
            from llama_index.vector_stores.milvus import MilvusVectorStore

            address = f"{plain}://{parts.hostname}:{parts.port or 19530}"
            made = MilvusVectorStore(uri=address, token=key, collection_name=collection, dim=size)
        case _:
            from llama_index.vector_stores.postgres import PGVectorStore
            from sqlalchemy import make_url

            place = make_url(url)
            if key:
                place = place.set(password=key)
            made = PGVectorStore.from_params(
                connection_string=place.set(drivername="postgresql+psycopg2").render_as_string(False),
                async_connection_string=place.set(drivername="postgresql+asyncpg").render_as_string(False),
                table_name=collection,
                embed_dim=size,
                use_jsonb=True,
            )
            made.get_nodes([])  # connects, and makes the table
    return made  # type: ignore[no-any-return]


class _told:
    """Turns whatever an integration raises into a UserError: each has exceptions of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, UserError):
            why = " ".join(str(error).split())[:200]
            raise UserError(
                f"{shown(self._url)} does not do it: {type(error).__name__}: {why}",
                f"is the server running, and {KEY} right? --embedding none needs no server",
            ) from error
