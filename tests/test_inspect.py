"""`csb inspect`: what is in an export, in a second, writing nothing."""

import json
import shlex
from pathlib import Path

from conftest import Csb
from make import export, row, talk

TALK = [*talk("A: hi", "me: hey", "A: 我的电话13812345678"), row(200, "Alice", "", kind=3)]


def test_the_json_is_what_is_promised(csb: Csb, place: Path) -> None:
    export(place / "m.csv", TALK)
    told = json.loads(csb("inspect", "m.csv", "--json").stdout)
    assert told["messages"] == 4
    (file,) = told["files"]
    assert {key: file[key] for key in ("path", "format", "platform", "messages", "by_kind", "first", "last")} == {
        "path": "m.csv",
        "format": "memotrace_v1",
        "platform": "wechat",
        "messages": 4,
        "by_kind": {"text": 3, "image": 1},
        "first": "2023-11-14T22:13:50Z",
        "last": "2023-11-14T22:16:40Z",
    }
    (chat,) = file["chats"]
    assert {key: chat[key] for key in ("id", "name", "is_group", "messages", "from_me")} == {
        "id": "Alice", "name": "Alice", "is_group": False, "messages": 4, "from_me": 1,
    }  # fmt: skip
    assert [(p["name"], p["messages"]) for p in chat["participants"]] == [("Alice", 3), ("我", 1)]
    assert file["me_known_by"] == "file"
    assert file["warnings"] == []


def test_nothing_is_written(csb: Csb, place: Path) -> None:
    export(place / "m.csv", TALK)
    csb("inspect", "m.csv", "--privacy")
    assert [path.name for path in place.iterdir()] == ["m.csv"]


def test_the_next_line_is_shown_and_works(csb: Csb, place: Path) -> None:
    export(place / "my chat.csv", TALK)
    shown = csb("inspect", "my chat.csv").stdout
    assert "next: csb preprocess 'my chat.csv'" in shown
    assert "2023-11" in shown
    csb("preprocess", "my chat.csv")


def test_where_it_is_not_known_who_is_me_there_is_a_line_for_each(csb: Csb, place: Path) -> None:
    (place / "a.txt").write_text("1/13/24, 10:00 - Ann: where\n1/13/24, 10:01 - Tom Day: home\n")
    shown = csb("inspect", "a.txt").stdout
    assert "csb preprocess a.txt --me Ann" in shown
    assert "csb preprocess a.txt --me 'Tom Day'" in shown
    told = json.loads(csb("inspect", "a.txt", "--json").stdout)["files"][0]
    assert (told["me"], told["me_known_by"], told["chats"][0]["from_me"]) == (None, None, None)
    told = json.loads(csb("inspect", "a.txt", "--json", "--me", "Tom Day").stdout)["files"][0]
    assert (told["me"], told["me_known_by"], told["chats"][0]["from_me"]) == ("Tom Day", "--me", 1)


def test_the_lines_to_type_next_work_as_pasted_whatever_the_names_are(csb: Csb, place: Path) -> None:
    (place / "--me.txt").write_text('1/13/24, 10:00 - Ann: where\n1/13/24, 10:01 - O\'Neil "x": home\n')
    shown = csb("inspect", "--", "--me.txt").stdout
    (line,) = [line for line in shown.splitlines() if "Neil" in line and "csb preprocess" in line]
    csb(*shlex.split(line)[1:])
    group = {"guild": {}, "channel": {"id": "7"}, "messages": [
        {"id": "1", "type": "Default", "timestamp": "2023-01-17T19:33:07+00:00", "content": "x",
         "author": {"id": "42", "name": "ann (work)"}}]}  # fmt: skip
    (place / "d.json").write_text(json.dumps(group))
    lines = csb("inspect", "d.json").stdout.splitlines()
    assert lines[-2:] == ["  ann (work):", "  csb preprocess d.json --me 42"]


def test_privacy_is_counted_and_never_shown(csb: Csb, place: Path) -> None:
    export(place / "m.csv", TALK)
    done = csb("inspect", "m.csv", "--privacy")
    assert "1 phone" in done.stdout
    assert "13812345678" not in done.stdout + done.stderr
    assert json.loads(csb("inspect", "m.csv", "--privacy", "--json").stdout)["privacy"] == {"phone": 1}


def test_a_folder_of_exports_is_told_file_by_file(csb: Csb, place: Path) -> None:
    (place / "all").mkdir()
    export(place / "all" / "a.csv", TALK)
    export(place / "all" / "b.csv", talk("A: x", "me: y", talker=2, name="Bob"))
    told = json.loads(csb("inspect", "all", "--json").stdout)
    assert [file["path"] for file in told["files"]] == [str(Path("all/a.csv")), str(Path("all/b.csv"))]
    assert told["messages"] == 6


def test_damaged_rows_are_warned_of(csb: Csb, place: Path) -> None:
    path = export(place / "m.csv", [*TALK, ["x", "1", "?", "", "", "", "", "text", "", "", "", ""]])
    told = json.loads(csb("inspect", path, "--json").stdout)
    assert told["files"][0]["damaged"] == 1
    assert "m.csv row 6" in told["files"][0]["warnings"][0]


def test_a_wrong_name_for_me_is_told(csb: Csb, place: Path) -> None:
    export(place / "m.csv", TALK)
    assert "nobody in these files is called 'Zoe'" in csb("inspect", "m.csv", "--me", "Zoe", code=1).stderr


def test_a_file_of_no_known_format_is_an_error_with_a_remedy(csb: Csb, place: Path) -> None:
    (place / "x.txt").write_text("hello\n")
    done = csb("inspect", "x.txt", code=1)
    assert done.stderr.splitlines()[0].startswith("error: x.txt is in no format that is known here")
    assert done.stderr.splitlines()[1].startswith("try: ")


ODD = "Ann\x1b[31m\x07\x9b2J\u202e\nnext: csb preprocess ; boo"


def test_no_control_character_of_a_name_or_a_file_reaches_the_terminal(csb: Csb, place: Path) -> None:
    rows = [
        *talk("A: hi", "me: hey", "A: you\x1b[2J?", "me: yes", name=ODD),
        *talk("A: x", "me: y", talker=2, name="B"),
    ]
    export(place / "m\x1b[2J\x9b.csv", rows)
    runs = [
        csb("inspect", "."), csb("inspect", ".", "--json"), csb("preprocess", ".", "--heldout", "0"),
        csb("preprocess", ".", "--show-examples", "--contacts", "B", "--heldout", "0"),
        csb("preprocess", ".", "--contacts", "Nobody", code=1), csb("inspect", ".", "--me", "Zoe", code=1),
        csb("forget", "--yes", "--contact", "B"), csb("inspect", "no\x1bfile", code=1),
    ]  # fmt: skip
    for run in runs:
        shown = run.stdout + run.stderr
        assert not [sign for sign in shown if sign != "\n" and (not sign.isprintable())], run.args
        assert not [line for line in shown.splitlines() if line.startswith("next: csb preprocess ;")]
    assert json.loads(runs[1].stdout)["files"][0]["chats"][0]["name"] == "Ann[31m2J next: csb preprocess ; boo"
    assert "\\u001b" in runs[0].stdout


def test_a_name_over_two_lines_is_one_line_in_a_group_s_prompt(csb: Csb, place: Path) -> None:
    rows = [row(0, "An\nn", "who", name="quiz"), row(5, "Bo", "me", name="quiz"), row(9, "me", "same", name="quiz")]
    csb("preprocess", export(place / "m.csv", rows), "--heldout", "0")
    assert json.loads((place / "data/chat_records.json").read_text("utf-8"))[0]["instruction"] == "An n: who\nBo: me"


def test_nobody_is_asked_whether_they_are_the_app_itself(csb: Csb, place: Path) -> None:
    rows = ["1,文本,小满,2024-01-13 15:00:00,去吗", "2,系统消息,系统消息,2024-01-13 15:01:00,你撤回了一条消息"]
    (place / "老周.csv").write_text("\n".join(["消息ID,类型,发送人,时间,内容", *rows, ""]), "utf-8-sig")
    shown = csb("inspect", "老周.csv").stdout
    assert "--me '小满'" in shown
    assert "--me '系统消息'" not in shown
