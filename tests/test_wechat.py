"""`csb wechat`, typed as a user does: a pseudo terminal, Tencent's double, a server of its own, a fake engine."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway import ENGINE_KEY
from ilink_server import IlinkServer, ilink_server
from patience import until
from screen import Screen
from test_bot import CLONE
from test_bot_server import children
from test_supervisor import alive

PEOPLE = "wx_ann: {name: Ann, policy: auto}\nwx_bob: {name: Bob}\n"
CONTEXT = {"CSB_ENGINE_KEY": ENGINE_KEY, "NO_PROXY": "127.0.0.1"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "clone.yaml").write_text(CLONE, "utf-8")
    (tmp_path / "contacts.yaml").write_text(PEOPLE, "utf-8")
    return tmp_path


@pytest.fixture
def tencent() -> Iterator[IlinkServer]:
    with ilink_server(hold=1) as server:
        yield server


def wechat(workspace: Path, tencent: IlinkServer, engine: str, *more: str) -> Screen:
    return Screen(workspace, "wechat", f"--serve=--url={engine}", *more, CSB_ILINK_URL=tencent.url, **CONTEXT)


def texts(tencent: IlinkServer, bot: str = "b1@im.bot") -> list[str]:
    return [one.text for one in tencent.sent if one.bot == bot]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_scan_is_answered_and_every_way_to_stop_it_is_an_orderly_end(
    workspace: Path, tencent: IlinkServer, engine: str, name: str
) -> None:
    number = int(getattr(signal, name))
    phone = [{"status": "wait"}, {"status": "scaned"}, {"status": "need_verifycode", "number": "42"}]
    tencent.logins.append([*phone, tencent.confirmed()])
    screen = wechat(workspace, tencent, engine)
    screen.wait("scan this code with WeChat")
    screen.wait("▀")  # the code is drawn
    screen.wait("the number on the phone: ")
    screen.type("42\n")
    until(lambda: ("b1@im.bot", "start") in tencent.notified, lambda: screen.text)
    under = children(screen.process.pid)
    tencent.push("are you there")
    until(lambda: texts(tencent) == ["are you there"], lambda: screen.text)
    screen.wait("1 heard · 1 answered")
    screen.process.send_signal(number)
    assert screen.end() == {signal.SIGINT: 130}.get(signal.Signals(number), 128 + number)
    assert "Traceback" not in screen.text
    assert screen.text.rstrip().endswith("1 heard · 1 answered · 0 drafted")
    assert tencent.notified[-1] == ("b1@im.bot", "stop")
    assert tencent.wrong == []
    until(lambda: not any(alive(pid) for pid in under))
    assert not {each for each in ("are you there", "secret-b1") if each in screen.text}


def test_a_contact_who_scans_is_answered_by_their_policy_and_the_next_start_needs_no_code(
    workspace: Path, tencent: IlinkServer, engine: str
) -> None:
    tencent.logins.append([tencent.confirmed()])
    tencent.logins.append([tencent.confirmed("b2@im.bot", "u2@im.wechat")])
    screen = wechat(workspace, tencent, engine, "--contact", "Ann")
    until(lambda: {"b1@im.bot", "b2@im.bot"} <= {bot for bot, _ in tencent.notified}, lambda: screen.text)
    assert "this code is for Ann, who scans it with their own WeChat" in screen.text
    tencent.push("hello from ann", bot="b2@im.bot")
    until(lambda: texts(tencent, "b2@im.bot") == ["hello from ann"], lambda: screen.text)
    tencent.push("/stop", bot="b2@im.bot")  # not theirs to say
    until(lambda: texts(tencent, "b2@im.bot")[1:] == ["/stop"], lambda: screen.text)
    screen.interrupt()
    screen.end()
    (workspace / "contacts.yaml").write_text(PEOPLE.replace("policy: auto", "policy: off"), "utf-8")
    again = wechat(workspace, tencent, engine)
    tencent.push("and now?", bot="b2@im.bot")
    again.wait("1 not allowed")
    again.interrupt()
    again.end()
    assert len(tencent.codes) == 2
    assert len(texts(tencent, "b2@im.bot")) == 2
    assert tencent.wrong == []


def test_nobody_who_reads_the_files_or_the_screen_afterwards_finds_a_token_or_a_word_in_the_log(
    workspace: Path, tencent: IlinkServer, engine: str
) -> None:
    tencent.logins.append([tencent.confirmed()])
    screen = wechat(workspace, tencent, engine)
    until(lambda: tencent.notified, lambda: screen.text)
    tencent.push("the yellow umbrella")
    until(lambda: texts(tencent), lambda: screen.text)
    screen.interrupt()
    screen.end()
    files = [path for path in (workspace / ".csb").rglob("*") if path.is_file()]
    assert {path.name for path in files if path.stat().st_mode & 0o077} <= {".gitignore"}
    logs = "".join(path.read_text("utf-8", "replace") for path in files if path.suffix == ".log")
    assert "umbrella" not in logs + screen.text
    assert "secret-b1" not in logs + screen.text
