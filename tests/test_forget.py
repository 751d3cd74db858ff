"""`csb forget`: nothing of the person is left, and the search can fail."""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dying
import polars as pl
import pytest
from conftest import Csb
from feedback_records import SYSTEM, prompt, record
from gguf_files import gguf
from make import export, row, samples, talk
from screen import Screen

from chatstylebot import files, recalled
from chatstylebot.corpus import forget, forgotten
from chatstylebot.errors import UserError
from chatstylebot.feedback import store as stores
from chatstylebot.models import gguf_head
from chatstylebot.recalled import Past
from chatstylebot.workspace import Workspace


def workspace(csb: Csb, place: Path) -> None:
    """Two private chats and a group of three, with dev and held-out samples."""
    rows = []
    for n in range(12):
        rows += talk(f"A: alice asks number {n}", f"me: answer to alice {n}", talker=1, start=n * 9000)
        rows += talk(
            f"A: bobby asks number {n}", f"me: answer to bobby {n}", talker=2, name="Bob", start=n * 9000 + 500
        )
    for n in range(3):
        at = 200_000 + n * 9000
        rows += [
            row(at, "Alice", f"alice in the group {n}", 3, name="club"),
            row(at + 20, "me", f"to the club {n}", 3, name="club"),
        ]
        rows += [
            row(at + 5000, "Bob", f"bobby in the group {n}", 3, name="club"),
            row(at + 5020, "me", f"bob club {n}", 3, name="club"),
        ]
    export(place / "m.csv", rows)
    csb("init", ".", "--name", "Tom", "--author", "Tom", "--language", "en")
    csb("preprocess", "m.csv")


def everything(place: Path) -> str:
    """All that is stored, as text."""
    files = [p for folder in ("data", ".csb") for p in (place / folder).rglob("*") if p.suffix in (".json", ".jsonl")]
    table = pl.read_parquet(place / ".csb" / "messages.parquet")
    return "".join(p.read_text("utf-8") for p in files) + str(table["text"].to_list())


def test_a_contact_is_gone_from_every_file_and_the_others_stay(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    before = everything(place)
    assert before.count("alice asks") > 12
    done = csb("forget", "--yes", "--contact", "Alice")
    after = everything(place)
    assert "alice" not in after
    assert "to the club" not in "".join(map(str, samples(place / "data" / "chat_records.json")))
    assert "bobby asks number 3" in after
    assert "bobby in the group 1" in after
    assert "nothing is left" in done.stdout
    assert '"Alice"' not in (place / "contacts.yaml").read_text()
    assert '"Bob"' in (place / "contacts.yaml").read_text()
    # what is left still holds together
    index = pl.read_parquet(place / ".csb" / "samples.parquet")
    assert index.filter(pl.col("file") == "data/chat_records.json").height == len(
        samples(place / "data" / "chat_records.json")
    )
    assert "Alice was forgotten on 20" in csb("forget", "--yes", "--contact", "Alice").stdout
    assert "nobody is called 'Alicia'" in csb("forget", "--yes", "--contact", "Alicia", code=1).stderr


def test_a_dry_run_changes_nothing(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    before = everything(place)
    done = csb("forget", "--yes", "--contact", "Bob", "--dry-run")
    assert "Bob: 27 messages in 1 chat and 1 group" in done.stdout
    assert everything(place) == before


def test_the_search_finds_what_another_file_still_holds(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    (place / "data" / "notes.json").write_text(json.dumps(["remember: alice asks number 7"]))
    done = csb("forget", "--yes", "--contact", "Alice", code=1)
    assert "something is left in data/notes.json (1)" in done.stderr


def test_samples_that_were_edited_are_not_guessed_at(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    path = place / "data" / "chat_records.json"
    path.write_text(json.dumps(samples(path)[1:]))
    before = everything(place)
    done = csb("forget", "--yes", "--contact", "Alice", code=1)
    assert "it was changed since" in done.stderr
    assert "--exclude" in done.stderr
    assert everything(place) == before


def test_an_adapter_that_learnt_from_them_is_named(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    csb("id-tag", "--author", "Lee")
    held = files.digest(place / "data" / "chat_records.json")
    other = files.digest(place / "data" / "dataset_info.json")
    runs = {
        "knows": {"learnt": [held], "line": "csb train sft --model m --again"},
        "may": {"stage": "dpo"},
        "innocent": {"learnt": [files.digest(place / "data" / "identity.json")]},
        "older": {"learnt": [other, "0" * 64], "line": "csb train kto --again"},
    }
    for number, (name, told) in enumerate(runs.items()):
        run = place / "saves" / "q" / "lora" / name
        run.mkdir(parents=True)
        (run / "adapter_model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
        (run / "csb_run.json").write_text(json.dumps({"state": "finished", **told}))
        os.utime(run / "csb_run.json", (number, number))
    merged = place / "exported" / "a b"
    merged.mkdir(parents=True)
    (merged / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    (merged / "csb_merged.json").write_text(json.dumps({"learnt": [held]}))
    gguf(place / "exported" / "x.gguf", {gguf_head.MADE_OF: json.dumps({"adapter": "1", "learnt": [held]})})
    (place / "exported" / "x.Modelfile").write_text("FROM ./x.gguf")
    gguf(merged / "DEEP.GGUF", {gguf_head.MADE_OF: json.dumps({"adapter": "1", "learnt": [held]})})
    gguf(place / "exported" / "base.gguf", {gguf_head.MADE_OF: json.dumps({"adapter": None})})
    dry = csb("forget", "--contact", "Alice", "--dry-run").stderr
    done = csb("forget", "--yes", "--contact", "Alice").stderr
    for said in (dry, done, csb("forget", "--contact", "Alice").stderr):
        assert "saves/q/lora/knows remembers them\n" in said
        assert "'exported/a b/DEEP.GGUF' remembers them" in said
        assert "saves/q/lora/may may remember them" in said
        assert "saves/q/lora/older may remember them" in said
        assert "innocent" not in said
        lines = said.partition("without them, in this order:\n")[2].splitlines()[:5]
        assert [line.strip() for line in lines[1:]] == [
            "csb train sft --model m --again", "csb train dpo --again", "csb train kto --again", "csb export",
        ]  # fmt: skip
    subprocess.run(lines[0], shell=True, check=True)
    assert [p.name for p in (place / "saves" / "q" / "lora").iterdir()] == ["innocent"]
    assert [p.name for p in (place / "exported").iterdir()] == ["base.gguf"]
    assert "remember" not in csb("forget", "--contact", "Alice").stderr


def test_without_a_run_of_preprocess_there_is_a_remedy(csb: Csb, place: Path) -> None:
    (place / "clone.yaml").touch()
    assert "--exclude" in csb("forget", "--yes", "--contact", "Alice", code=1).stderr


def test_other_lines_of_contacts_yaml_stay_letter_by_letter() -> None:
    text = "# mine\n\na:\n  name: A\n  relation: x  # old friend\n\n# about b\nb:\n  name: B\n"
    assert forget.without_contact(text, {"a"}) == "# mine\n\n# about b\nb:\n  name: B\n"
    assert forget.without_contact(text, {"b"}) == text[: text.index("b:\n  name: B")]
    assert forget.without_contact("", {"a"}) == ""


def test_escaped_forms_are_found() -> None:
    assert forget.left('{"t":"\\u4f60\\u597d\\u5440\\u670b\\u53cb\\u4eec\\u597d\\u554a"}', ["你好呀朋友们好啊"]) == 1
    assert forget.left('{"t":"a\\nb \\"c\\""}', ['a\nb "c"']) == 1
    assert forget.left("nothing", ["alice asks"]) == 0


def test_what_others_quote_of_them_and_a_copy_of_the_report_go_too(csb: Csb, place: Path) -> None:
    def said(n: int, who: str, text: str, **more: object) -> dict[str, object]:
        own = {"from": who, "from_id": f"user{who}", "text": text}
        return {"id": n, "type": "message", "date_unixtime": str(1_700_000_000 + n * 20), **own, **more}

    rows = [
        said(1, "Ann", "my secret is the blue door"), said(2, "Me", "ok ann"),
        said(900, "Bob", "which one", reply_to_message_id=1), said(901, "Me", "who knows, Ann does"),
    ]  # fmt: skip
    club = {"name": "club", "type": "private_group", "id": 9, "messages": rows}
    account = {"personal_information": {"user_id": "Me"}, "chats": {"list": [club]}}
    (place / "result.json").write_text(json.dumps(account))
    csb("preprocess", "result.json", "--quotes", "--heldout", "0", "--report", "r.json", "--output", "out/s.json")
    assert "blue door" in (place / "out" / "s.json").read_text("utf-8")
    done = csb("forget", "--yes", "--contact", "Ann")
    left = pl.read_parquet(place / ".csb" / "messages.parquet")
    assert left["quoted"].to_list() == [None] * 3
    assert "blue door" not in (place / "out" / "s.json").read_text("utf-8")
    assert json.loads((place / "r.json").read_text("utf-8"))["forgotten"] == {"samples": 2, "messages": 1}
    assert "note: 1 message of others names them" in done.stderr


def test_a_contact_whose_id_is_a_phone_number_is_found_by_it(csb: Csb, place: Path) -> None:
    rows = [*talk("A: a", "me: b", name="13987654321"), *talk("A: c", "me: d", talker=2, name="Bob")]
    csb("preprocess", export(place / "m.csv", rows), "--heldout", "0")
    assert "2 messages in 1 chat" in csb("forget", "--yes", "--contact", "13987654321").stdout


# runs `csb forget`, and dies at the given step: a file that takes its place or goes, a store or the search that begins
DIES = f"""{dying.BEGIN}
from chatstylebot import cli
from chatstylebot.forgetting import carry_out, proof
for place, name in (
    (os, "replace"), (os, "unlink"), (carry_out.bots, "take_out"), (carry_out.bots, "logins"), (proof, "prove"),
    (carry_out.stores.Store, "forget"), (carry_out.traces, "search"), (carry_out.shutil, "rmtree"),
):
    dying(place, name)
cli.main(["forget", "--yes", "--contact", "Alice"])
"""


def test_votes_in_whose_prompts_they_are_remembered_go_too(csb: Csb, place: Path) -> None:
    rows = talk("A: alice asks\nin two lines", "me: yes") + talk("A: hello", "me: bob", talker=2, name="Bob", start=900)
    export(place / "m.csv", rows)
    csb("preprocess", "m.csv")
    note = recalled.passage("Alice: alice asks in two lines\nTom: yes", "Alice", None, "en")
    shown = (("alice asks in two lines",), ("yes",))
    with stores.Store.open(stores.path(place)) as votes:
        for id, past in (("note", Past((note,))), ("example", Past((), (shown,))), ("other", Past())):
            votes.add(record(id, messages=prompt("what?", system=recalled.prompt(SYSTEM, past, "en"))))
        # words too short to be looked for
        votes.add(record("short", messages=prompt("?", system=f"{SYSTEM}\n- Alice: gym?"), whose=("Alice", "x")))
        votes.add(record("another's", messages=prompt("?", system=f"{SYSTEM}\n- Bob: gym?"), whose=("Bob",)))
    assert "nothing is left" in csb("forget", "--contact", "Alice", "--yes").stdout
    with stores.Store.open(stores.path(place)) as votes:
        assert [one.id for one in votes.records()] == ["other", "another's"]


def test_killed_at_any_step_the_same_line_again_ends_it(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    (place / ".csb" / "export.log").write_text("alice asks number 3")
    (place / ".csb" / "cache").mkdir()
    (place / ".csb" / "cache" / "x.arrow").write_text("alice asks number 3")
    with stores.Store.open(stores.path(place)) as votes:
        votes.add(record("1", 0, "alice asks number 4", contact="1"))
    whole = shutil.copytree(place, place.parent / "whole")
    ends = set()
    for step in range(0, 60, 3):
        shutil.rmtree(place)
        shutil.copytree(whole, place)
        dead = subprocess.run([sys.executable, "-c", DIES, str(step)], cwd=place, capture_output=True, text=True)
        done = csb("forget", "--yes", "--contact", "Alice")
        ends.add((dead.returncode, "nothing is left" in done.stdout))
        assert "alice" not in everything(place), step
        assert not (place / ".csb" / "forgetting.json").exists()
        assert "bobby asks number 3" in everything(place)
        assert not [path for path in place.rglob("*") if ".part" in path.name or path.suffix in (".moves", ".log")]
        if dead.returncode == 0:
            break
    # the last one of all was not killed: there was nothing left to do
    assert ends == {(9, True), (0, False)}, dead.stderr


def test_what_is_looked_for_stays_until_nothing_is_left_and_is_gone_then(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    (place / "data" / "notes.json").write_text(json.dumps(["remember: alice asks number 7"]))
    done = csb("forget", "--yes", "--contact", "Alice", code=1)
    assert "something is left in data/notes.json (1); what is looked for stays in .csb/forgetting.json" in done.stderr
    assert "try: rm data/notes.json; then the same line again" in done.stderr
    csb("forget", "--yes", "--contact", "Bob", code=1)  # somebody else meanwhile
    subprocess.run("rm data/notes.json", shell=True, check=True, cwd=place)
    assert "nothing is left" in csb("forget", "--yes", "--contact", "Alice").stdout
    assert not (place / ".csb" / "forgetting.json").exists()


def test_it_asks_and_without_anybody_to_ask_nothing_is_deleted(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    before = everything(place)
    done = csb("forget", "--contact", "Alice", code=1)
    assert "error: nothing was deleted" in done.stderr
    assert "try: the same line with --yes" in done.stderr
    assert everything(place) == before


def test_a_later_preprocess_of_the_old_file_leaves_them_out_and_says_so(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    csb("forget", "--yes", "--contact", "Alice")
    left = everything(place)
    done = csb("preprocess", "m.csv")
    assert "alice" not in everything(place)
    assert "to the club" not in everything(place)  # beside what she said there
    assert "bobby asks number 3" in left
    assert "bobby asks number 3" in everything(place)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("forgotten")]
    assert "of somebody who was forgotten" in line
    assert "Alice" not in (place / ".csb" / "forgotten.json").read_text()
    report = json.loads((place / ".csb" / "report.json").read_text())
    assert report["messages_in"] == report["messages_used"] + sum(report["dropped"].values())
    # newer talk from another file
    rows = talk("A: alice asks number 99", "me: ok", talker=9, name="Alice")
    csb("preprocess", export(place / "n.csv", [*rows, *talk("A: bobby", "me: yes", talker=2, name="Bob")]), "--replace")
    assert "alice asks" not in everything(place)


def test_a_namesake_is_not_forgotten_and_any_spelling_of_the_name_is_understood(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    messages = pl.read_parquet(place / ".csb" / "messages.parquet")
    for spelt in ("alice", " ALICE ", "Ａｌｉｃｅ", "Alice 🦆"):
        assert forget.find(messages, {}, [spelt]).chats == forget.find(messages, {}, ["Alice"]).chats
    two = messages.with_columns(pl.col("chat_name").replace({"Alice": "Ann#1", "Bob": "Ann#2"}))
    one = forget.find(two, {}, ["Ann#1"])
    assert one.chats == forget.find(messages, {}, ["Alice"]).chats
    with pytest.raises(UserError, match="'Ann' may be any of 'Ann#1', 'Ann#2'"):
        forget.find(two, {}, ["Ann"])
    assert forget.find(two.filter(pl.col("chat_name") != "Ann#2"), {}, ["Ann"]).chats == one.chats


def test_every_place_of_a_workspace_is_searched(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    own = Workspace(place)
    names = [
        name
        for name, kind in vars(Workspace).items()
        if isinstance(kind, property) and name not in ("begun", "bereft", "original")
    ]
    assert len(names) > 25
    tables = ("messages", "index", "heldout", "samples", "registry", "card", "contacts", "report", "last_card",
              "secrets", "feedback", "drafts", "rhythm", "forgotten", "forgetting", "feedback_export",
              "memory", "origin")  # fmt: skip
    planted: list[Path] = []
    for name in names:
        path = getattr(own, name)
        if name == "models":  # nothing but base models is left out
            path = path / "notes.txt"
        elif name in ("data", "config", "saves", "exported", "hidden", "cache", "bot", "folder"):
            path = path / "some" / "new.kind"
        elif name in tables:
            path = path.with_name(path.name + ".bak")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0\xff alice asks number 3 \xfe")
        planted.append(path)
    for verb, what in (("recipe", "chat"), ("log", "serve-clone")):
        path = getattr(own, verb)(what)
        path.write_text("alice asks number 3")
        planted.append(path)
    done = csb("forget", "--yes", "--contact", "Alice", code=1)
    there = [path for path in planted if path.exists() and b"alice" in path.read_bytes()]
    unsaid = [path for path in there if f"{path.relative_to(place)}" not in done.stderr]
    assert unsaid == []
    gone = {str(path.relative_to(place)) for path in planted} - {str(path.relative_to(place)) for path in there}
    assert gone >= {".csb/cache/some/new.kind", ".csb/chats.jsonl", ".csb/self_play.jsonl", ".csb/serve-clone.log"}


def test_samples_are_made_and_taken_out_by_one_at_a_time(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    with Workspace(place).alone():
        for line in (("preprocess", "m.csv"), ("forget", "--yes", "--contact", "Bob")):
            assert "another csb is writing the samples" in csb(*line, code=1).stderr
    csb("forget", "--yes", "--contact", "Bob")


def test_a_file_beside_a_base_model_or_the_checkout_s_own_data_is_no_excuse(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    for name in ("models/backup", "models/real"):
        (place / name).mkdir(parents=True)
        shutil.copy(place / "data" / "chat_records.json", place / name / "old.json")
    (place / "models" / "real" / "config.json").write_text("{}")
    done = csb("forget", "--yes", "--contact", "Alice")
    assert "a file of your own holds them: rm models/backup/old.json" in done.stderr
    assert "a file of your own holds them: rm models/real/old.json" in done.stderr


def test_what_others_are_called_and_what_the_card_says_is_not_only_theirs(csb: Csb, place: Path) -> None:
    rows = talk("A: Christopher", "me: yes", "A: Elizabeth", "me: no", "A: versions", "me: x")
    rows += talk("A: hello there", "me: hi", talker=2, name="Elizabeth", start=9000)
    csb("init", ".", "--name", "Christopher", "--author", "C", "--language", "en")
    csb("preprocess", export(place / "m.csv", rows))
    run = place / "saves" / "q"
    run.mkdir(parents=True)
    (run / "README.md").write_text("### Framework versions")
    csb("forget", "--yes", "--contact", "Alice")
    assert "hello there" in everything(place)


def test_long_texts_that_differ_at_their_end_are_told_apart(csb: Csb, place: Path) -> None:
    notice = "the school will be closed on monday because of the snow " * 6
    rows = talk(f"A: {notice} signed alice", "me: ok")
    rows += talk(f"A: {notice} signed bobby", "me: fine", talker=2, name="Bob", start=9000)
    csb("preprocess", export(place / "m.csv", rows), "--heldout", "0")
    csb("forget", "--yes", "--contact", "Alice")
    assert "signed bobby" in everything(place)
    (place / "data" / "x.txt").write_text(f"{notice} signed alice")
    # nothing of the workspace knows what to look for any more
    assert "was forgotten" in csb("forget", "--yes", "--contact", "Alice").stdout


@pytest.mark.parametrize("mark", ["\u2028", "\u0085", "\x1e"])
def test_a_line_separator_in_a_held_out_message_hinders_nobody(mark: str, csb: Csb, place: Path) -> None:
    rows = []
    for n in range(12):
        rows += talk(f"A: alice{mark}asks number {n}", f"me: answer {n}", start=n * 9000)
        rows += talk(f"A: bobby{mark}asks {n}", f"me: to bob {n}", talker=2, name="Bob", start=n * 9000 + 500)
    csb("preprocess", export(place / "m.csv", rows))
    csb("forget", "--yes", "--contact", "Alice")
    assert "alice" not in everything(place)
    assert "bobby" in (place / ".csb" / "heldout.jsonl").read_text("utf-8")


def telegram(place: Path, *chats: tuple[int, str, str, list[tuple[str, str, str]]]) -> Path:
    """An account: chat id, its name and kind, and messages as (user id, name, text)."""
    listed = []
    for chat, name, kind, said in chats:
        rows = [
            {"id": n, "type": "message", "date_unixtime": str(1_700_000_000 + n * 20), "from_id": f"user{who}",
             "from": called, "text": text} for n, (who, called, text) in enumerate(said, 1)
        ]  # fmt: skip
        listed.append({"name": name, "type": kind, "id": chat, "messages": rows})
    told = {"personal_information": {"user_id": 1}, "chats": {"list": listed}}
    (place / "result.json").write_text(json.dumps(told))
    return place / "result.json"


def test_a_private_chat_goes_whole_whichever_of_its_ids_is_typed(csb: Csb, place: Path) -> None:
    talks = [("77", "Ann", "ann has a boat"), ("1", "Me", "mine to ann")] * 3
    club = [("77", "Ann", "ann in the club"), ("88", "Bob", "bobby in the club"), ("1", "Me", "to all")]
    for typed in ("5001", "user77", "Ann"):
        file = telegram(
            place, (5001, "Ann", "personal_chat", talks), (9, "club", "private_group", club),
            (6, "Bob", "personal_chat", [("88", "Bob", "bobby here"), ("1", "Me", "mine to bob")]),
        )  # fmt: skip
        shutil.rmtree(place / ".csb", ignore_errors=True)
        csb("preprocess", file, "--heldout", "0", "--replace")
        (place / "data" / "notes.json").write_text('["user77"]')
        done = csb("forget", "--yes", "--contact", typed, code=1)
        assert "7 messages in 1 chat and 1 group" in done.stdout, typed
        assert "something is left in data/notes.json (1)" in done.stderr, typed
        (place / "data" / "notes.json").unlink()
        csb("forget", "--yes", "--contact", typed)
        assert "mine to ann" not in everything(place), typed
        assert "mine to bob" in everything(place), typed


def test_two_people_of_one_name_are_told_apart_by_their_ids(csb: Csb, place: Path) -> None:
    one, two = ([(who, "Ann", f"ann {who} speaks"), ("1", "Me", f"to {who}")] for who in ("701", "702"))
    csb("preprocess", telegram(place, (701, "Ann", "personal_chat", one), (702, "Ann", "personal_chat", two)))
    before = everything(place)
    done = csb("forget", "--yes", "--contact", "Ann", code=1)
    assert "'Ann' is what 2 are called here: 701, 702" in done.stderr
    assert "try: csb forget --contact 701" in done.stderr
    assert everything(place) == before
    csb("forget", "--yes", "--contact", "701")
    assert "ann 702 speaks" in everything(place)
    assert "ann 701 speaks" not in everything(place)


def test_a_short_word_that_somebody_else_quotes_elsewhere_is_not_theirs() -> None:
    rows = [
        ("alice", True, "club", "ok", None), ("bob", True, "club", "why", "ok"), ("bob", False, "bob", "see", "ok"),
        ("alice", True, "club", "a long word of alice", None), ("bob", False, "bob", "and", "a long word of alice"),
    ]  # fmt: skip
    table = pl.DataFrame(
        [
            {"chat_id": c, "is_group": g, "sender_id": s, "from_me": False, "text": t, "quoted": q}
            for s, g, c, t, q in rows
        ]
    )
    person = forget.Person((), ("alice",), ("Alice",))
    assert forget.echoes(table, person).to_list() == [False, True, False, False, True]


def test_contacts_that_share_a_line_are_taken_out_one_by_one() -> None:
    text = "{Alice: {name: Alice, relation: sister}, 小明: {name: 小明, policy: auto}}\n"
    assert forget.without_contact(text, {"Alice"}) == "小明:\n  name: 小明\n  policy: auto\n"
    assert forget.without_contact(text, {"小明"}) == "Alice:\n  name: Alice\n  relation: sister\n"


def test_a_report_of_any_name_is_cleaned(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    csb("preprocess", "m.csv", "--report", "rep.txt")
    assert "Alice" in (place / "rep.txt").read_text("utf-8")
    csb("forget", "--yes", "--contact", "Alice")
    assert "Alice" not in (place / "rep.txt").read_text("utf-8")


def test_what_is_quoted_with_a_forgotten_name_before_it_does_not_come_back() -> None:
    known = forgotten.Forgotten("00" * 16).add(["Ann", "wxid_ann"], "2026-01-01", ())
    rows = [("see", "Ann: the blue door"), ("so", "Bob: the red door"), ("no", None)]
    table = pl.DataFrame(
        [{"chat_id": "b", "chat_name": "B", "is_group": False, "sender_id": "b", "sender_name": "B", "from_me": False,
          "sent_at": None, "text": text, "quoted": quoted} for text, quoted in rows]
    )  # fmt: skip
    left = forgotten.left_out(table, known, str, timedelta(minutes=60))
    assert left["quoted"].to_list() == [None, "Bob: the red door", None]
    assert left["forgotten"].to_list() == [False, False, False]


@pytest.mark.skipif(os.name == "nt", reason="a pty")
def test_ctrl_c_at_the_question_ends_it_at_once(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    before = everything(place)
    screen = Screen(place, "forget", "--contact", "Alice")
    screen.wait("[y/N]")
    screen.interrupt()
    assert screen.end() == 130
    assert everything(place) == before


def test_a_kill_while_samples_go_elsewhere_is_put_right_by_any_next_line(csb: Csb, place: Path) -> None:
    workspace(csb, place)
    csb("preprocess", "m.csv", "--output", "deep/out/s.json")
    line = DIES.replace(
        '["forget", "--yes", "--contact", "Alice"]',
        '["preprocess", "n.csv", "--output", "deep/out/s.json", "--replace"]',
    )
    export(place / "n.csv", talk(*(f"{who}: newer talk {n}" for n in range(30) for who in ("A", "me"))))
    seen = set()
    for step in range(40):
        dead = subprocess.run([sys.executable, "-c", line, str(step)], cwd=place, capture_output=True)
        csb("recipes", "models")
        assert not [path for path in place.rglob(".*") if path.suffix in (".part", ".moves")], step
        index = pl.read_parquet(place / ".csb" / "samples.parquet")
        number = index.filter(pl.col("file") == "deep/out/s.json").height
        assert len(samples(place / "deep" / "out" / "s.json")) == number, step
        seen.add(("newer talk 3" in everything(place), number))
        if dead.returncode == 0:
            break
        csb("preprocess", "m.csv", "--output", "deep/out/s.json", "--replace")
    assert dead.returncode == 0
    assert len(seen) == 2
