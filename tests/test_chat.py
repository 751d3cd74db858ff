"""`csb chat` as it is typed, on a pipe and in a terminal, before a real gateway whose engine does as it is told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway import FRIEND, Running, fake, limits, running
from hypothesis import given
from hypothesis import strategies as st
from patience import LIMIT
from screen import Screen

from chatstylebot.bot.chat import Bubbles
from chatstylebot.card import Card
from chatstylebot.serving.state import Choices, Limits

CARD = Card(name="Mia", language="en")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway with clone and base; the clone says something else each time it is asked for `dice`."""
    folder = tmp_path_factory.mktemp("gw")
    dice = {"SAYS": '{"dice": ["one", "two"], "sing": ["la\\nla la"], "beep": ["a\\u0007b\\u202ec"]}'}
    with running(folder, [fake(folder, env=dice), fake(folder, "base")], CARD, limits()) as found:
        yield found


def chat(place: Path, *argv: str, typed: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "chatstylebot", "chat", *argv], cwd=place, input=typed, capture_output=True,
        encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"} | env, timeout=LIMIT,
    )  # fmt: skip


def test_each_bubble_is_a_line_and_an_empty_line_is_no_message(place: Path, server: Running) -> None:
    done = chat(place, "--server", server.url, typed="sing\n\n   \nhello\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Mia: la\nMia: la la\nMia: hello\n"
    assert "this is Mia; /help" in done.stderr


def test_again_asks_once_more_and_the_talk_goes_on_from_the_last_answer(place: Path, server: Running) -> None:
    done = chat(place, "--server", server.v1, typed="/again\ndice\n/again\n!show\n")
    first, second, shown = done.stdout.splitlines()
    assert [first, second] == ["Mia: one", "Mia: two"]
    assert "nothing was said yet" in done.stderr
    assert '"dice"' in shown
    assert '"two"' in shown
    assert '"one"' not in shown


def test_base_answers_the_same_talk_and_once_more_is_the_clone(place: Path, server: Running) -> None:
    done = chat(place, "--server", server.url, typed="hi\n/base\n/again\n/base\nbye\n")
    assert done.stdout.splitlines() == ["Mia: hi", "base: hi", "Mia: bye"]
    begun = chat(place, "--base", "--server", server.url, typed="hi\n")
    assert begun.stdout == "base: hi\n"
    assert "this is the bare base model" in begun.stderr


def test_a_slash_is_a_command_and_two_are_one_of_the_message(place: Path, server: Running) -> None:
    done = chat(place, "--server", server.url, typed="hi\n/clear\n!show\n//shrug\n/nonsense\n/help\n/exit\nnever\n")
    _, shown, shrug = done.stdout.splitlines()
    assert '"hi"' not in shown
    assert shrug == "Mia: /shrug"
    assert "/nonsense is no command" in done.stderr
    assert "/again   another answer" in done.stderr


def test_an_answer_steers_no_terminal(place: Path, server: Running) -> None:
    assert chat(place, "--server", server.url, typed="beep\n").stdout == "Mia: a\\u0007b\\u202ec\n"


def test_an_engine_that_breaks_off_is_told_and_the_talk_goes_on(place: Path, server: Running) -> None:
    done = chat(place, "--server", server.url, typed="well !drop\nhi\n")
    assert "error: " in done.stderr
    assert "try: /again" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == "Mia: hi"


def test_a_server_that_is_none_of_ours_or_not_there_is_told(place: Path, tmp_path: Path, server: Running) -> None:
    port = server.engine.client.url.split(":")[2] if server.engine.client else ""
    done = chat(place, "--server", f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert "no csb serve answers" in done.stderr
    assert "try: start csb serve there; before any other server: csb serve --engine url" in done.stderr
    done = chat(place, "--server", server.url, "--model", "smollm2")
    assert "--model and --server together" in done.stderr


def test_a_key_comes_from_the_environment(place: Path, tmp_path: Path) -> None:
    choices = Choices(key_required=True, limits=Limits(rate=0))
    with running(tmp_path, [fake(tmp_path)], CARD, choices) as where:
        done = chat(place, "--server", where.url, typed="hi\n")
        assert done.returncode == 1
        assert f"try: CSB_SERVER_KEY=… csb chat --server {where.url}" in done.stderr
        done = chat(place, "--server", where.url, typed="hi\n/base\n", CSB_SERVER_KEY=FRIEND)
        assert done.stdout == "Mia: hi\n"
        assert "this server does not serve the base" in done.stderr
        assert done.returncode == 0


def test_the_chat_page_s_own_address_will_do_and_a_wrong_key_is_told_as_one(place: Path, tmp_path: Path) -> None:
    choices = Choices(key_required=True, limits=Limits(rate=0))
    with running(tmp_path, [fake(tmp_path)], CARD, choices) as where:
        page = where.url.removeprefix("http://") + f"/#key={FRIEND}"
        assert chat(place, "--server", page, typed="hi\n").stdout == "Mia: hi\n"
        done = chat(place, "--server", where.url, CSB_SERVER_KEY="not-a-key-0123456789")
        assert f"error: {where.url} refuses this key" in done.stderr
        done = chat(place, "--server", where.url, CSB_SERVER_KEY="schlüssel")
        assert "this key has letters that no server takes" in done.stderr


def test_a_link_for_the_browser_is_not_spent_on_a_terminal(place: Path, server: Running) -> None:
    done = chat(place, "--server", f"{server.url}/#once=word")
    assert done.returncode == 1
    assert "this link is for the chat page in a browser" in done.stderr
    assert f"try: CSB_SERVER_KEY=… csb chat --server {server.url}/" in done.stderr


def test_what_is_too_long_is_left_out_and_does_not_spoil_the_talk(place: Path, server: Running) -> None:
    done = chat(place, "--server", server.url, typed="x" * 20_001 + "\nhi\n")
    assert "that line has 20,001 characters, and is left out" in done.stderr
    assert done.stdout == "Mia: hi\n"


def test_what_the_model_cannot_read_is_left_out_of_the_talk(place: Path, tmp_path: Path) -> None:
    with running(tmp_path, [fake(tmp_path, context=400)], CARD, limits()) as where:
        done = chat(place, "--server", where.url, typed="long " * 200 + "\nhi\n")
        assert "longer than the model can read" in done.stderr
        assert "try: say it in fewer words, or /clear" in done.stderr
        assert done.stdout == "Mia: hi\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell that closes streams")
def test_without_input_or_with_a_full_disk_there_is_no_traceback(place: Path, server: Running) -> None:
    line = f"'{sys.executable}' -m chatstylebot chat --server {server.url}"
    for more, code in (("<&-", 0), (">/dev/full", 1), ("<&- >&- 2>&-", 0)):
        done = subprocess.run(f"{line} {more}", shell=True, cwd=place, input="hi\n", capture_output=True, text=True)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), more + done.stderr


def opened(place: Path, server: Running) -> Screen:
    """`csb chat` in a terminal, which waits for a line."""
    screen = Screen(place, "chat", "--server", server.url)
    screen.wait("you: ")
    return screen


def test_ctrl_d_leaves(place: Path, server: Running) -> None:
    screen = opened(place, server)
    screen.type("hello there\n")
    screen.wait("Mia: hello there\n")
    screen.wait("you: ", 2)
    screen.type("\x04")
    assert screen.end() == 0, screen.text
    assert "Traceback" not in screen.text


def test_ctrl_c_at_the_prompt_leaves(place: Path, server: Running) -> None:
    screen = opened(place, server)
    screen.interrupt()
    assert screen.end() == 130, screen.text
    assert "Traceback" not in screen.text


def test_ctrl_c_drops_a_line_that_is_half_typed(place: Path, server: Running) -> None:
    screen = opened(place, server)
    screen.type("not thi")
    screen.wait("not thi")
    screen.interrupt()
    screen.wait("you: ", 2)
    screen.type("hi\n")
    screen.wait("Mia: hi\n")
    screen.type("\x04")
    assert screen.end() == 0, screen.text


def test_ctrl_c_stops_an_answer_and_the_talk_goes_on(place: Path, server: Running) -> None:
    screen = opened(place, server)
    screen.type("well !sleep 60 too late\n")
    screen.wait("Mia: well")
    screen.interrupt()
    screen.wait("(stopped; /again asks once more)")
    screen.type("/clear\n")
    screen.type("hi\n")
    screen.wait("Mia: hi")
    screen.type("/exit\n")
    assert screen.end() == 0, screen.text
    assert "Traceback" not in screen.text


PIECES = st.lists(st.sampled_from(["a", "bc", " ", "|", "||", " || ", "\n", "d e", ""]), max_size=12)


@given(PIECES, st.sampled_from(["||", "\n"]))
def test_bubbles_are_the_same_in_whatever_pieces_they_come(pieces: list[str], separator: str) -> None:
    shown: list[str] = []
    bubbles = Bubbles("M", separator, shown.append)
    for piece in pieces:
        bubbles.feed(piece)
    bubbles.end()
    wanted = [piece.strip() for piece in "".join(pieces).split(separator) if piece.strip()]
    assert "".join(shown) == "".join(f"M: {bubble}\n" for bubble in wanted)
