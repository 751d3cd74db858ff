"""Past talk as a LlamaIndex retriever: for our own commands, and for anybody's query engine."""

from datetime import UTC, datetime

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from chatstylebot.memory.passages import about
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.search import Found, Search


class PastTalk(BaseRetriever):
    """The passages of one scope. Each node's metadata say with whom (`chat`, `name`, `group`) and when (`first`,
    `last`, ISO 8601 in UTC; not of samples, which tell no time)."""

    def __init__(self, search: Search, scope: Scope, most: int = 5, now: datetime | None = None) -> None:
        self._search, self._scope, self._most, self._now = search, scope, most, now
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        now = self._now or datetime.now(UTC)
        return [node(one) for one in self._search.find(query_bundle.query_str, self._scope, self._most, now)]


def node(found: Found) -> NodeWithScore:
    """What was found as LlamaIndex wants it."""
    return NodeWithScore(
        node=TextNode(text=found.passage.text, metadata=about(found.passage)),
        score=found.score,
    )
