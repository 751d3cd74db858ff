"""The command line itself: table, help, exit codes, completion."""

import importlib
import os
import signal
import subprocess
import sys

import pytest
from conftest import Csb

from chatstylebot import __version__
from chatstylebot.cli import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_whose_docstring_is_the_line_in_the_table(name: str) -> None:
    module = importlib.import_module(f"chatstylebot.commands.{COMMANDS[name][0]}")
    said = (module.run if hasattr(module, "run") else module.app.registered_callback.callback).__doc__
    assert said.strip().splitlines()[0] == COMMANDS[name][1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(csb: Csb, name: str) -> None:
    done = csb(name, "--help")
    assert "Usage: csb " + name in done.stdout
    assert COMMANDS[name][1][:30] in done.stdout


def test_help_names_every_command(csb: Csb) -> None:
    done = csb("--help")
    assert [n for n in COMMANDS if f"\n  {n} " not in done.stdout] == []


def test_the_version_is_printed(csb: Csb) -> None:
    assert csb("--version").stdout == f"csb {__version__}\n"


def test_wrong_usage_is_code_2_and_names_the_nearest_command(csb: Csb) -> None:
    assert "Did you mean 'preprocess'?" in csb("preproces", code=2).stderr
    assert "No such option" in csb("preprocess", "--nonsense", code=2).stderr


def test_the_shell_completes_commands_and_options() -> None:
    def complete(words: str, count: int) -> str:
        env = os.environ | {"_CSB_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
        return subprocess.run([sys.executable, "-m", "chatstylebot"], env=env, capture_output=True, text=True).stdout

    assert complete("csb pre", 1).split() == ["preprocess"]
    assert "--heldout" in complete("csb preprocess --he", 2).split()


# a signal that comes while Python imports: what is compiled here looks to us like the import machinery itself
IMPORTING = """
import os, signal, sys, threading
from chatstylebot import cli
inside = compile("os.kill(os.getpid(), number)\\nfor n in range(100_000): n + n\\nos.write(1, b'import done\\\\n')",
                 "<frozen importlib._bootstrap>", "exec")
def app(*_, **__):
    exec(inside, globals())
    threading.Event().wait()  # until it comes
cli.app = app
number = int(sys.argv[1])
cli.main(["preprocess"])
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_waits_until_python_has_imported_what_it_was_importing(number: int, code: int) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTING, str(number)], capture_output=True, encoding="utf-8")
    assert done.stdout == "import done\n", done.stderr
    assert done.returncode == code
