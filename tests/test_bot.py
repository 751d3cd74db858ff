"""`csb bot` and `csb wechat`: the real programs, at a terminal's pipe, before a real gateway with a fake engine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway import OWNER, Running, fake, limits, running
from patience import LIMIT

from chatstylebot.card import Card
from chatstylebot.contacts import Contact

CLONE = "name: Mia\nlanguage: en\nbot: {wait: 0.05s, slowest: 0.01s, two_answers: 0}\n"
PEOPLE = "wx_ann: {name: Ann, relation: sister, policy: off}\nwx_bob: {name: Bob, policy: draft}\n"
CARD = Card(name="Mia", language="en", system="You are {name}, talking to {contact}.")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("gw")
    people = {"wx_ann": Contact(name="Ann", relation="sister"), "wx_bob": Contact(name="Bob")}
    with running(folder, [fake(folder)], CARD, limits(waiting=50), contacts=people) as found:
        yield found


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "clone.yaml").write_text(CLONE, "utf-8")
    (tmp_path / "contacts.yaml").write_text(PEOPLE, "utf-8")
    return tmp_path


def csb(workspace: Path, *line: str, said: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "chatstylebot", *line], cwd=workspace, input=said, capture_output=True, encoding="utf-8",
        env=os.environ | {"CSB_OWNER_KEY": OWNER, "PYTHONUTF8": "1"}, timeout=LIMIT,
    )  # fmt: skip


def test_the_owner_at_the_terminal_is_answered_without_any_setting(workspace: Path, server: Running) -> None:
    done = csb(workspace, "bot", "run", "terminal", "--server", server.url, said="hello there\n")
    assert OWNER not in done.stderr  # it goes to a file, perhaps
    assert (done.returncode, done.stdout) == (0, "hello there\n")
    assert "1 heard · 1 answered" in done.stderr
    assert "hello" not in done.stderr  # what people write stands in no log


def test_trying_as_a_contact_shows_what_they_would_get(workspace: Path, server: Running) -> None:
    done = csb(workspace, "bot", "run", "terminal", "--server", server.v1, "--contact", "Ann", said="!show\n")
    sent = json.loads(done.stdout)
    assert sent["messages"][0]["content"] == "You are Mia, talking to Ann."
    assert "note: Ann is answered here as if the policy were auto" in done.stderr


def test_a_contact_nobody_knows_is_an_error_with_the_candidates(workspace: Path) -> None:
    done = csb(workspace, "bot", "run", "terminal", "--contact", "Anna")
    assert done.returncode == 1
    assert "no contact is called 'Anna'" in done.stderr
    assert "one of: Ann, Bob; or a line for them there: Anna: {name: Anna, policy: auto}" in done.stderr


def test_a_vote_at_the_terminal_is_in_the_store_when_the_bot_ends(workspace: Path, server: Running) -> None:
    before = len(list(server.state.votes.records()))  # type: ignore[attr-defined]
    with subprocess.Popen(
        [sys.executable, "-m", "chatstylebot", "bot", "run", "terminal", "--server", server.url], cwd=workspace,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        env=os.environ | {"CSB_OWNER_KEY": OWNER},
    ) as run:  # fmt: skip
        assert run.stdin
        assert run.stdout
        run.stdin.write("tell me a joke\n")
        run.stdin.flush()
        assert run.stdout.readline() == "tell me a joke\n"
        run.communicate("good\n", timeout=LIMIT)
    [record] = list(server.state.votes.records())[before:]  # type: ignore[attr-defined]
    assert (record.verdict, record.source, record.answer) == ("good", "bot-terminal", "tell me a joke")
    assert record.messages[0].content == "You are Mia, talking to a friend."


def test_a_rhythm_that_is_damaged_is_an_error_with_a_remedy(workspace: Path, server: Running) -> None:
    (workspace / ".csb").mkdir(exist_ok=True)
    (workspace / ".csb" / "rhythm.json").write_text("{bad")
    done = csb(workspace, "bot", "run", "terminal", "--server", server.url, said="hi\n")
    assert done.returncode == 1
    assert "rhythm.json is not valid JSON" in done.stderr.splitlines()[-2]
    assert done.stderr.splitlines()[-1].startswith("try: ")


def test_paused_the_bot_says_nothing_until_it_is_resumed(workspace: Path, server: Running) -> None:
    assert csb(workspace, "bot", "pause").returncode == 0
    assert "paused" in csb(workspace, "bot", "status").stdout
    silent = csb(workspace, "bot", "run", "terminal", "--server", server.url, said="hello\n")
    assert (silent.returncode, silent.stdout) == (0, "")
    csb(workspace, "bot", "resume")
    again = csb(workspace, "bot", "run", "terminal", "--server", server.url, said="hi\n")
    assert again.stdout == "hello\nhi\n"  # one answer, to what is said now; what was said before is what it is about
    assert "1 heard · 1 answered" in again.stderr


def test_a_draft_waits_in_the_list_and_goes_out_on_the_owner_s_word(workspace: Path, server: Running) -> None:
    line = ("bot", "run", "terminal", "--server", server.url, "--contact", "Bob")
    done = csb(workspace, *line, said="dinner tonight?\n")
    assert done.stdout == ""
    assert "draft 1 waits" in done.stderr
    assert "dinner" not in done.stderr
    [row] = json.loads(csb(workspace, "bot", "drafts", "--json").stdout)
    assert (row["id"], row["heard"], row["proposed"]) == ("terminal-1", "dinner tonight?", "dinner tonight?")
    edited = csb(workspace, "bot", "drafts", "--edit", "1", "at eight")
    assert (edited.returncode, edited.stdout) == (0, "terminal-1: edit, when the bot runs again on terminal\n")
    assert csb(workspace, "bot", "drafts", "--send", "terminal-1").returncode == 1  # it is decided
    sent = subprocess.Popen(
        [sys.executable, "-m", "chatstylebot", *line], cwd=workspace, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, encoding="utf-8", env=os.environ | {"CSB_OWNER_KEY": OWNER},
    )  # fmt: skip
    with sent:
        assert sent.stdout
        assert sent.stdout.readline() == "at eight\n"
        sent.communicate("", timeout=LIMIT)
    assert "no draft waits" in csb(workspace, "bot", "drafts").stderr
    edited = [each for each in server.state.votes.records() if each.verdict == "edited"]  # type: ignore[attr-defined]
    assert [(each.text, each.contact) for each in edited] == [("at eight", "wx_bob")]


def test_the_off_switch_of_a_folder_that_is_no_clone_s_is_an_error(tmp_path: Path) -> None:
    for word in ("pause", "resume"):
        done = csb(tmp_path, "bot", word)
        assert (done.returncode, done.stdout) == (1, "")
        assert "no workspace here" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_bot_that_was_stopped_says_so_at_the_next_start(workspace: Path, server: Running) -> None:
    csb(workspace, "bot", "run", "terminal", "--server", server.url, said="/stop\n")
    again = csb(workspace, "bot", "run", "terminal", "--server", server.url, said="hello\n")
    assert "the bot is silent since it was stopped: /go or csb bot resume ends it" in again.stderr
    assert again.stdout == ""


def test_an_edit_without_words_is_refused_with_the_line_to_type(workspace: Path) -> None:
    done = csb(workspace, "bot", "drafts", "--edit", "terminal-1", " ")
    assert (done.returncode, done.stderr.splitlines()[-1][:5]) == (1, "try: ")
    both = csb(workspace, "bot", "drafts", "--send", "terminal-1", "--no", "terminal-1")
    assert both.returncode == 2
    assert "two decisions on one draft" in both.stderr


def test_a_server_that_is_somebody_else_s_is_refused(workspace: Path, server: Running) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chatstylebot", "bot", "run", "terminal", "--server", server.url], cwd=workspace,
        input="hi\n", capture_output=True, encoding="utf-8", check=False,
        env={key: value for key, value in os.environ.items() if key != "CSB_OWNER_KEY"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "is no csb serve of this workspace" in done.stderr


def test_one_channel_of_a_workspace_has_one_bot(workspace: Path, server: Running) -> None:
    line = [sys.executable, "-m", "chatstylebot", "bot", "run", "terminal", "--server", server.url]
    with subprocess.Popen(
        line, cwd=workspace, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
        env=os.environ | {"CSB_OWNER_KEY": OWNER},
    ) as first:  # fmt: skip
        assert first.stdin
        assert first.stdout
        first.stdin.write("hi\n")
        first.stdin.flush()
        first.stdout.readline()
        second = csb(workspace, "bot", "run", "terminal", "--server", server.url)
        assert "terminal  running; today: 1 answered, 1 heard" in csb(workspace, "bot", "status").stdout
        first.communicate("", timeout=LIMIT)
    assert second.returncode == 1
    assert "a bot is running on terminal already" in second.stderr


def test_the_state_is_nobody_else_s_to_read(workspace: Path, server: Running) -> None:
    csb(workspace, "bot", "run", "terminal", "--server", server.url, said="hi\n")
    folder = workspace / ".csb" / "bot"
    modes = {path.name: path.stat().st_mode & 0o077 for path in folder.rglob("*") if path.is_file()}
    assert {name for name, mode in modes.items() if mode} <= {".gitignore"}
    assert folder.stat().st_mode & 0o077 == 0


def test_wechat_through_itchat_says_the_risk_and_stops_where_nobody_agrees(workspace: Path, server: Running) -> None:
    done = csb(workspace, "wechat", "--via", "itchat", "--server", server.url)
    assert done.returncode == 1
    assert "banned" in done.stderr
    assert "封" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("try: ")


def test_a_contact_scans_a_code_of_their_own_on_ilink_only(workspace: Path) -> None:
    for line in (("wechat", "--via", "itchat", "--contact", "Ann"), ("bot", "run", "onebot", "--contact", "Ann")):
        done = csb(workspace, *line)
        assert done.returncode == 1
        assert "--contact is for" in done.stderr
        assert "contacts.yaml" in done.stderr.splitlines()[-1]


def test_a_contact_whose_policy_is_off_is_told_before_they_scan(workspace: Path) -> None:
    done = csb(workspace, "wechat", "--contact", "Ann", "--server", "http://127.0.0.1:9")
    assert "note: Ann is not answered: contacts.yaml has no policy draft or auto for them" in done.stderr


def test_without_pauses_the_terminal_answers_at_once_and_other_channels_are_never_so(
    workspace: Path, server: Running
) -> None:
    (workspace / "clone.yaml").write_text("name: Mia\nlanguage: en\nbot: {wait: 1h, slowest: 1h, two_answers: 0}\n")
    done = csb(workspace, "bot", "run", "terminal", "--no-pauses", "--server", server.url, said="hello\n")
    assert (done.returncode, done.stdout) == (0, "hello\n")
    refused = csb(workspace, "bot", "run", "ilink", "--no-pauses")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-2] == "error: --no-pauses is for the terminal"
