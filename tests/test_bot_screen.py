"""`csb bot run terminal` on a screen: what is said stands there alone, and the reason where nothing is said."""

from pathlib import Path

from gateway import OWNER, Running, fake, limits, running
from screen import Screen

from chatstylebot.card import Card

CLONE = "name: Mia\nlanguage: en\nbot: {{wait: 0.05s, slowest: 0.01s, two_answers: 0, quiet: [{quiet}]}}\n"
PEOPLE = "wx_ann: {name: Ann, policy: auto}\n"


def shown(screen: Screen) -> list[str]:
    """The lines as they stand on a real screen in the end: what was overwritten is gone."""
    rows: list[str] = []
    for line in screen.raw.replace("\r\n", "\n").split("\n"):
        row = ""
        for part in line.split("\r"):
            part, erased = part.replace("\x1b[K", ""), "\x1b[K" in part
            row = part + ("" if erased else row[len(part) :])
        rows.append(row.rstrip())
    return rows


def talk(place: Path, server: Running, *line: str, says: str, wait: str) -> list[str]:
    """What stands there after one line was typed."""
    screen = Screen(place, "bot", "run", "terminal", "--server", server.url, *line, CSB_OWNER_KEY=OWNER)
    screen.wait("the chat page is")
    screen.type(says + "\n")
    screen.wait(wait)
    screen.type("\x04")
    assert screen.end() == 0
    return shown(screen)


def test_a_bubble_on_a_screen_stands_alone_with_the_clone_s_name(tmp_path: Path) -> None:
    (tmp_path / "clone.yaml").write_text(CLONE.format(quiet=""), "utf-8")
    (tmp_path / "gw").mkdir()
    with running(tmp_path / "gw", [fake(tmp_path / "gw")], Card(name="Mia"), limits()) as server:
        rows = talk(tmp_path, server, says="still on the bus lol", wait="Mia: still on the bus lol")
    assert rows[-4:] == ["still on the bus lol", "Mia: still on the bus lol", "1 heard · 1 answered · 0 drafted", ""]


def test_who_tries_the_bot_as_a_contact_is_told_why_nothing_comes(tmp_path: Path) -> None:
    (tmp_path / "clone.yaml").write_text(CLONE.format(quiet="'00:00-23:59', '23:58-00:01'"), "utf-8")
    (tmp_path / "contacts.yaml").write_text(PEOPLE, "utf-8")
    (tmp_path / "gw").mkdir()
    with running(tmp_path / "gw", [fake(tmp_path / "gw")], Card(name="Mia"), limits()) as server:
        rows = talk(tmp_path, server, "--contact", "Ann", says="hello", wait="no answer now: quiet hours")
    assert not [row for row in rows if row.startswith("Mia:")]
