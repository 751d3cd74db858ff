"""What is typed where the bot runs: a question gets the next line, everything else goes to whoever listens."""

import asyncio
import os
import subprocess
import sys

import pytest
from patience import LIMIT, soon

from chatstylebot.bot.keyboard import Keyboard

ASK = """import asyncio
from chatstylebot.bot.keyboard import Keyboard
async def go():
    async with asyncio.timeout({seconds}):
        print(repr(await Keyboard().ask("number: ")))
try:
    asyncio.run(go())
except TimeoutError:
    print("nobody")
"""


def test_a_question_is_answered_by_the_next_line_and_what_else_is_typed_is_heard() -> None:
    heard: list[str] = []

    async def listener(line: str) -> None:
        heard.append(line)

    async def scene() -> None:
        read, write = os.pipe()
        keyboard = Keyboard(read)
        listening = asyncio.create_task(keyboard.listen(listener))
        os.write(write, b"send 1\n")
        await soon(lambda: heard)
        asked = [asyncio.create_task(keyboard.ask(question)) for question in ("number: ", "again: ")]
        await asyncio.sleep(0)
        os.write(write, b"42\n43\nno 2\n")
        assert await asyncio.gather(*asked) == ["42", "43"]
        os.close(write)
        await listening
        os.close(read)

    asyncio.run(scene())
    assert heard == ["send 1", "no 2"]


def test_what_comes_in_one_piece_before_the_second_question_waits_for_it() -> None:
    async def scene() -> list[str]:
        read, write = os.pipe()
        keyboard = Keyboard(read)
        os.write(write, b"41\n42\n")
        answers = [await keyboard.ask("number: "), await keyboard.ask("again: ")]
        os.close(write)
        answers.append(await keyboard.ask("and again: "))
        os.close(read)
        return answers

    assert asyncio.run(scene()) == ["41", "42", ""]


def test_the_number_is_read_from_the_terminal() -> None:
    line = [sys.executable, "-c", ASK.format(seconds=LIMIT)]
    done = subprocess.run(line, input="42\n", capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("'42'\n", "number: ")


def test_a_question_that_nobody_answers_does_not_hold_the_program() -> None:
    pipe = subprocess.PIPE
    line = [sys.executable, "-c", ASK.format(seconds=0.05)]
    with subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.read() == "nobody\n"
        assert child.wait(LIMIT) == 0  # its stdin is still open


def test_what_goes_wrong_with_a_line_is_not_swallowed() -> None:
    async def full(line: str) -> None:
        raise OSError("the disk is full")

    async def scene() -> None:
        read, write = os.pipe()
        os.write(write, b"send 1\n")
        with pytest.raises(OSError, match="full"):
            await Keyboard(read).listen(full)
        os.close(write)
        os.close(read)

    asyncio.run(scene())
