"""Children end with us, however we end: real programs, real signals."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import LIMIT, until
from test_supervisor import alive

from chatstylebot import processes
from chatstylebot.errors import UserError
from chatstylebot.training import lock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
LONG = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
# a parent with a long child, started in the one way or the other
PARENTS = {
    "start": "import sys; from chatstylebot import processes\n"
    "child = processes.start([sys.executable, '-c', sys.argv[1], sys.argv[2]])\n"
    "try: child.wait()\nfinally: processes.end(child)",
    "front": "import signal, sys; from pathlib import Path; from chatstylebot import processes\n"
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
    "sys.exit(processes.front([sys.executable, '-c', sys.argv[1], sys.argv[2]], Path.cwd()))",
}


@pytest.fixture(params=PARENTS)
def family(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A parent, and the id of its child."""
    note = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENTS[request.param], LONG, note])
    until(lambda: note.is_file() and note.read_text())
    child = int(note.read_text())
    yield parent, child
    parent.kill()
    parent.wait(LIMIT)
    if alive(child):
        os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent_even_by_kill_9(
    how: signal.Signals, family: tuple[subprocess.Popen[bytes], int]
) -> None:
    parent, child = family
    parent.send_signal(how)
    parent.wait(LIMIT)
    until(lambda: not alive(child))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG")
def test_a_child_ends_when_its_leash_is_killed(family: tuple[subprocess.Popen[bytes], int]) -> None:
    _, child = family
    leash = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(leash, signal.SIGKILL)
    until(lambda: not alive(child))


@pytest.mark.parametrize("kind", PARENTS)
def test_a_child_that_ends_by_itself_tells_its_code(kind: str, tmp_path: Path) -> None:
    code = PARENTS[kind].replace("child.wait()\nfinally", "sys.exit(child.wait())\nfinally")
    done = subprocess.run([sys.executable, "-c", code, "raise SystemExit(7)", ""], timeout=LIMIT)
    assert done.returncode == 7


def test_in_the_foreground_the_child_has_the_terminal_s_stdin() -> None:
    code = PARENTS["front"]
    done = subprocess.run([sys.executable, "-c", code, "print(input())", ""], input=b"hello\n", capture_output=True)
    assert done.stdout == b"hello\n"


HANGING = """
import threading
from chatstylebot import cli
cli.app = lambda *_, **__: (print(flush=True), threading.Event().wait())
cli.main([])
"""


def test_a_terminal_that_closes_ends_the_program_as_a_request_to_end_does() -> None:
    for number, code in ((signal.SIGHUP, 129), (signal.SIGTERM, 143)):
        with subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE) as run:
            assert run.stdout is not None
            run.stdout.readline()
            run.send_signal(number)
            assert run.wait(LIMIT) == code


def test_under_nohup_a_terminal_that_closes_ends_nothing() -> None:
    nohup = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{HANGING}"
    with subprocess.Popen([sys.executable, "-c", nohup], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.send_signal(signal.SIGHUP)
        run.send_signal(signal.SIGTERM)
        assert run.wait(LIMIT) == 143


KILLED = """
import sys
from pathlib import Path
from chatstylebot import processes
from chatstylebot.training import lock
deaf = "import signal, time; signal.signal(15, lambda *_: None); print(flush=True); time.sleep(600)"
with lock.held(Path(sys.argv[1])) as begun:
    engine = processes.start([sys.executable, "-c", deaf])
    begun(engine.pid)
    engine.wait()
"""


def test_while_the_engine_of_a_killed_run_is_ending_no_other_run_begins(tmp_path: Path) -> None:
    run = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.readline()  # the engine is there, and will not end when it is asked
    until(lambda: len((tmp_path / lock.NAME).read_text().split()) == 3)
    run.kill()
    run.wait(LIMIT)
    with pytest.raises(UserError, match="is still ending in"):
        lock.check(tmp_path)
    while True:  # the leash forces it after some seconds
        try:
            lock.check(tmp_path)
            break
        except UserError:
            time.sleep(0.05)
    run.stdout.close()
    assert not (tmp_path / lock.NAME).exists()


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_server_that_is_told_to_end_says_no_traceback(name: str, code: int, place: Path) -> None:
    fake = Path(__file__).with_name("fake_engine.py")
    (place / "clone.yaml").touch()
    env = os.environ | {"CSB_ENGINE_KEY": "k" * 16, "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [sys.executable, str(fake)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as engine:
        assert engine.stdout
        assert engine.stdin
        url = f"http://127.0.0.1:{json.loads(engine.stdout.readline())['port']}/v1"
        words = ["serve", "--engine", "url", "--url", url, "--port", str(processes.free_port())]
        line = [sys.executable, "-m", "chatstylebot", *words]
        log = place / "log"
        with log.open("wb") as file, subprocess.Popen(line, env=env, stdout=file, stderr=file) as server:
            until(lambda: "http://127.0.0.1" in log.read_text("utf-8") or server.poll() is not None)
            server.send_signal(getattr(signal, name))
            assert server.wait(LIMIT) == code, log.read_text("utf-8")
        engine.stdin.close()
    assert "Traceback" not in log.read_text("utf-8")
