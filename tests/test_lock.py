"""One run at a time in a folder."""

import os
import platform
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chatstylebot.errors import UserError
from chatstylebot.training import lock


def test_two_runs_in_one_folder_are_refused_and_a_dead_run_s_lock_is_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (folder / lock.NAME).write_text(f"{other.pid} {platform.node()}", "utf-8")
    with pytest.raises(UserError, match=rf"a run is going on in .*run \(process {other.pid}\)"), lock.held(folder):
        pass
    assert (folder / lock.NAME).exists()
    other.communicate(b"")
    with lock.held(folder):
        assert (folder / lock.NAME).read_text("utf-8").split()[0] == str(os.getpid())
        if os.name != "nt":
            assert stat.S_IMODE((folder / lock.NAME).stat().st_mode) == 0o600
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("left", ["", "nonsense", "0x1", "99999999999999999999"])
def test_a_lock_that_names_no_process_is_taken_over(tmp_path: Path, left: str) -> None:
    (tmp_path / lock.NAME).write_text(left, "utf-8")
    with lock.held(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_another_machine_is_believed_and_its_file_is_named(tmp_path: Path) -> None:
    (tmp_path / lock.NAME).write_text("1 elsewhere", "utf-8")
    with pytest.raises(UserError, match=r"process 1 on elsewhere") as raised:
        lock.check(tmp_path)
    assert f"remove {tmp_path / lock.NAME}" in raised.value.remedy


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError("a", "b")])
def test_the_lock_goes_when_a_run_fails_or_is_interrupted(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises((KeyboardInterrupt, UserError)), lock.held(tmp_path):
        raise error
    assert list(tmp_path.iterdir()) == []
