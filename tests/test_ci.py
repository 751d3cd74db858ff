"""What the test command leaves in its last lines."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = """
import time
def test_bad(): assert "left" == "right"
def test_slow(): time.sleep(0.2)
"""


@pytest.mark.parametrize("ci", [{}, {"CI": "true"}])  # there pytest shortens nothing
def test_the_last_lines_name_the_slowest_tests_and_the_failed_ones(ci: dict[str, str], tmp_path: Path) -> None:
    [line] = [line for line in (ROOT / "scripts/test.sh").read_text("utf-8").splitlines() if line.startswith("exec ")]
    flags = [word for word in shlex.split(line) if word.startswith("--durations")]
    assert flags
    (tmp_path / "test_some.py").write_text(TESTS)
    argv = [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", *flags]
    env = {name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")} | ci
    said = subprocess.run(argv, cwd=tmp_path, capture_output=True, encoding="utf-8", env=env).stdout.splitlines()
    assert said[-1].startswith("1 failed, 1 passed in ")
    slowest = next(number for number, line in enumerate(said) if "slowest 10 durations" in line)
    assert "test_some.py::test_slow" in said[slowest + 1]
    assert [line for line in said[slowest:] if line.startswith("FAILED test_some.py::test_bad")]
    assert len(said) - slowest < 20
