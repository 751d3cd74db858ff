"""What reaches the terminal."""

import json

import pytest
from rich.table import Table

from chatstylebot import progress

ODD = "a\x1b[31mb\x07\r\x9b\u202ec\td\n汉字 👍🏽 é"


def test_control_characters_are_shown_and_steer_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress.say(ODD)
    progress.tell(ODD)
    table = Table("x[b]y[/b]", box=None, pad_edge=False)
    table.add_row(ODD.split("\t")[0])
    console = progress.console()
    console.print(ODD, soft_wrap=True)
    console.print(table)
    out, err = capsys.readouterr()
    shown = "a\\u001b[31mb\\u0007\\u000d\\u009b\\u202ec"
    assert err.startswith(shown)
    assert [line[: len(shown)] for line in out.splitlines() if line.startswith("a")] == [shown] * 3
    assert not [sign for sign in out + err if ord(sign) < 32 and sign not in "\t\n"]
    assert "x[b]y[/b]" in out


def test_json_stays_the_same_json() -> None:
    value = {"name": ODD}
    assert json.loads(progress.plain(json.dumps(value, ensure_ascii=False))) == value
