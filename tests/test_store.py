"""The feedback store: what was acknowledged is there, whoever dies, and whoever else writes."""

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from feedback_records import record

from chatstylebot.errors import UserError
from chatstylebot.feedback.store import Conflict, Store

HERE = Path(__file__).parent
POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX modes and signals")
# a process that adds votes for ever, and says the id of each one that is acknowledged
VOTER = """
import itertools, os, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from feedback_records import record
from chatstylebot.feedback.store import Store
file, prefix, most, reopen = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] == "reopen"
store = Store.open(file)
for n in range(most) if most else itertools.count():
    if reopen and n % 5 == 4:
        store.close()
        store = Store.open(file)
    assert store.add(record(f"{{prefix}}-{{n}}", n, "在吗 " * (1 + n % 900), contact="wxid_a"))
    os.write(1, f"{{prefix}}-{{n}}\\n".encode())
"""


def voter(file: Path, prefix: str, most: int = 0, how: str = "") -> subprocess.Popen[bytes]:
    line = [sys.executable, "-c", VOTER.format(tests=str(HERE)), str(file), prefix, str(most), how]
    return subprocess.Popen(line, stdout=subprocess.PIPE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".csb" / "feedback.sqlite"


def integrity(file: Path) -> str:
    with sqlite3.connect(file) as connection:
        found = connection.execute("pragma integrity_check").fetchall()
    connection.close()
    return str(found[0][0])


def test_what_is_added_comes_back_in_the_order_of_time(file: Path) -> None:
    votes = [record(f"v{n}", minute) for n, minute in enumerate((5, 1, 9, 1))]
    with Store.open(file) as store:
        assert [store.add(vote) for vote in votes] == [True] * 4
    with Store.open(file) as store:
        assert list(store.records()) == [votes[1], votes[3], votes[0], votes[2]]
        assert store.count() == 4


def test_more_records_than_a_page_are_each_given_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatstylebot.feedback.store.PAGE", 7)
    with Store.open(file) as store:
        for n in range(21):
            store.add(record(f"v{n:02}", n // 4))
        assert [one.id for one in store.records()] == [f"v{n:02}" for n in range(21)]


def test_the_same_vote_sent_again_is_stored_once_and_another_one_under_its_id_is_refused(file: Path) -> None:
    with Store.open(file) as store:
        assert store.add(record("a")) is True
        assert store.add(record("a")) is False
        assert store.add(record("a", 7)) is False  # sent again, it arrives later
        with pytest.raises(Conflict, match="another record with the id a"):
            store.add(record("a", verdict="bad"))
        assert list(store.records()) == [record("a")]


@POSIX
def test_nobody_else_may_read_it_and_git_does_not_see_it(file: Path) -> None:
    before = os.umask(0)
    try:
        with Store.open(file) as store:
            store.add(record("a"))
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in file.parent.glob("feedback.sqlite*")}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("feedback.sqlite", "feedback.sqlite-wal", "feedback.sqlite-shm"), 0o600)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert (file.parent / ".gitignore").read_text() == "*\n"


def test_many_threads_share_one_store(file: Path) -> None:
    faults: list[BaseException] = []

    def vote(thread: int) -> None:
        try:
            for n in range(20):
                store.add(record(f"{thread}-{n}", n))
                assert sum(1 for _ in store.records()) > 0
        except BaseException as fault:
            faults.append(fault)

    with Store.open(file) as store:
        threads = [threading.Thread(target=vote, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        assert store.count() == 160


@pytest.mark.parametrize("how", ["stay", "reopen"])
def test_gateway_and_bot_write_at_once(file: Path, how: str) -> None:
    both = [voter(file, prefix, 60, how) for prefix in ("gateway", "bot", "other")]  # a new file, opened by all at once
    acknowledged = [process.communicate()[0].decode().split() for process in both]
    assert [process.returncode for process in both] == [0, 0, 0]
    with Store.open(file) as store:
        assert {one.id for one in store.records()} == {key for keys in acknowledged for key in keys}
        assert store.count() == 180


@POSIX
def test_kill_9_at_any_moment_loses_no_acknowledged_vote_FBK_4(file: Path) -> None:
    dice = random.Random(4)
    acknowledged: set[str] = set()
    for turn in range(24):
        process = voter(file, f"t{turn}")
        assert process.stdout is not None
        # the first one says that it is under way; killed right then, in its first writes, or far into them
        acknowledged.add(process.stdout.readline().decode().strip())
        time.sleep(dice.choice((0, dice.random() * 0.02, dice.random() * 0.2)))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        acknowledged |= {line for line in rest.decode().split("\n")[:-1] if line}
        if turn % 4 == 0:
            assert integrity(file) == "ok"
    assert len(acknowledged) > 100
    assert integrity(file) == "ok"
    with Store.open(file) as store:
        stored = {one.id for one in store.records()}
    assert acknowledged <= stored
    assert len(stored - acknowledged) <= 24  # at most the one under way each time: stored, its word not heard


def test_what_is_forgotten_is_in_no_page_and_no_log(file: Path) -> None:
    secret = "only she would say 🦊 this" * 300  # longer than a page
    with Store.open(file) as store, Store.open(file) as other:  # the gateway has it open, too
        for n in range(50):
            store.add(record(f"k{n}", n, "hello"))
            store.add(record(f"s{n}", n, secret))
        assert b"only she would say" in b"".join(p.read_bytes() for p in file.parent.glob("feedback.sqlite*"))
        assert other.count() == 100
        assert store.forget([f"s{n}" for n in range(50)]) == 50
        assert store.forget(["nobody"]) == 0
        left = b"".join(p.read_bytes() for p in file.parent.glob("feedback.sqlite*"))
        assert b"only she" not in left
        assert [one.id for one in other.records()] == [f"k{n}" for n in range(50)]
        assert other.add(record("after", 99))
    assert integrity(file) == "ok"


@pytest.mark.parametrize("harm", ["text", "middle", "short"])
def test_a_damaged_file_is_said_to_be_and_left_as_it_is(file: Path, harm: str) -> None:
    with Store.open(file) as store:
        for n in range(60):
            store.add(record(f"v{n}", n, "hello " * 200))
    data = bytearray(file.read_bytes())
    if harm == "text":
        data[:] = b"these are my notes, and no database" * 40
    elif harm == "middle":
        data[4096 * 3 : 4096 * 6] = bytes(range(256)) * 48
    else:
        del data[len(data) // 2 :]
    file.write_bytes(data)
    with pytest.raises(UserError, match=r"is damaged .*; nothing was changed") as told:
        Store.open(file)
    assert "move " in told.value.remedy
    assert file.read_bytes() == data


def test_a_record_that_no_longer_reads_is_named_and_not_skipped(file: Path) -> None:
    with Store.open(file) as store:
        store.add(record("a"))
    with sqlite3.connect(file) as connection:
        connection.execute("update records set body = replace(body, 'good', 'goood')")
    connection.close()
    with Store.open(file) as store, pytest.raises(UserError, match="record 1: the verdict must be one of"):
        list(store.records())


@pytest.mark.parametrize(
    ("line", "told"), [("pragma user_version = 2", "a newer csb"), ("create table x (y)", "another")]
)
def test_a_file_of_another_program_or_a_later_version_is_not_touched(file: Path, line: str, told: str) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute(line)
    connection.close()
    with pytest.raises(UserError, match=told):
        Store.open(file)


def test_a_store_that_another_process_holds_for_long_is_an_error_with_a_remedy(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatstylebot.database.PATIENCE", 0.05)
    with Store.open(file) as store:
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("begin immediate")
        with pytest.raises(UserError, match="database is locked"):
            store.add(record("a"))
        holder.execute("rollback")
        holder.close()
        assert store.add(record("a"))  # nothing hangs on
