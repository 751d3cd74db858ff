"""`csb preprocess` as users meet it: what it leaves, what it says, and that nothing is ever half done."""

import csv
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from conftest import Csb
from make import export, pairs, row, samples, talk

from chatstylebot import files

ROOT = Path(__file__).parent.parent
MIA, XIAOMAN = (ROOT / "data" / "exports" / f"{name}_memotrace.csv" for name in ("mia", "xiaoman"))
OUT = Path("data/chat_records.json")


@pytest.mark.parametrize("file", [MIA, XIAOMAN], ids=["mia", "xiaoman"])
def test_the_account_of_a_shipped_export_adds_up(csb: Csb, place: Path, file: Path) -> None:
    done = csb("preprocess", file, "--report", "r.json")
    report = json.loads(Path("r.json").read_text("utf-8"))
    assert report["messages_in"] == report["messages_used"] + sum(report["dropped"].values())
    with file.open(encoding="utf-8-sig", newline="") as rows:
        assert report["messages_in"] == len(list(csv.DictReader(rows)))
    assert report["samples"] == report["train"] + report["dev"] + report["heldout"]
    assert report["train"] == len(samples(OUT))
    assert report["dev"] == len(samples(Path("data/chat_records_dev.json"))) > 0
    assert report["heldout"] == len(Path(".csb/heldout.jsonl").read_text("utf-8").splitlines()) > 0
    assert report == json.loads(Path(".csb/report.json").read_text("utf-8"))
    assert set(report["redacted"]) == {"phone", "email", "bank_card", "id_card"}
    assert f"{report['samples']:,} samples" in done.stdout


def test_a_sample_is_an_alpaca_row_with_the_card_s_prompt(preprocess: Csb, place: Path) -> None:
    (place / "clone.yaml").write_text("name: 小满\nsystem: 你是{name}。\n", "utf-8")
    preprocess(export(place / "m.csv", talk("A: 早", "me: 早")))
    assert samples(OUT) == [{"instruction": "早", "input": "", "output": "早", "system": "你是小满。", "history": []}]


def test_the_prompt_can_name_the_contact_and_a_share_stays_neutral(preprocess: Csb, place: Path) -> None:
    (place / "clone.yaml").write_text("name: 小满\nsystem: 你是{name}，正在和{contact}（{relation}）聊天。\n", "utf-8")
    (place / "contacts.yaml").write_text("Alice: {name: 小爱, relation: 同学}\n", "utf-8")
    preprocess(export(place / "m.csv", talk(*[line for n in range(5) for line in (f"+9000 A: 问{n}", f"me: 答{n}")])))
    systems = [s["system"] for s in samples(OUT)]
    assert systems == ["你是小满，正在和小爱（同学）聊天。"] * 4 + ["你是小满，正在和朋友（朋友）聊天。"]


def test_other_entries_of_dataset_info_stay_as_they_are(preprocess: Csb, place: Path) -> None:
    info = place / "data" / "dataset_info.json"
    info.parent.mkdir()
    info.write_text('{"mine": {"file_name": "mine.json", "columns": {"prompt": "q"}}}', "utf-8")
    preprocess(export(place / "m.csv", talk("A: a", "me: b")))
    told = json.loads(info.read_text("utf-8"))
    assert list(told) == ["mine", "chat_records", "chat_records_dev"]
    assert told["mine"] == {"file_name": "mine.json", "columns": {"prompt": "q"}}
    assert told["chat_records"]["file_name"] == "chat_records.json"


def test_another_output_name_is_registered_under_that_name(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("A: a", "me: b")), "--output", "out/me.json")
    assert json.loads(Path("out/dataset_info.json").read_text("utf-8"))["me"]["file_name"] == "me.json"


def test_the_originals_arguments_still_work(csb: Csb, place: Path) -> None:
    export(place / "messages.csv", talk("A: a", "me: b"))
    csb("preprocess", "--input_csv", "messages.csv", "--output_json", "data/chat_records.json")
    first = OUT.read_bytes()
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "preprocess.py", "--input_csv", "messages.csv", "--output_json", "x.json"],
        check=True,
        capture_output=True,
    )
    assert Path("x.json").read_bytes() == first


def test_running_again_gives_the_same_bytes(csb: Csb, place: Path) -> None:
    def state() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}

    csb("preprocess", XIAOMAN)
    first = state()
    csb("preprocess", XIAOMAN)
    assert state() == first


def test_the_same_file_twice_counts_once_and_a_copy_is_counted_as_duplicates(preprocess: Csb, place: Path) -> None:
    rows = talk("A: a", "me: b", "me: b", "+1 me: b")
    file, copy = export(place / "m.csv", rows), export(place / "copy.csv", rows)
    preprocess(file, file, "--report", "r.json")
    assert json.loads(Path("r.json").read_text("utf-8"))["messages_in"] == 4
    preprocess(file, copy, "--report", "r.json")
    report = json.loads(Path("r.json").read_text("utf-8"))
    assert (report["messages_in"], report["dropped"]) == (8, {"duplicate": 4})
    assert pairs(OUT) == [("a", "b\nb\nb")]


def test_what_is_left_is_for_the_owner_s_eyes_only(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("A: a", "me: b")))
    assert stat.S_IMODE(os.stat(".csb").st_mode) == 0o700
    assert stat.S_IMODE(OUT.stat().st_mode) == 0o600
    assert Path(".csb/.gitignore").read_text("utf-8") == "*\n"


def test_no_chat_text_on_screen_unless_asked(preprocess: Csb, place: Path) -> None:
    file = export(place / "m.csv", talk("A: 秘密的话", "me: 嗯嗯嗯", "A: 没人回答"))
    done = preprocess(file)
    assert not {"秘密", "嗯嗯", "没人"} & {done.stdout[i : i + 2] for i in range(len(done.stdout))}
    assert "m.csv row 4" in done.stdout
    assert "没人回答" in preprocess(file, "--show-examples").stdout


def test_rhythm_is_measured_in_seconds(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("A: a", "+20 me: b", "+4 me: c", "A: d", "+40 me: e")))
    rhythm = json.loads(Path(".csb/rhythm.json").read_text("utf-8"))
    assert rhythm["reply_pause"]["n"] == 2
    assert rhythm["bubble_pause"] == {"n": 1, "quantiles": dict.fromkeys(("0.05", "0.25", "0.5", "0.75", "0.95"), 4.0)}


def bad(name: str, data: bytes) -> tuple[str, bytes]:
    return name, data


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\xef\xbb\xbf\r\n\r\n", "is empty"),
        ("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x02" + bytes(range(256)) * 20, "is not a text file"),
        ("other.csv", b"name,age\r\nann,3\r\n", "is in no format that is known here; its first line is: 'name,age'"),
        (
            "head.csv",
            b"localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime\r\n",
            "there are no messages",
        ),
        ("short.csv", b"localId,TalkerId,Type,SubType,IsSender,CreateTime,StrContent\r\n", "lacks the columns Status"),
    ],
)
def test_a_wrong_file_is_an_error_line_and_a_remedy_line(
    preprocess: Csb, place: Path, name: str, data: bytes, says: str
) -> None:
    (place / name).write_bytes(data)
    done = preprocess(name, code=1)
    problem, remedy, *more = done.stderr.splitlines()[-2:]
    assert problem.startswith("error: ")
    assert says in problem
    assert remedy.startswith("try: ")
    assert not more
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in place.iterdir()) == [name]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["nowhere.csv"], "there is no file"),
        (["empty"], "there is no file"),
        (["m.csv", "--me", "wxid_no"], "nobody in these files is called 'wxid_no'; there are"),
        (["m.csv", "--me", "Alice"], "the files say that 'Alice' is somebody else"),
        (["m.csv", "--timezone", "Mars/Olympus"], "'Mars/Olympus' is not a time zone"),
        (["m.csv", "--gap", "soon"], "'soon' is not a length of time"),
        (["m.csv", "--privacy", "maybe"], "privacy: "),
        (["m.csv", "--format", "memotrce"], "format 'memotrce' is not known"),
        (["m.csv", "--output", "m.csv"], "m.csv is an export: it would be overwritten"),
        (["m.csv", "--report", "./m.csv"], "m.csv is an export: it would be overwritten"),
        (["m.csv", "--output", "."], ". is a folder"),
        (["m.csv", "--output", "foo"], "foo does not end in .json"),
        (["m.csv", "--output", "data/dataset_info.json"], "is the list of the datasets"),
        (["m.csv", "--report", "data/dataset_info.json"], "is the list of the datasets"),
        (["m.csv", "--output", "m.csv/x.json"], "cannot write"),
        (["m.csv", "--output", "x" * 300 + ".json"], "cannot write"),
        (["m.csv", "--gap", "99999999999d"], "longer than a year"),
        (["m.csv", "--report", "data/chat_records.json"], "would be written twice"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named_and_nothing_is_written(
    preprocess: Csb, place: Path, argv: list[str], says: str
) -> None:
    export(place / "m.csv", talk("A: a", "me: b"))
    done = preprocess(*argv, code=1)
    assert says in done.stderr.splitlines()[-2]
    assert done.stderr.splitlines()[-1].startswith("try: ")
    assert sorted(p.name for p in place.iterdir()) == ["m.csv"]


def test_nothing_of_mine_and_nothing_left_are_told_apart(preprocess: Csb, place: Path) -> None:
    export(place / "theirs.csv", talk("A: a", "A: b"))
    export(place / "media.csv", [row(0, "Alice", "<xml/>", kind=3), row(9, "me", "<xml/>", kind=47)])
    assert "none of the 2 messages" in preprocess("theirs.csv", code=1).stderr
    assert "nothing is left to train on: of 2 messages 1 answered_without_text, 1 sticker" in (
        preprocess("media.csv", code=1).stderr
    )
    assert not (place / "data").exists()


def test_no_path_is_wrong_usage(csb: Csb) -> None:
    assert "name at least one chat export" in csb("preprocess", code=2).stderr


def test_a_failing_write_leaves_every_old_file_as_it_was(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("A: a", "me: b")))
    old = {p: p.read_bytes() for p in place.rglob("*") if p.is_file()}
    Path("data/dataset_info.json").write_text("{broken", "utf-8")
    old[place / "data" / "dataset_info.json"] = b"{broken"
    export(place / "new.csv", talk("A: c", "me: d"))
    old[place / "new.csv"] = (place / "new.csv").read_bytes()
    assert "is not valid JSON" in preprocess("new.csv", "--replace", code=1).stderr
    assert {p: p.read_bytes() for p in place.rglob("*") if p.is_file()} == old


def test_a_folder_in_the_place_of_a_file_is_noticed_before_anything_is_replaced(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("A: a", "me: b")))
    old = OUT.read_bytes()
    (place / "r.json").mkdir()
    assert (
        "is a folder"
        in preprocess(export(place / "n.csv", talk("A: c", "me: d")), "--report", "r.json", "--replace", code=1).stderr
    )
    Path(".csb/report.json").unlink()
    Path(".csb/report.json").mkdir()
    assert "cannot write" in preprocess("n.csv", "--replace", code=1).stderr
    assert OUT.read_bytes() == old


def test_outputs_appear_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", "utf-8")

    def fail() -> None:
        with files.together() as outputs:
            outputs.bytes(tmp_path / "a", b"new")
            outputs.bytes(tmp_path / "b", b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [(p.name, p.read_text("utf-8")) for p in tmp_path.iterdir()] == [("a", "old")]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_at_any_moment_leaves_all_old_files_or_all_new_ones(place: Path) -> None:
    def state(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    work, done = place / "work", place / "done"
    work.mkdir()
    line = [sys.executable, "-m", "chatstylebot", "preprocess", "--replace"]
    subprocess.run([*line, XIAOMAN], cwd=work, check=True, capture_output=True)
    shutil.copytree(work, done)
    subprocess.run([*line, MIA], cwd=done, check=True, capture_output=True)
    old, new = state(work), state(done)
    for wait in (0.2, 0.3, 0.4, 0.5, 0.6):
        run = subprocess.Popen([*line, MIA], cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        run.send_signal(signal.SIGINT)
        assert run.wait() in (0, 1, 130, -signal.SIGINT)  # 1: Python itself was still starting, on a busy machine
        assert state(work) in (old, new)


def test_the_input_is_never_changed_IMP_20(preprocess: Csb, place: Path) -> None:
    file = export(place / "m.csv", talk("A: a", "me: b"))
    file.chmod(0o400)
    before = file.read_bytes()
    preprocess(file)
    assert file.read_bytes() == before


def test_a_folder_with_spaces_and_chinese_and_emoji_works(preprocess: Csb, place: Path) -> None:
    folder = place / "聊天 记录 🐱"
    folder.mkdir()
    export(folder / "小 明.csv", talk("A: a", "me: b"))
    preprocess(folder / "小 明.csv", "--output", folder / "out 文.json")
    assert pairs(folder / "out 文.json") == [("a", "b")]


def test_a_console_that_is_not_utf8_gets_no_traceback(csb: Csb, place: Path) -> None:
    export(place / "m.csv", talk("A: 早", "me: 早"))
    done = subprocess.run(
        [sys.executable, "-m", "chatstylebot", "preprocess", "m.csv"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr


def test_one_run_s_options_are_not_the_next_run_s(preprocess: Csb, place: Path) -> None:
    file = export(place / "m.csv", talk("A: 电话?", "me: 13812345678"))
    preprocess(file, "--privacy", "off", "--me", "我", "--gap", "90.5s")
    assert pairs(OUT)[0][1] == "13812345678"
    preprocess(file)
    assert pairs(OUT)[0][1] == "[电话1]"
    preprocess(export(place / "en.csv", talk("A: hi", "me: hello there")), "--replace")
    assert samples(OUT)[0]["system"] == "You are texting with a friend. Reply the way you always text."


def test_text_that_looks_like_markup_is_text(preprocess: Csb, place: Path) -> None:
    file = export(place / "[red]m.csv", talk("A: hi", "me: yo", "A: [/b] see :smile:"))
    done = preprocess(file, "--show-examples", "--output", place / "[o].json")
    assert "[/b] see :smile:" in done.stdout
    assert "[red]m.csv row 4" in done.stdout
    assert "[o].json" in done.stdout


def test_from_a_subfolder_everything_goes_to_the_workspace(place: Path, preprocess: Csb) -> None:
    (place / "clone.yaml").write_text("name: A\n", "utf-8")
    export(place / "m.csv", talk("A: a", "me: b"))
    (place / "sub").mkdir()
    line = [sys.executable, "-m", "chatstylebot", "preprocess", "../m.csv"]
    subprocess.run(line, cwd=place / "sub", check=True, capture_output=True)
    assert pairs(place / "data" / "chat_records.json") == [("a", "b")]
    assert list((place / "sub").iterdir()) == []


def test_where_csb_is_a_link_the_files_are_still_named_as_the_workspace_sees_them(csb: Csb, place: Path) -> None:
    elsewhere = place / "disk"
    elsewhere.mkdir()
    (place / ".csb").symlink_to(elsewhere)
    csb("preprocess", MIA)
    found = pl.read_parquet(elsewhere / "samples.parquet")["file"].unique().sort().to_list()
    assert found == [".csb/heldout.jsonl", "data/chat_records.json", "data/chat_records_dev.json"]


def test_a_file_that_only_happens_to_be_called_dev_is_left_alone(preprocess: Csb, place: Path) -> None:
    (place / "data").mkdir()
    (place / "data" / "talks_dev.json").write_text("mine", "utf-8")
    preprocess(export(place / "m.csv", talk("A: a", "me: b")), "--output", "data/talks.json")
    assert (place / "data" / "talks_dev.json").read_text("utf-8") == "mine"


def test_contacts_of_one_name_have_one_prompt_and_no_twin_samples(preprocess: Csb, place: Path) -> None:
    (place / "clone.yaml").write_text("name: A\nsystem: hi {contact}\n", "utf-8")
    rows = [line for n in (1, 2) for line in talk("A: a", "me: b", name="Al", talker=n, start=n * 9)]
    preprocess(export(place / "m.csv", sorted(rows, key=lambda line: line[5])))
    found = [json.dumps(s) for s in samples(OUT)]
    assert len(found) == len(set(found))


def test_what_a_user_would_wonder_about_is_said(preprocess: Csb, place: Path) -> None:
    file = export(place / "m.csv", talk("A: 早上好", "me: 早", "B: 在吗"))
    assert "no chat has ten samples" in preprocess(file, "--heldout", "0.1").stderr
    (place / "clone.yaml").write_text("language: en\n", "utf-8")
    assert "the card says language: en" in preprocess(file).stderr
    groups = [row(n, who, "hey", name="quiz", talker=9) for n, who in enumerate(("Ann", "Bo"))]
    path = export(place / "g.csv", [*talk("A: a", "me: b"), *groups])
    assert "in 1 chats" in preprocess(path, "--no-groups", "--replace").stdout
