"""Hundreds of kill -9 at random moments, and what is found afterwards: python benchmarks/kills.py [--kills 320] [--seed 1]

Each time a fresh copy of a small workspace (a random model of 60,000 weights, real engine), one line of `csb`, and
SIGKILL to that process alone at a moment drawn between its start and a little after its usual end. Then:

    torn       a file that cannot be read whole, or files that do not belong together
    orphans    processes of the line that are alive 5 seconds later
    mistaken   something half made that is taken for whole
    drafts     what is left of a dead process after the next line
    stuck      the next line, the one that a user would type, does not end well

One row a command; all figures but the first two must be 0. With the engine, 320 kills take about an hour on two cores.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import yaml

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))

import hub_server  # noqa: E402
import tiny_workspace  # noqa: E402
from make import export, talk  # noqa: E402

from chatstylebot.drafts import MOVES, NAME  # noqa: E402
from chatstylebot.models import folders, provenance  # noqa: E402
from chatstylebot.training import soundness  # noqa: E402

FAULTS = ("torn", "orphans", "mistaken", "drafts", "stuck")
STEPS = 4
TRAIN = (
    "train", *tiny_workspace.FAST, f"max_steps={STEPS}", "save_steps=1", "eval_strategy=no",
    "load_best_model_at_end=false", "early_stopping_steps=null",
)  # fmt: skip
RUN = Path("saves/smollm2/lora/sft")
MERGED = Path("exported/smollm2_lora_sft")
MODEL = Path("models/SmolLM2-135M-Instruct")
NEXT = ("recipes", "models")  # any line, where the same one again takes long
BIG = 3 << 20  # bytes of the weights that are downloaded


@dataclass(frozen=True)
class Job:
    """A line; which prepared workspace it runs in; what must hold after a kill; what one types then."""

    line: tuple[str, ...]
    begins: str
    whole: Callable[[Path], str | None] = lambda place: None  # what is taken for whole and is not
    again: Callable[[Path], list[tuple[str, ...]]] | None = None  # left out: the same line
    share: int = 10  # of a hundred kills


def trained(place: Path) -> str | None:
    """A finished run that did not take all its steps, or holds no adapter."""
    folder = place / RUN
    if provenance.state(folder) != "finished":
        return None
    log = (folder / "trainer_log.jsonl").read_text("utf-8").splitlines()
    last = max(json.loads(line)["current_steps"] for line in log if line.startswith("{") and line.endswith("}"))
    if last != STEPS or (fault := soundness.unsound(folder / "adapter_model.safetensors")):
        return f"called finished after {last} steps" if last != STEPS else fault
    return None


def on(place: Path) -> list[tuple[str, ...]]:
    """How one goes on with a run that was killed."""
    state = provenance.state(place / RUN)
    if state == "finished":
        return [NEXT]
    if state == "interrupted" and provenance.last_checkpoint(place / RUN):
        return [(*TRAIN, "--resume")]
    return [(*TRAIN, "--again") if state == "interrupted" else TRAIN]


def merged(place: Path) -> str | None:
    """A merged model that is there and not whole."""
    return "; ".join(folders.check(place / MERGED)) or None if (place / MERGED).exists() else None


def fetched(place: Path) -> str | None:
    """A model that csb calls whole, and whose weights are not those of the hub."""
    folder = place / "models" / "model"
    if not folder.exists() or folders.check(folder):
        return None
    good = (folder / "model.safetensors").read_bytes() == weights()
    return None if good else "the weights are not those of the hub"


def weights() -> bytes:
    """The file that is downloaded."""
    return bytes(hub_server.safetensors(random.Random(3).randbytes(BIG)))


def forgotten(place: Path) -> str | None:
    """Words of the forgotten person in a workspace in which nothing is said to be on."""
    if not (place / ".csb" / "forgotten.json").exists() or (place / ".csb" / "forgetting.json").exists():
        return None
    held = [path for path in place.rglob("*.json*") if b"Alice says" in path.read_bytes()]
    return f"their words are in {held[0]}" if held else None


def indexed(place: Path) -> str | None:
    """An index whose words and passages do not belong together, or that holds a part of the talk."""
    file = place / ".csb" / "memory.sqlite"
    if not file.exists():
        return None
    with closing(sqlite3.connect(file)) as index:
        names = {name for (name,) in index.execute("select name from sqlite_master")}
        if "passages" not in names:  # it had just been made
            return None
        index.execute("insert into words (words) values ('integrity-check')")
        [(number, talks)] = index.execute("select count(*), count(distinct chat) from passages")
    return None if number == 0 or (talks == 1 and number > 3) else f"{number} passages of {talks} chats"


FORGET = ("forget", "--contact", "Alice", "--yes")
JOBS: dict[str, Job] = {
    "preprocess": Job(("preprocess", "m.csv", "n.csv"), "samples", share=22),
    "forget": Job(FORGET, "samples", forgotten, share=18),
    "rag": Job(("rag", "index"), "samples", indexed, share=10),
    "id-tag": Job(("id-tag", "--author", "Lee"), "samples", share=10),
    "corpus": Job(("corpus", "t.txt", "--output", "data/t.json"), "samples", share=10),
    "download": Job(("download", "tiny/model"), "samples", fetched, share=8),
    "train": Job(TRAIN, "samples", trained, on, share=12),
    "resume": Job((*TRAIN, "--resume"), "cut", trained, on, share=10),
    "export": Job(
        ("export",), "trained", merged, lambda place: [NEXT if (place / MERGED).exists() else ("export",)], share=10
    ),
}


@dataclass
class Row:
    """What was found for one command."""

    kills: int = 0
    early: int = 0  # it had not ended by itself before
    faults: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FAULTS, 0))
    told: list[str] = field(default_factory=list)


def line(words: tuple[str, ...]) -> list[str]:
    """The command."""
    return [sys.executable, "-m", "chatstylebot", *words]


class Yard:
    """Prepared workspaces, and copies of them."""

    def __init__(self, folder: Path, env: Mapping[str, str], patience: float) -> None:
        self._folder, self._made, self.patience = folder, dict[str, Path](), patience
        self.env = os.environ | dict(env) | {"TMPDIR": str(folder / "tmp")}
        (folder / "tmp").mkdir()

    def of(self, kind: str) -> Path:
        """The prepared workspace of that kind."""
        if kind in self._made:
            return self._made[kind]
        place = self._folder / kind
        if kind == "samples":
            place.mkdir()
            tiny_workspace.make(place)
            rows = talk(*(f"{who}: {who} asks {n}" for n in range(60) for who in ("A", "me")), talker=2, name="Bob")
            export(place / "n.csv", rows)
            (place / "t.txt").write_text("\n\n".join(f"a paragraph of plain text, number {n}" for n in range(400)))
        else:
            shutil.copytree(self.of("samples" if kind == "cut" else "cut"), place)
            more = (f"max_steps={STEPS // 2}",) if kind == "cut" else ("--resume",)
            self.must(place, *TRAIN, *more)
            if kind == "cut":
                provenance.write(place / RUN, state="interrupted")
                for name in provenance.WEIGHTS:
                    (place / RUN / name).unlink(missing_ok=True)
        self._made[kind] = place
        return place

    def must(self, place: Path, *words: str) -> None:
        """Run a line that has to end well."""
        subprocess.run(line(words), cwd=place, env=self.env, check=True, capture_output=True)

    @contextmanager
    def copy(self, kind: str) -> Iterator[Path]:
        """A workspace of its own."""
        place = self._folder / "now"
        shutil.copytree(self.of(kind), place)
        try:
            yield place
        finally:
            shutil.rmtree(place)

    def drafts(self, place: Path) -> list[Path]:
        """Drafts and lists of moves that lie around."""
        found = [path for top in (place, self._folder / "tmp") for path in top.rglob(".*")]
        return [path for path in found if NAME.fullmatch(path.name) or MOVES.fullmatch(path.name)]


def torn(place: Path) -> list[str]:
    """What cannot be read, or does not belong together."""
    found = []
    for path in sorted(path for path in place.rglob("*") if path.is_file()):
        inner = path.relative_to(place)
        if any(NAME.fullmatch(part) or part == ".cache" for part in inner.parts) or (
            inner.parts[0] == "saves" and any(part.startswith("checkpoint-") for part in inner.parts)
        ):
            continue  # drafts, the hub's own; the engine's checkpoints are tried by going on from them
        if inner.parts[:2] == ("models", "model") or (inner.parts[0] == "saves" and path.name not in ("csb_run.json",)):
            continue  # what hub and engine write in place: tried by taking it for what it says it is
        try:
            match path.suffix:
                case ".json":
                    json.loads(path.read_text("utf-8"))
                case ".jsonl":
                    [json.loads(one) for one in path.read_text("utf-8").splitlines()]
                case ".yaml":
                    yaml.safe_load(path.read_text("utf-8"))
                case ".parquet":
                    pl.read_parquet(path)
                case ".sqlite":
                    with closing(sqlite3.connect(path)) as file:
                        file.execute("pragma integrity_check").fetchall()
        except (ValueError, yaml.YAMLError, pl.exceptions.PolarsError, sqlite3.Error, OSError) as error:
            found.append(f"{inner}: {str(error)[:80]}")
    return found


def apart(place: Path) -> list[str]:
    """Files of samples that hold another number than the index says, or are registered and not there."""
    found = []
    index = pl.read_parquet(place / ".csb" / "samples.parquet")
    for (name,), rows in index.group_by("file"):
        path = place / str(name)
        text = path.read_text("utf-8") if path.is_file() else ""
        number = len(text.splitlines()) if path.suffix == ".jsonl" else len(json.loads(text or "[]"))
        if number != rows.height:
            found.append(f"{name} holds {number} samples, the index {rows.height}")
    chats = set(pl.read_parquet(place / ".csb" / "messages.parquet")["chat_id"])
    if strange := set(index["chat_id"]) - chats:
        found.append(f"the index has chats that the messages have not: {strange}")
    return found


def alive(place: Path) -> list[int]:
    """The processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace")
            where = os.readlink(process / "cwd")
        except OSError:
            continue
        if state != "Z" and int(process.name) != os.getpid() and (str(place) in words or where == str(place)):
            found.append(int(process.name))
    return found


def kill(yard: Yard, name: str, usual: float, dice: random.Random, whole: bool, row: Row) -> None:
    """One kill, and all that is looked at afterwards; `whole`: the next line is the one that a user would type."""
    job = JOBS[name]
    moment = dice.uniform(0, usual * 1.05)
    with yard.copy(job.begins) as place:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        child = subprocess.Popen(line(job.line), cwd=place, env=yard.env, **quiet)  # type: ignore[call-overload]
        try:
            child.wait(moment)
        except subprocess.TimeoutExpired:
            row.early += 1
        child.send_signal(signal.SIGKILL)
        child.wait()
        row.kills += 1

        def fault(kind: str, what: str) -> None:
            row.faults[kind] += 1
            row.told.append(f"{name}, killed after {moment:.3f} s: {kind}: {what}")

        end = time.monotonic() + yard.patience
        while alive(place) and time.monotonic() < end:
            time.sleep(0.05)
        if left := alive(place):
            fault("orphans", f"{len(left)} after {yard.patience:g} s")
            while alive(place):
                time.sleep(0.1)
        for what in torn(place):
            fault("torn", what)
        if mistaken := job.whole(place):
            fault("mistaken", mistaken)
        lines = (job.again(place) if job.again else [job.line]) if whole else [NEXT]
        for words in lines:
            done = subprocess.run(line(words), cwd=place, env=yard.env, capture_output=True, text=True)
            if done.returncode:
                fault("stuck", f"{' '.join(words)}: {done.stderr.strip().splitlines()[-2:]}")
        for path in yard.drafts(place):
            fault("drafts", path.name)
        for what in [*torn(place), *apart(place)]:
            fault("torn", f"after the next line: {what}")
        if mistaken := job.whole(place):
            fault("mistaken", f"after the next line: {mistaken}")


def measure(
    kills: int, seed: int, only: str, say: Callable[[str], None] = print, patience: float = 5
) -> dict[str, Row]:
    """The table; an orphan is what is alive `patience` seconds after the kill."""
    dice = random.Random(seed)
    wanted = {name: job for name, job in JOBS.items() if re.fullmatch(only or ".*", name)}
    total = sum(job.share for job in wanted.values())
    rows: dict[str, Row] = {}
    files = {**hub_server.TINY, "model.safetensors": weights()}
    with tempfile.TemporaryDirectory(prefix="csb-kills-") as folder:
        top = Path(folder).resolve()
        with hub_server.serving(top / "hf", files) as (env, _):
            yard = Yard(top, env, patience)
            say(f"{'':12}{'kills':>7}{'before its end':>16}" + "".join(f"{name:>10}" for name in FAULTS))
            for name, job in wanted.items():
                with yard.copy(job.begins) as place:
                    begin = time.monotonic()
                    yard.must(place, *job.line)
                    usual = time.monotonic() - begin
                row = rows[name] = Row()
                for number in range(max(round(kills * job.share / total), 1)):
                    # with the engine, going on takes long: it is done every third time
                    slow = job.begins != "samples" or name == "train"
                    kill(yard, name, usual, dice, not slow or number % 3 == 0, row)
                    shutil.rmtree(top / "hf", ignore_errors=True)
                figures = "".join(f"{row.faults[kind]:>10}" for kind in FAULTS)
                say(f"{name:12}{row.kills:>7}{row.early:>16}{figures}")
                for told in row.told:
                    say(f"    {told}")
    return rows


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=320, help="how many in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="the commands that match: preprocess|forget")
    asked = parser.parse_args()
    rows = measure(asked.kills, asked.seed, asked.only, lambda text: print(text, flush=True))
    return int(any(row.told for row in rows.values()))


if __name__ == "__main__":
    raise SystemExit(main())
