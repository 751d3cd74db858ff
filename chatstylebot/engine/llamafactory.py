"""The only module that knows llamafactory-cli."""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from chatstylebot import drafts, files, processes
from chatstylebot.engine import failures
from chatstylebot.engine.hush import Hush
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace

Verb = Literal["train", "export", "webchat", "api"]  # a closed set: the engine exits 0 on a verb it does not know

# what every call gets: no telemetry, no public link, a listener on this machine only, its own copies inside .csb
QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_SERVER_NAME": "127.0.0.1",
    "GRADIO_SHARE": "0",
    "WANDB_DISABLED": "true",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONUNBUFFERED": "1",  # what it prints comes in the order in which it is said
}
CACHE = "HF_DATASETS_CACHE"  # where the engine keeps its own copies of the samples


def quiet() -> dict[str, str]:
    """What every call of torch gets: QUIET, and threads that wait without spinning."""
    return QUIET | processes.calm()


@dataclass(frozen=True, slots=True)
class Call:
    """One run of the engine: the exact command, what is added to the environment, and where it runs."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path

    def line(self, whole: bool = True) -> str:
        """The call as one would type it; without `whole`, the variables that every call gets are left out."""
        import shlex

        usual = QUIET | processes.CALM
        shown = {name: value for name, value in self.env.items() if whole or usual.get(name) != value}
        return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in shown.items()), shlex.join(self.argv)])


def program() -> str:
    """Where llamafactory-cli is: beside this Python, else on PATH. Raises UserError."""
    beside = Path(sys.executable).parent
    found = shutil.which("llamafactory-cli", path=str(beside)) or shutil.which("llamafactory-cli")
    if found is None:
        raise UserError("llamafactory-cli is not installed", files.install("train"))
    return found


def call(verb: Verb, recipe: Path, folder: Path, extra: Mapping[str, str] | None = None) -> Call:
    """The call for a recipe. `folder` is the workspace: relative paths in the recipe start there."""
    env = quiet() | {CACHE: str(Workspace(folder).cache)} | dict(extra or {})
    if env.get("FORCE_TORCHRUN") and " " in str(recipe):  # the engine splits its own command line at spaces
        raise UserError(f"the path has a space in it: {recipe}", "rename the folder: several GPUs cannot use it")
    return Call((program(), verb, str(recipe)), env, folder)


def page(what: Call) -> Call:
    """The call of webchat as our own program, which sets the page's sliders, where the engine is in this Python."""
    if importlib.util.find_spec("llamafactory") is None:
        return what
    return replace(what, argv=(sys.executable, "-m", "chatstylebot.engine.webpage", what.argv[-1]))


def distributed(
    deepspeed: bool = False,
    nnodes: int = 1,
    node_rank: int = 0,
    master_addr: str | None = None,
    master_port: int = 29500,
) -> dict[str, str]:
    """What the engine's launcher wants in the environment. Raises UserError for a set that cannot start."""
    if nnodes < 1 or not 0 <= node_rank < nnodes:
        raise UserError(f"--node-rank {node_rank} is not one of {nnodes} machines", "ranks run from 0 to nnodes - 1")
    if nnodes > 1 and not master_addr:
        raise UserError("several machines need a meeting point", "--master-addr ADDRESS_OF_MACHINE_0 on all of them")
    if nnodes == 1 and not deepspeed:
        return {}
    env = {"FORCE_TORCHRUN": "1"}
    if nnodes > 1:
        where = {"MASTER_ADDR": str(master_addr), "MASTER_PORT": str(master_port)}
        env |= {"NNODES": str(nnodes), "NODE_RANK": str(node_rank), **where}
    return env


def environment(what: Call) -> dict[str, str]:
    """The whole environment of a call."""
    return os.environ | dict(what.env)


def run(
    what: Call,
    log: Path,
    heard: Callable[[str], None] = lambda line: None,
    purpose: failures.Purpose = "training",
    begun: Callable[[int], None] = lambda pid: None,
    wrote: Callable[[str], bool] = lambda piece: False,
) -> None:
    """Run to the end, keep what it says in `log`, hand each line to `heard`. Raises UserError with the cause.

    What people wrote is left out of both; `wrote` tells whether a piece stands in it. The engine gets a process group
    of its own, which ends with us, however we end; `begun` is told the process. Its copies of the samples lie in a
    folder of their own, which is gone afterwards, and what it writes is readable by its owner only.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)))
        log.chmod(0o600)
        begin = file.tell()
        env = environment(what)
        if cache := what.env.get(CACHE):
            env[CACHE] = str(stack.enter_context(drafts.folder(Path(cache))))
        child = processes.start(
            what.argv, cwd=what.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **processes.private()
        )
        try:
            begun(child.pid)
            _listen(child.stdout, file, heard, Hush(wrote))
            code = child.wait()
        finally:
            processes.end(child)
            if child.stdout:
                child.stdout.close()
    if code:
        said = log.read_bytes()[begin:][-200_000:].decode("utf-8", errors="replace")
        raise failures.cause(said, code, log, purpose, _name(what.argv))


def _name(argv: Sequence[str]) -> str:
    """What a person calls the program: of one of our own modules, its last word."""
    return argv[2].rpartition(".")[2] if argv[1:2] == ("-m",) else Path(argv[0]).name


def _listen(source: IO[bytes] | None, file: IO[bytes], heard: Callable[[str], None], hush: Hush) -> None:
    assert source is not None
    rest = b""
    while chunk := os.read(source.fileno(), 65536):
        *lines, rest = re.split(rb"[\r\n]", rest + chunk)  # progress bars rewrite their line with \r
        for line in lines:
            _pass_on(hush.passed(line.decode("utf-8", errors="replace")), file, heard)
    for last in (hush.passed(rest.decode("utf-8", errors="replace")), *hush.end()):
        _pass_on(last, file, heard)


def _pass_on(line: str | None, file: IO[bytes], heard: Callable[[str], None]) -> None:
    if line and line.strip():
        file.write(f"{line}\n".encode())
        file.flush()
        heard(line)


def versions(names: Sequence[str] = ("llamafactory", "transformers", "torch", "peft", "trl")) -> dict[str, str]:
    """The versions of the engine and what it stands on, without importing them."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
