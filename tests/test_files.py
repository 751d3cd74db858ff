"""Whole-or-nothing writes: also of several files, also under a kill at any step, and nothing of the dead is left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dying
from patience import LIMIT

from chatstylebot import drafts, files
from chatstylebot.workspace import Workspace

# writes a/1, b/2 and c/3, takes a/old away, and dies at the given call that changes a name or takes a file away
DIES = f"""{dying.BEGIN}
from pathlib import Path
from chatstylebot import files
for name in ("replace", "unlink", "open"):
    dying(os, name)
with files.together() as out:
    for name in ("a/1", "b/2", "c/3"):
        out.bytes(Path(name), b"new")
    out.remove(Path("a/old"))
"""


def state(place: Path) -> dict[str, str]:
    return {str(p.relative_to(place)): p.read_text() for p in sorted(place.rglob("*")) if p.is_file()}


def begin(place: Path) -> dict[str, str]:
    for name in ("a/1", "a/old", "b/2"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("before")
    return state(place)


def test_killed_at_any_step_several_files_are_all_old_or_all_new(tmp_path: Path) -> None:
    outcomes = set()
    for step in range(100):
        place = tmp_path / str(step)
        place.mkdir()
        before = begin(place)
        done = subprocess.run([sys.executable, "-c", DIES, str(step)], cwd=place, timeout=LIMIT)
        drafts.sweep([place / name for name in "abc"])
        after = state(place)
        new = {"a/1": "new", "b/2": "new", "c/3": "new"}
        assert after in (before, new), f"died at step {step}"
        outcomes.add((done.returncode, after == new))
        if done.returncode == 0:
            break
    assert outcomes == {(9, False), (9, True), (0, True)}


def test_interrupted_at_any_step_several_files_are_all_old_or_all_new_at_once(tmp_path: Path) -> None:
    interrupted = DIES.replace("os._exit(9)", "left -= 1; raise KeyboardInterrupt")
    outcomes = set()
    for step in range(100):
        place = tmp_path / str(step)
        place.mkdir()
        before = begin(place)
        done = subprocess.run(
            [sys.executable, "-c", interrupted, str(step)], cwd=place, stderr=subprocess.DEVNULL, timeout=LIMIT
        )
        after = {name: text for name, text in state(place).items() if not name.endswith((".part", ".moves"))}
        new = {"a/1": "new", "b/2": "new", "c/3": "new"}
        assert after in (before, new), f"interrupted at step {step}"
        outcomes.add((done.returncode == 0, after == new))
        if done.returncode == 0:
            break
    assert outcomes == {(False, False), (False, True), (True, True)}


def test_a_draft_stays_as_long_as_its_maker_lives(tmp_path: Path) -> None:
    holds = """
import sys
from pathlib import Path
from chatstylebot import files
with files.together() as out:
    out.bytes(Path("x"), b"half")
    print("there", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", holds], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        assert child.stdin
        child.stdout.readline()
        drafts.sweep([tmp_path])
        assert len(list(tmp_path.iterdir())) == 2
        child.kill()
        child.wait(LIMIT)
    drafts.sweep([tmp_path])
    assert not list(tmp_path.iterdir())


def test_the_next_write_into_a_folder_sweeps_it_and_settling_the_whole_workspace(tmp_path: Path) -> None:
    names = ("data/.x.json.0123456789ab.part", "saves/a/b/.csb_run.json.0123456789ab.part", ".csb/.0123456789ab.part")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("somebody's words")
    (tmp_path / "exported" / ".model.0123456789ab.part").mkdir(parents=True)
    (tmp_path / "data" / ".mine.part").write_text("not ours")
    files.write(tmp_path / "data" / "y.json", "{}")
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == [".mine.part", "y.json"]
    Workspace(tmp_path).settle()
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["data/.mine.part", "data/y.json"]
    assert not list((tmp_path / "exported").iterdir())


def test_a_workspace_that_was_moved_after_the_kill_is_finished_all_the_same(tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    for step in range(100):
        begin(place)
        subprocess.run([sys.executable, "-c", DIES, str(step)], cwd=place, timeout=LIMIT)
        if list(place.glob("a/.*.moves")):
            break
        drafts.sweep([place / name for name in "abc"])
    place.rename(tmp_path / "there")
    drafts.sweep([tmp_path / "there" / name for name in "abc"])
    assert state(tmp_path / "there") == {"a/1": "new", "b/2": "new", "c/3": "new"}


def test_a_list_of_moves_that_came_from_elsewhere_touches_nothing_but_its_drafts(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "evil").write_text("evil")
    told = {"moves": [["evil", "../mine"], [".mine.0123456789ab.part", "../mine"]], "gone": ["../mine"]}
    (tmp_path / "in" / ".0123456789ab.moves").write_text(json.dumps(told))
    drafts.sweep([tmp_path / "in"])
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_folder_as_draft_takes_its_place_or_is_gone(tmp_path: Path) -> None:
    with drafts.folder(tmp_path / "m") as draft:
        (draft / "x").write_text("1")
    assert not list(tmp_path.iterdir())
    with drafts.folder(tmp_path / "m") as draft:
        assert os.name == "nt" or draft.stat().st_mode & 0o777 == 0o700
        (draft / "x").write_text("1")
        draft.rename(tmp_path / "m")
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
