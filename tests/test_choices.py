"""The switches of `csb preprocess`, each visible in the report."""

import contextlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Csb
from hypothesis import given, settings
from hypothesis import strategies as st
from make import export, pairs, row, samples, talk

from chatstylebot.corpus import foreign, quality, silence
from chatstylebot.corpus import samples as sampling

OUT = Path("data/chat_records.json")
TWO = [*talk("A: one", "me: two"), *talk("A: three", "me: four", talker=2, name="Bob", start=10)]
WHATSAPP = """1/13/24, 10:00 - Ann: where are you
1/13/24, 10:01 - Tom: home
1/13/24, 10:02 - Ann: ok
1/13/24, 10:03 - Tom: and you?
"""


def report(place: Path) -> dict[str, Any]:
    return json.loads((place / ".csb" / "report.json").read_text("utf-8"))  # type: ignore[no-any-return]


def test_contacts_and_exclude_choose_the_chats(preprocess: Csb, place: Path) -> None:
    path = export(place / "m.csv", TWO)
    preprocess(path, "--contacts", "Bob")
    assert pairs(OUT) == [("three", "four")]
    assert report(place)["dropped"] == {"not_chosen": 2}
    preprocess(path, "--exclude", "Bob")
    assert pairs(OUT) == [("one", "two")]
    assert "no chat is called 'Bobb' (did you mean 'Bob'?)" in preprocess(path, "--contacts", "Bobb", code=1).stderr


def test_since_and_until_choose_the_time(preprocess: Csb, place: Path) -> None:
    rows = [*talk("A: old", "me: older"), *talk("A: new", "me: newer", start=86400 * 400)]
    path = export(place / "m.csv", rows)
    preprocess(path, "--since", "2024")
    assert pairs(OUT) == [("new", "newer")]
    preprocess(path, "--until", "2023-12")
    assert pairs(OUT) == [("old", "older")]
    assert report(place)["dropped"] == {"out_of_time": 2}
    assert "is not a date" in preprocess(path, "--since", "soon", code=1).stderr
    assert "nothing lies between" in preprocess(path, "--since", "2025", "--until", "2024", code=1).stderr


def test_a_day_begins_where_the_chats_are_and_not_where_this_machine_is(preprocess: Csb, place: Path) -> None:
    question, answer = row(0, "Alice", "睡了吗"), row(0, "me", "没")
    question[5], answer[5] = 1714494600, 1714494660  # 2024-04-30 16:30 UTC, 2024-05-01 00:30 in Shanghai
    path = export(place / "m.csv", [question, answer])
    preprocess(path, "--since", "2024-05-01", TZ="UTC")
    assert pairs(OUT) == [("睡了吗", "没")]
    assert "nothing is left" in preprocess(path, "--since", "2024-05-01", "--timezone", "UTC", code=1).stderr


def test_who_is_me_is_asked_where_the_file_does_not_tell_IMP_19(preprocess: Csb, place: Path) -> None:
    (place / "WhatsApp Chat with Ann.txt").write_text(WHATSAPP)
    done = preprocess("WhatsApp Chat with Ann.txt", code=1)
    assert "the people in it are 'Ann' (2 messages), 'Tom' (2 messages)" in done.stderr
    assert not OUT.exists()
    preprocess("WhatsApp Chat with Ann.txt", "--me", "Tom", "--timezone", "Europe/Rome")
    assert pairs(OUT) == [("where are you", "home"), ("ok", "and you?")]
    preprocess("WhatsApp Chat with Ann.txt", "--person", "Ann")
    assert pairs(OUT) == [("home", "ok")]


def test_somebody_else_can_be_cloned_from_an_export_that_tells_who_is_me(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("me: how was it", "A: great", "me: nice", "A: very")), "--person", "Alice")
    assert pairs(OUT) == [("how was it", "great"), ("nice", "very")]


def test_parts_of_one_chat_come_together_and_count_once(preprocess: Csb, place: Path) -> None:
    header = "id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n"
    one = "1,1,文本,0,b,b,在吗,,2024-01-01 10:00:00\n"
    two = "2,2,文本,1,me,b,在的,,2024-01-01 10:01:00\n"
    (place / "b_0_2.csv").write_text(header + one + two)
    (place / "b_2_4.csv").write_text(
        header + two + "3,3,文本,0,b,b,吃了吗,,2024-01-01 10:02:00\n4,4,文本,1,me,b,吃了,,2024-01-01 10:03:00\n"
    )
    preprocess("b_0_2.csv", "b_2_4.csv")
    assert pairs(OUT) == [("在吗", "在的"), ("吃了吗", "吃了")]
    assert report(place)["dropped"] == {"duplicate": 1}


def test_pasted_texts_and_bare_links_are_not_the_person_s_words_SAM_9(preprocess: Csb, place: Path) -> None:
    article = "本文介绍了一种方法；其主要内容如下：“第一，……”、“第二，……”。\n\n" * 10
    rows = [
        *talk(
            "A: hi",
            "me: hey",
            "A: news?",
            "me: https://example.org/a",
            "A: and?",
            f"me: {article}",
            "A: wow",
            "me: yes",
        ),
        *talk(*[f"{who}: short talk {n}" for n in range(60) for who in ("A", "me")], start=90_000),
    ]
    path = export(place / "m.csv", rows)
    preprocess(path)
    assert report(place)["dropped"]["pasted"] == 2
    assert ("wow", "yes") in pairs(OUT)
    assert not [answer for _, answer in pairs(OUT) if "example.org" in answer or "本文" in answer]
    preprocess(path, "--keep-pasted")
    assert ("news?", "https://example.org/a") in pairs(OUT)
    assert "pasted" not in report(place)["dropped"]


def test_a_mass_greeting_is_learnt_once_and_short_answers_stay_SAM_8(preprocess: Csb, place: Path) -> None:
    rows = []
    for n, name in enumerate(("A1", "A2", "A3", "A4")):
        rows += talk(
            "A: in?", "me: 新年快乐，祝大家万事如意！", "A: ok?", "me: 嗯嗯", talker=n, name=name, start=n * 300
        )
    path = export(place / "m.csv", rows)
    preprocess(path)
    assert [answer for _, answer in pairs(OUT)].count("新年快乐，祝大家万事如意！") == 1
    assert report(place)["dropped"]["mass_message"] == 3
    preprocess(path, "--keep-repeats")
    assert "mass_message" not in report(place)["dropped"]


def test_nearly_equal_samples_stay_three_times(preprocess: Csb, place: Path) -> None:
    rows = []
    for n in range(6):
        rows += talk(f"A: where are you{'?' * n}", f"me: I am on my way{'!' * n}", start=n * 9000)
        rows += talk(f"A: ok{'.' * n}", f"me: ok{'.' * n}", start=n * 9000 + 100)
    path = export(place / "m.csv", rows)
    preprocess(path, "--history", "0")
    assert len([1 for _, answer in pairs(OUT) if answer.startswith("I am")]) == 3
    assert len([1 for _, answer in pairs(OUT) if answer.startswith("ok")]) == 6
    assert report(place)["dropped"]["near_duplicate"] == 6
    preprocess(path, "--history", "0", "--keep-repeats")
    assert report(place)["samples"] == 12


def test_one_contact_is_at_most_its_share_SAM_13(preprocess: Csb, place: Path) -> None:
    rows = []
    for chat, size in enumerate((900, 60, 60, 60, 60)):
        for n in range(size):
            rows += talk(f"A: q {chat} {n}", f"me: a {chat} {n}", talker=chat, name=f"P{chat}", start=n * 9000)
    path = export(place / "m.csv", rows)
    preprocess(path)
    told = report(place)
    assert told["largest_share"] <= 0.4
    assert told["dropped"]["over_share"] > 1000
    kept = [int(a.split()[-1]) for _, a in pairs(OUT) if a.startswith("a 0 ")]
    assert min(kept) < 30, "what goes is spread over the whole time"
    assert max(kept) > 870
    preprocess(path, "--max-share", "1")
    assert report(place)["samples"] == 1140


@pytest.mark.parametrize(
    ("counts", "share", "limit"),
    [([900, 50, 50, 50, 50], 0.4, 133), ([10, 10], 0.6, 10), ([900, 800, 10, 10, 10], 0.4, 60), ([], 0.4, 1)],
)
def test_a_fair_limit_is_found(counts: list[int], share: float, limit: int) -> None:
    found = sampling.fair(counts, share)
    assert abs(found - limit) <= 20
    left = [min(count, found) for count in counts]
    assert max(left, default=0) <= max(
        share * sum(left) + 1, sorted(counts, reverse=True)[2] if len(counts) > 2 else 10
    )


def test_quotes_stand_before_the_other_s_words_on_wish(preprocess: Csb, place: Path) -> None:
    text = (
        "消息ID,类型,发送人,时间,内容\n1,文本,我自己,2024-01-13 15:00:00,周六去爬山吗\n"
        '2,引用消息,老周,2024-01-13 15:01:00,"去\n引用：我自己: 周六去爬山吗"\n3,引用消息,我自己,2024-01-13 15:02:00,"好\n引用：老周: 去"\n'
    )
    (place / "老周.csv").write_text(text, "utf-8-sig")
    preprocess("老周.csv", "--me", "我自己")
    assert pairs(OUT) == [("去", "好")]
    preprocess("老周.csv", "--me", "我自己", "--quotes")
    assert pairs(OUT) == [("「我自己: 周六去爬山吗」去", "好")]


def test_captions_transcripts_and_forwards_are_taken_as_what_they_are(preprocess: Csb, place: Path) -> None:
    def message(n: int, who: int, **more: object) -> dict[str, object]:
        return {
            "id": n,
            "type": "message",
            "date_unixtime": str(1700000000 + n),
            "from": f"P{who}",
            "from_id": f"user{who}",
            "text": "",
            **more,
        }

    rows = [
        message(1, 7, photo="x", text="my cat"),
        message(2, 1, photo="y", text="mine is bigger"),
        message(3, 7, forwarded_from="News", text="cats win"),
        message(4, 1, text="of course"),
        message(5, 7, text="and?"),
        message(6, 1, forwarded_from="News", text="dogs lose"),
    ]
    (place / "result.json").write_text(json.dumps({"name": "Ann", "type": "personal_chat", "id": 7, "messages": rows}))
    preprocess("result.json")
    assert pairs(OUT) == [("[image] my cat", "mine is bigger"), ("cats win", "of course")]
    assert report(place)["dropped"]["forward"] == 1


def test_gap_auto_finds_the_valley_between_two_hills(preprocess: Csb, place: Path) -> None:
    inside = [2 ** (n % 8 + 2) for n in range(600)]  # 4 s to 8 min
    between = [3600 * (12 + n % 48) for n in range(300)]
    gap, why = silence.gap(pl.Series([float(n) for n in inside + between]))
    assert 900 <= gap.total_seconds() <= 6 * 3600
    assert "of them are shorter" in why
    assert silence.gap(pl.Series([1.0] * 10))[0] == silence.USUAL
    done = preprocess(export(place / "m.csv", TWO), "--gap", "auto")
    assert "gap auto: 60 min (only 2 pauses to look at" in done.stderr
    assert report(place)["gap"]["auto"] is True
    assert report(place)["gap"]["shares"]["1"] == 1.0


def test_a_first_contacts_yaml_is_written_once_and_changes_nothing(csb: Csb, place: Path) -> None:
    csb("init", ".", "--name", "Tom", "--author", "Tom", "--language", "en")
    export(place / "m.csv", TWO)
    csb("preprocess", "m.csv", "--heldout", "0")
    first, text = (place / OUT).read_bytes(), (place / "contacts.yaml").read_text()
    assert '"Alice":\n  name: "Alice"\n  relation:\n  policy: off\n' in text
    csb("preprocess", "m.csv", "--heldout", "0")
    assert (place / OUT).read_bytes() == first
    (place / "contacts.yaml").write_text('"Alice":\n  relation: sister\n  policy: off\n')
    card = place / "clone.yaml"
    lines = [line for line in card.read_text().splitlines() if not line.startswith("system:")]
    card.write_text("\n".join([*lines, 'system: "You are {name}, texting with your {relation}."']))
    done = csb("preprocess", "m.csv", "--heldout", "0")
    prompts = {sample["system"] for sample in samples(place / OUT)}
    assert prompts <= {"You are Tom, texting with your sister.", "You are Tom, texting with your friend."}
    assert "1 chat is not in contacts.yaml, such as 'Bob'" in done.stderr
    assert (place / "contacts.yaml").read_text().startswith('"Alice":\n  relation: sister')


def test_the_report_tells_lengths_shares_and_whether_it_is_enough(preprocess: Csb, place: Path) -> None:
    done = preprocess(export(place / "m.csv", [*TWO, *talk("A: ring 13812345678", "me: ok then", start=9000)]))
    told = report(place)
    assert told["reply_characters"]["max"] == 7
    assert told["sample_tokens"]["counted"] is False
    assert told["cutoff_len"] == 256
    assert [(c["name"], c["samples"]) for c in told["contacts"]] == [("Alice", 2), ("Bob", 1)]
    assert told["share_redacted"] == round(1 / 6, 4)
    assert told["verdict"]["level"] == "too_few"
    assert "3 training samples: too few to learn a style from" in done.stdout
    assert "13812345678" not in json.dumps(told)


def test_the_cutoff_covers_nearly_all_samples() -> None:
    assert quality.cutoff(pl.Series(range(1, 1001))) == 1024
    assert quality.cutoff(pl.Series([5] * 100)) == 256
    assert quality.cutoff(pl.Series([99_999] * 100)) == 4096
    assert [quality.verdict(n)["level"] for n in (0, 200, 1000, 5000)] == ["too_few", "few", "good", "plenty"]


def test_a_short_or_own_long_text_is_never_foreign() -> None:
    texts = ["嗯", "ok", "我今天真的好累啊不想上班了你们呢" * 20]
    table = pl.DataFrame(
        {"chat": [1, 2, 3], "sent_at": [0, 1, 2], "from_me": [True] * 3, "text": texts, "dropped": [None] * 3}
    ).with_columns(pl.col("sent_at").cast(pl.Datetime("ms", "UTC")))
    assert foreign.mark(table)["foreign"].to_list() == [None, None, None]


LINES = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.booleans(),
        st.sampled_from([20, 400, 5000]),
        st.sampled_from(["hi", "嗯", "what now", "", "13812345678"]),
    ),
    min_size=2,
    max_size=40,
)


@given(LINES)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_samples_never_mix_chats_keep_the_order_and_every_own_bubble_has_its_place(
    lines: list[tuple[int, bool, int, str]],
) -> None:
    import os
    import tempfile

    from chatstylebot.card import Card
    from chatstylebot.commands import preprocess as command
    from chatstylebot.corpus.switches import Switches

    at, rows = 0, []
    for n, (chat, mine, wait, text) in enumerate(lines):
        at += wait
        words = f"{text} c{chat}n{n}e" if text else ""
        rows.append(row(at, "me" if mine else f"P{chat}", words, talker=chat, name=f"P{chat}"))
    if not any(mine for _, mine, _, _ in lines):
        return
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            path = export(Path(folder) / "m.csv", rows)
            switches = Switches(heldout=0, cap_repeats=False, drop_pasted=False)
            outputs = []
            for _ in range(2):
                with contextlib.suppress(command.UserError):  # nothing is left to train on
                    command.build(command.Source([path]), Path(folder) / OUT, None, Card(), False, switches)
                if not (Path(folder) / OUT).exists():
                    return
                outputs.append((Path(folder) / OUT).read_bytes())
            assert outputs[0] == outputs[1]
            found = samples(Path(folder) / OUT)
            table = pl.read_parquet(Path(folder) / ".csb" / "messages.parquet")
            index = pl.read_parquet(Path(folder) / ".csb" / "samples.parquet")
        finally:
            os.chdir(here)
    own = {
        m
        for text in table.filter(pl.col("from_me") & pl.col("dropped").is_null())["text"].drop_nulls()
        for m in marks(text)
    }
    answers: list[tuple[int, int]] = []
    for sample in found:
        parts = [text for pair in sample["history"] for text in pair] + [sample["instruction"], sample["output"]]
        seen = [mark for part in parts for mark in marks(part)]
        assert len({chat for chat, _ in seen}) == 1
        assert seen == sorted(seen)
        answers += marks(sample["output"])
    assert len(answers) == len(set(answers)), "no own bubble is a target twice"
    assert set(answers) <= own
    in_history = {m for s in found for pair in s["history"] for m in marks(pair[1])}
    assert own == set(answers) | in_history
    assert index.height == len(found)


def marks(text: str) -> list[tuple[int, int]]:
    """The (chat, number) of each message that a text holds."""
    import re

    return [(int(chat), int(n)) for chat, n in re.findall(r"c(\d+)n(\d+)e", text)]
