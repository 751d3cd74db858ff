"""Which engine serves a clone on this machine, and why."""

from collections.abc import Collection
from typing import Literal

from chatstylebot import files
from chatstylebot.errors import UserError

Engine = Literal["llamafactory", "llamacpp", "url"]
Name = Literal["auto", "llamafactory", "llamacpp", "url"]
Backend = Literal["huggingface", "vllm", "sglang"]


def engine(
    asked: Name, url: str | None, gguf: bool, backend: Backend | None, cuda: bool, installed: Collection[Engine]
) -> tuple[Engine, str]:
    """The engine, and the reason in a few words. Raises UserError where none is there."""
    if asked != "auto":
        return asked, "as asked"
    if url:
        return "url", "a url is given"
    if gguf:
        return "llamacpp", "a GGUF is given"
    if backend:
        return "llamafactory", f"{backend} is one of its back ends"
    if "llamafactory" in installed and cuda:
        return "llamafactory", "there is a GPU"
    if "llamacpp" in installed:
        return "llamacpp", "LLaMA-Factory is not installed" if cuda else "there is no GPU"
    if "llamafactory" in installed:
        return "llamafactory", "llama.cpp, the fast one on a CPU, is not installed"
    raise UserError("neither LLaMA-Factory nor llama.cpp is installed here", files.install("train,cpu"))


def backend(asked: Backend | None, vllm: bool) -> tuple[Backend, str]:
    """The back end of LLaMA-Factory, and the reason."""
    if asked:
        return asked, "as asked"
    return ("vllm", "vLLM is installed") if vllm else ("huggingface", "vLLM is not installed here")
