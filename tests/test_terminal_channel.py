"""The terminal as a channel, on real pipes, files and pseudo terminals."""

import asyncio
import contextlib
import io
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from patience import LIMIT, soon, until

from chatstylebot.bot.channels.terminal import Terminal
from chatstylebot.bot.heard import Chat, Heard, NotSent, Who

Screen = tuple[io.FileIO, subprocess.Popen[bytes]]
OWNER = Chat("terminal", "owner", "owner")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
# a channel as a program: it answers each line with an echo, half a second later
PROGRAM = """
import asyncio, sys
from chatstylebot.bot.channels.terminal import Terminal
from chatstylebot.bot.heard import Who
waiting = []
async def answer(channel, heard):
    await channel.typing(heard.chat, True)
    await asyncio.sleep(0.5)
    await channel.send(heard.chat, f"{heard.sender}/{heard.owner}: {heard.text}", heard.id)
async def main():
    async def hear(heard):
        waiting.append(asyncio.create_task(answer(channel, heard)))
    async def rest():
        await asyncio.gather(*waiting)
    channel = Terminal(*(Who(id, id) for id in sys.argv[1:]), rest=rest)
    await channel.run(hear)
asyncio.run(main())
"""


def brought(data: bytes, **more: Any) -> list[Heard]:
    """What a channel brings of an input that ends."""
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    found: list[Heard] = []

    async def hear(heard: Heard) -> None:
        found.append(heard)

    try:
        asyncio.run(Terminal(source=read, output=io.StringIO(), now=lambda: NOON, **more).run(hear))
    finally:
        os.close(read)
    return found


def start(*argv: str, **more: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *argv], env=os.environ | {"PYTHONUTF8": "1"}, **more)


def test_each_line_is_a_message_of_the_owner_two_quick_ones_are_two() -> None:
    one, two = brought("在吗\n吃饭没\n".encode())
    assert one == Heard(OWNER, one.id, "owner", "owner", "在吗", NOON, owner=True)
    assert two.text == "吃饭没"
    assert one.id != two.id


def test_with_a_contact_the_lines_are_that_contact_s_and_the_owner_s_rights_are_not_theirs() -> None:
    (found,) = brought(b"hi\n", contact=Who("wx_ann", "Ann"))
    chat = Chat("terminal", "contact", "wx_ann")
    assert found == Heard(chat, found.id, "wx_ann", "Ann", "hi", NOON, contact="wx_ann")
    (other,) = brought(b"1\n", contact=Who("owner", "owner"))
    assert other.chat != OWNER
    assert not other.owner


def test_empty_lines_are_nothing_and_the_last_line_needs_no_end() -> None:
    assert [h.text for h in brought(b"\n  \r\na\r\n\nb")] == ["a", "b"]
    assert brought(b"") == []


def test_bytes_that_are_no_text_do_not_end_the_talk() -> None:
    assert [h.text for h in brought(b"a\xff\xfe\nb\n")] == ["a��", "b"]


def test_a_character_that_comes_in_two_pieces_is_one() -> None:
    read, write = os.pipe()
    found: list[Heard] = []

    async def hear(heard: Heard) -> None:
        found.append(heard)

    async def go() -> None:
        work = asyncio.create_task(Terminal(source=read, output=io.StringIO()).run(hear))
        data = "好\n".encode()
        for piece in (data[:1], data[1:]):
            os.write(write, piece)
            await soon(lambda: not select.select([read], [], [], 0)[0])  # the piece has been read
        os.close(write)
        await work

    asyncio.run(go())
    os.close(read)
    assert [h.text for h in found] == ["好"]


def test_a_file_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text("a\nb\n")
    with (tmp_path / "talk.txt").open("rb") as talk:
        assert start(stdin=talk, stdout=subprocess.PIPE).communicate(timeout=LIMIT)[0].decode() == (
            "owner/True: a\nowner/True: b\n"
        )


def test_at_the_end_of_a_pipe_the_answers_still_come_and_then_it_ends() -> None:
    done = start("Ann", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = done.communicate("在吗\n吃饭没".encode(), timeout=LIMIT)
    assert out.decode().splitlines() == ["Ann/False: 在吗", "Ann/False: 吃饭没"]
    assert done.returncode == 0


def test_the_loop_goes_on_while_nobody_types() -> None:
    read, write = os.pipe()

    async def hear(heard: Heard) -> None: ...

    async def go() -> int:
        work = asyncio.create_task(Terminal(source=read, output=io.StringIO()).run(hear))
        for count in range(100):  # noqa: B007
            await asyncio.sleep(0)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return count

    others = set(threading.enumerate())
    assert asyncio.run(go()) == 99
    os.close(write)
    until(lambda: set(threading.enumerate()) <= others)  # the reader ends with its pipe
    os.close(read)


def test_a_program_that_is_interrupted_while_it_waits_for_a_line_ends() -> None:
    code = PROGRAM.replace("asyncio.run(main())", "").replace("await channel.run(hear)", "") + (
        "async def brief():\n"
        "    async def hear(heard): ...\n"
        "    try: await asyncio.wait_for(Terminal().run(hear), 0.2)\n"
        "    except TimeoutError: print('over', flush=True)\n"
        "asyncio.run(brief())\n"
    )
    done = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert done.wait(LIMIT) == 0
        assert done.stdout is not None
        assert done.stdout.read().split() == [b"over"]
    finally:
        done.kill()
        for pipe in (done.stdin, done.stdout):
            if pipe:
                pipe.close()


def test_a_bubble_cannot_steer_the_terminal_but_keeps_its_signs() -> None:
    output = io.StringIO()
    asyncio.run(Terminal(output=output).send(OWNER, "a\x1b[2Jb\r\x07\n\tc 👨‍👩‍👧 好", "m1"))
    assert output.getvalue() == "a[2Jb\n\tc 👨‍👩‍👧 好\n"


def test_a_console_that_is_not_unicode_gets_what_it_can_show() -> None:
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    asyncio.run(Terminal(output=output).send(OWNER, "好 ok", "m1"))
    output.seek(0)
    assert output.read() == "? ok\n"


def test_a_reader_that_is_gone_is_told_and_typing_never_raises() -> None:
    read, write = os.pipe()
    os.close(read)
    output = os.fdopen(write, "w")
    terminal = Terminal(output=output)
    with pytest.raises(NotSent, match="gone") as told:
        asyncio.run(terminal.send(OWNER, "hi", "m1"))
    assert not told.value.again
    asyncio.run(terminal.typing(OWNER, True))
    with contextlib.suppress(OSError):
        output.close()
    with pytest.raises(NotSent):
        asyncio.run(terminal.send(OWNER, "hi", "m2"))


def test_a_pipe_sees_no_dots() -> None:
    output = io.StringIO()
    for on in (True, False):
        asyncio.run(Terminal(output=output).typing(OWNER, on))
    assert output.getvalue() == ""


@pytest.fixture
def screen() -> Iterator[Screen]:
    """A program that sits at a real pseudo terminal."""
    pty = pytest.importorskip("pty")
    number, theirs = pty.openpty()
    ours = io.FileIO(number, "r+")
    done = start(stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    yield ours, done
    done.kill()
    done.wait()
    ours.close()


def seen(ours: io.FileIO, wanted: str) -> str:
    """What is on the screen, as soon as `wanted` is there or the program has ended."""
    found = b""
    while wanted not in found.decode("utf-8", "replace").replace("\r\n", "\n"):
        try:
            found += ours.read(4096)
        except OSError:  # EIO: nobody is at the other side
            break
    return found.decode().replace("\r\n", "\n")


def test_on_a_screen_dots_show_that_an_answer_is_on_its_way_and_go_when_it_comes(
    screen: Screen,
) -> None:
    ours, done = screen
    ours.write("在吗\n".encode())
    assert seen(ours, "True: 在吗\n") == "在吗\n\r…\r \rowner/True: 在吗\n"
    ours.write(b"\x04")  # Ctrl-D
    assert done.wait(LIMIT) == 0


def test_two_lines_typed_in_a_burst_on_a_screen_are_two_messages_and_ctrl_d_waits_for_their_answers(
    screen: Screen,
) -> None:
    ours, done = screen
    ours.write(b"a\nb\n\x04")
    shown = seen(ours, "never")
    assert shown.count("owner/True: a\n") == 1
    assert shown.count("owner/True: b\n") == 1
    assert done.wait(LIMIT) == 0


def test_when_the_screen_is_closed_the_input_ends(screen: Screen) -> None:
    ours, done = screen
    ours.write(b"a\n")
    seen(ours, "True: a")
    ours.close()
    done.wait(LIMIT)
