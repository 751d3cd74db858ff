"""Messages to samples: what is paired with what. Ids as in facts/pitfalls.md."""

import json
from pathlib import Path

from conftest import Csb
from make import export, pairs, row, samples, talk

OUT = Path("data/chat_records.json")


def test_two_chats_of_one_day_are_never_mixed_CON_1(preprocess: Csb, place: Path) -> None:
    rows = [
        row(0, "Alice", "晚上吃啥", talker=1),
        row(60, "Bob", "密码是多少", talker=2, name="Bob"),
        row(120, "me", "我的银行卡密码是[密码1]", talker=2, name="Bob"),
        row(180, "me", "火锅吧", talker=1),
        row(240, "Alice", "好呀", talker=1),
        row(300, "me", "几点", talker=1),
    ]
    preprocess(export(place / "messages.csv", rows))
    assert pairs(OUT) == [("晚上吃啥", "火锅吧"), ("好呀", "几点"), ("密码是多少", "我的银行卡密码是[密码1]")]
    assert samples(OUT)[2]["history"] == []


def test_a_file_border_is_a_conversation_border_CON_2(preprocess: Csb, place: Path) -> None:
    first = export(place / "a.csv", talk("A: 你密码多少"))
    second = export(place / "b.csv", talk("me: (给B的) 晚上老地方见", "A: 好", "me: 嗯", name="B", start=100))
    preprocess(first, second)
    assert pairs(OUT) == [("好", "嗯")]


def test_midnight_utc_is_not_a_cut_CON_3(preprocess: Csb, place: Path) -> None:
    question, answer = row(0, "Alice", "起床没"), row(0, "me", "刚起")
    question[5], answer[5] = 1719791880, 1719792120
    preprocess(export(place / "m.csv", [question, answer]))
    assert pairs(OUT) == [("起床没", "刚起")]


def test_a_silence_longer_than_the_gap_cuts_CON_4(preprocess: Csb, place: Path) -> None:
    file = export(place / "m.csv", talk("A: 一", "me: 二", "+4000 A: 三", "me: 四"))
    preprocess(file)
    assert [s["history"] for s in samples(OUT)] == [[], []]
    preprocess(file, "--gap", "2h")
    assert [s["history"] for s in samples(OUT)] == [[], [["一", "二"]]]


def test_every_bubble_before_a_reply_is_kept_CON_5(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("A: 在吗", "+180 A: 借我点钱", "+60 me: 多少")))
    assert pairs(OUT) == [("在吗\n借我点钱", "多少")]


def test_a_late_reply_within_the_gap_is_a_reply_CON_6(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("A: 在吗", "+1200 me: 刚看到，怎么了")))
    assert pairs(OUT) == [("在吗", "刚看到，怎么了")]


def test_a_reply_later_than_the_gap_is_counted_and_serves_as_history(preprocess: Csb, place: Path) -> None:
    rows = talk("A: 在吗", "+9000 me: 刚看到", "A: 没事了", "me: 好")
    preprocess(export(place / "m.csv", rows), "--report", "r.json")
    assert samples(OUT)[0]["history"] == [["", "刚看到"]]
    assert pairs(OUT) == [("没事了", "好")]
    report = json.loads(Path("r.json").read_text("utf-8"))
    assert report["answered_late"] == 1
    assert report["dropped"] == {"unanswered": 1}


def test_a_voice_note_does_not_orphan_the_answer_CON_7(preprocess: Csb, place: Path) -> None:
    rows = [row(0, "Alice", "看这个"), row(5, "Alice", "<msg><voicemsg /></msg>", kind=34), row(20, "me", "好听")]
    preprocess(export(place / "m.csv", rows))
    assert pairs(OUT) == [("看这个\n[语音]", "好听")]


def test_a_long_conversation_is_windowed_and_no_reply_is_lost_CON_8(preprocess: Csb, place: Path) -> None:
    lines = [f"{who}: {who} says line number {n}" for n in range(12) for who in ("A", "me")]
    preprocess(export(place / "m.csv", talk(*lines)), "--history", "3")
    found = samples(OUT)
    assert [s["output"] for s in found] == [f"me says line number {n}" for n in range(12)]
    assert found[11]["history"] == [[f"A says line number {n}", f"me says line number {n}"] for n in (8, 9, 10)]


def test_speakers_of_a_group_stand_with_their_names_CON_9(preprocess: Csb, place: Path) -> None:
    rows = [
        row(0, "Ann", "who is in", name="quiz"),
        row(5, "Bo", "me", name="quiz"),
        row(9, "me", "same", name="quiz"),
    ]
    file = export(place / "m.csv", rows)
    preprocess(file)
    assert pairs(OUT) == [("Ann: who is in\nBo: me", "same")]
    done = preprocess(file, "--no-groups", code=1)
    assert "3 group_chat" in done.stderr


def test_a_group_s_long_talk_before_a_reply_is_cut_to_its_end(preprocess: Csb, place: Path) -> None:
    rows = [row(n, "Ann" if n % 2 else "Bo", f"line {n}", name="quiz") for n in range(50)]
    preprocess(export(place / "m.csv", [*rows, row(60, "me", "ok", name="quiz")]), "--report", "r.json")
    [(question, _)] = pairs(OUT)
    assert question.split("\n")[0] == "Bo: line 30"
    assert json.loads(Path("r.json").read_text("utf-8"))["dropped"] == {"group_context": 30}


def test_bubble_borders_survive_SAM_1(preprocess: Csb, place: Path) -> None:
    rows = talk("A: 晚上吃啥", "+20 A: 快说", "+40 me: 火锅。", "+2 me: 你请", "+2 me: 哈哈")
    preprocess(export(place / "m.csv", rows))
    assert pairs(OUT) == [("晚上吃啥\n快说", "火锅。\n你请\n哈哈")]


def test_an_own_opener_is_history_and_never_stands_in_its_own_prompt_SAM_2(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("me: 早", "me: 醒了没", "A: 刚醒", "me: 懒")), "--report", "r.json")
    [sample] = samples(OUT)
    assert (sample["history"], sample["instruction"], sample["output"]) == ([["", "早\n醒了没"]], "刚醒", "懒")
    assert json.loads(Path("r.json").read_text("utf-8"))["messages_used"] == 4


def test_follow_ups_join_the_reply_SAM_2(preprocess: Csb, place: Path) -> None:
    rows = talk("A: 明天考试吗", "+30 me: 嗯", "+170 me: 考两门", "+30 A: 加油", "+30 me: 谢谢")
    preprocess(export(place / "m.csv", rows))
    assert pairs(OUT) == [("明天考试吗", "嗯\n考两门"), ("加油", "谢谢")]


def test_an_own_picture_is_context_and_never_an_answer(preprocess: Csb, place: Path) -> None:
    rows = [
        row(0, "Alice", "发张照片"),
        row(10, "me", "<msg><img /></msg>", kind=3),
        row(20, "Alice", "好看"),
        row(30, "me", "谢谢"),
        row(31, "me", "<msg><emoji /></msg>", kind=47),
    ]
    preprocess(export(place / "m.csv", rows), "--report", "r.json")
    [sample] = samples(OUT)
    assert sample["history"] == [["发张照片", "[图片]"]]
    assert (sample["instruction"], sample["output"]) == ("好看", "谢谢")
    assert json.loads(Path("r.json").read_text("utf-8"))["dropped"] == {"sticker": 1}


def test_notices_recalls_and_xml_never_become_text_SAM_9(preprocess: Csb, place: Path) -> None:
    rows = [
        row(0, "Alice", "在？"),
        row(1, "Alice", "你已添加了Alice，现在可以开始聊天了", kind=10000),
        row(2, "me", '<![CDATA[你撤回了一条消息 <a href="weixin://revoke_edit_click">重新编辑</a>]]>', kind=10000),
        row(3, "me", '<sysmsg type="pat"></sysmsg>', kind=10000, sub=4),
        row(9, "me", "在 [捂脸]"),
    ]
    preprocess(export(place / "m.csv", rows), "--report", "r.json")
    assert pairs(OUT) == [("在？", "在 [捂脸]")]
    assert json.loads(Path("r.json").read_text("utf-8"))["dropped"] == {"system": 2, "recall": 1}


def test_whole_samples_that_repeat_count_once_and_short_answers_stay_SAM_8(preprocess: Csb, place: Path) -> None:
    rows = talk("A: 在吗", "me: 嗯", "+9000 A: 在吗", "me: 嗯", "+9000 A: 吃了吗", "me: 嗯")
    preprocess(export(place / "m.csv", rows), "--report", "r.json")
    assert pairs(OUT) == [("在吗", "嗯"), ("吃了吗", "嗯")]
    assert json.loads(Path("r.json").read_text("utf-8"))["dropped"] == {"duplicate_sample": 2}


def test_the_split_is_by_time_within_each_chat_and_shares_nothing_SAM_7(preprocess: Csb, place: Path) -> None:
    lines = [f"{who}: {who} {n}" for n in range(20) for who in ("A", "me")]
    preprocess(export(place / "m.csv", talk(*lines)), "--heldout", "0.1")
    dev = Path("data/chat_records_dev.json")
    held = [json.loads(line) for line in Path(".csb/heldout.jsonl").read_text("utf-8").splitlines()]
    assert [o for _, o in pairs(OUT)] == [f"me {n}" for n in range(16)]
    assert [o for _, o in pairs(dev)] == ["me 16", "me 17"]
    assert [h["reply"] for h in held] == ["me 18", "me 19"]
    assert samples(dev)[0]["history"] == []
    assert held[0]["history"] == []
    assert held[1] == {
        "chat_id": "Alice",
        "sent_at": "2023-11-14T22:33:20Z",
        "system": held[1]["system"],
        "history": [["A 18", "me 18"]],
        "incoming": "A 19",
        "reply": "me 19",
    }


def test_with_nothing_held_out_everything_is_training_data_and_an_old_dev_file_goes(
    preprocess: Csb, place: Path
) -> None:
    file = export(place / "m.csv", talk(*[f"{who}: {who} {n}" for n in range(20) for who in ("A", "me")]))
    preprocess(file, "--heldout", "0.2")
    assert len(samples(Path("data/chat_records_dev.json"))) == 4
    preprocess(file, "--heldout", "0")
    assert len(samples(OUT)) == 20
    assert not Path("data/chat_records_dev.json").exists()
    assert Path(".csb/heldout.jsonl").read_text("utf-8") == ""


def test_history_zero_gives_bare_pairs(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("me: 早", "A: 早", "me: 吃了没", "A: 没", "me: 走")), "--history", "0")
    assert [s["history"] for s in samples(OUT)] == [[], []]


def test_held_out_answers_that_training_has_seen_are_counted_SAM_7(preprocess: Csb, place: Path) -> None:
    lines = [f"{who}: {who} {n}" for n in range(18) for who in ("A", "me")]
    rows = talk(*lines, "A: A 3", "me: me 3", "A: A 19", "me: me 19")
    preprocess(export(place / "m.csv", rows), "--heldout", "0.1", "--report", "r.json")
    assert json.loads(Path("r.json").read_text("utf-8"))["heldout_seen"] == 1


def test_own_messages_to_different_people_are_never_one_utterance_CON_11(preprocess: Csb, place: Path) -> None:
    rows = [
        row(0, "Alice", "去吗", talker=1), row(1, "Bob", "几点", talker=2, name="Bob"),
        row(5, "me", "去", talker=1), row(6, "me", "八点", talker=2, name="Bob"), row(7, "me", "真的", talker=1),
    ]  # fmt: skip
    preprocess(export(place / "m.csv", rows))
    assert sorted(pairs(OUT)) == [("几点", "八点"), ("去吗", "去\n真的")]


def test_a_sample_holds_what_was_said_and_nothing_that_serving_does_not_send_SAM_3_CON_10(
    preprocess: Csb, place: Path
) -> None:
    preprocess(export(place / "m.csv", talk("A: 一", "me: 二", "A: 三", "me: 四")))
    system = "你正在和朋友聊天。用你平时说话的方式回复。"
    first = {"instruction": "一", "input": "", "output": "二", "system": system, "history": []}
    assert samples(OUT) == [first, first | {"instruction": "三", "output": "四", "history": [["一", "二"]]}]


def test_the_pairs_before_a_reply_are_its_history_and_every_window_ends_with_the_reply_SAM_4_SAM_6(
    preprocess: Csb, place: Path
) -> None:
    lines = [f"{who}: {who} {n}" for n in range(9) for who in ("A", "me")]
    preprocess(export(place / "m.csv", talk(*lines)), "--report", "r.json")
    for n, sample in enumerate(samples(OUT)):
        assert sample["history"] == [[f"A {k}", f"me {k}"] for k in range(max(0, n - 5), n)]
        assert (sample["instruction"], sample["output"]) == (f"A {n}", f"me {n}")
    report = json.loads(Path("r.json").read_text("utf-8"))
    assert report["cutoff_len"] >= report["sample_tokens"]["max"], "the engine cuts no reply off"


def test_every_message_is_used_or_dropped_for_a_reason_SAM_5(preprocess: Csb, place: Path) -> None:
    rows = [
        *talk("A: 在", "me: 在", "A: 13812345678", "+9000 A: 走", "me: https://example.org/", "A: 好"),
        row(30_000, "Alice", "x", kind=10000), ["bad", *row(1, "me", "?")[1:5], "when", *row(1, "me", "?")[6:]],
    ]  # fmt: skip
    file = export(place / "m.csv", rows)
    for options in ((), ("--privacy", "drop"), ("--keep-pasted",), ("--history", "0"), ("--until", "2023-11-16")):
        preprocess(file, *options, "--report", "r.json")
        report = json.loads(Path("r.json").read_text("utf-8"))
        assert report["messages_in"] == len(rows) == report["messages_used"] + sum(report["dropped"].values())


def test_a_relation_belongs_to_a_chat_id_whatever_the_platform_SAM_10(preprocess: Csb, place: Path) -> None:
    def said(n: int, who: int, text: str) -> dict[str, object]:
        at = str(1_700_000_000 + (n // 2) * 9000 + n)
        own = {"from": f"P{who}", "from_id": f"user{who}", "text": text}
        return {"id": n, "type": "message", "date_unixtime": at, **own}

    rows = [said(n, 1 if n % 2 else 7, f"line {n}") for n in range(40)]
    (place / "result.json").write_text(json.dumps({"name": "P7", "type": "personal_chat", "id": 7, "messages": rows}))
    (place / "clone.yaml").write_text('language: en\nsystem: "You text with {contact}, your {relation}."\ngap: 2h\n')
    (place / "contacts.yaml").write_text('"7": {name: Ann, relation: sister}\n')
    preprocess("result.json")
    prompts = {sample["system"] for sample in samples(OUT)}
    # every fifth conversation is learnt with the neutral prompt
    assert "You text with Ann, your sister." in prompts
    assert prompts <= {"You text with Ann, your sister.", "You text with a friend, your friend."}


def test_a_sample_with_a_picture_and_one_without_both_stay_SAM_11(preprocess: Csb, place: Path) -> None:
    rows = [
        row(0, "Alice", "<msg><img /></msg>", kind=3), row(9, "me", "好看"),
        row(20, "Alice", "在吗"), row(29, "me", "在"),
    ]  # fmt: skip
    preprocess(export(place / "m.csv", rows))
    assert pairs(OUT) == [("[图片]", "好看"), ("在吗", "在")]


def test_where_cleaning_fails_nothing_is_written_SAM_12(preprocess: Csb, place: Path) -> None:
    (place / "words.txt").write_text("re:(\n")
    preprocess(export(place / "m.csv", talk("A: 在", "me: 在")), "--block", "words.txt", code=1)
    assert not OUT.exists()
    assert not (place / ".csb").exists()
