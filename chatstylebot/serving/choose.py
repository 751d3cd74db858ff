"""Which engine serves a clone on this machine, and why."""

from typing import Literal

Name = Literal["auto", "llamafactory", "llamacpp", "url"]
Backend = Literal["huggingface", "vllm", "sglang"]


def engine(
    asked: Name, url: str | None, gguf: bool, cuda: bool
) -> tuple[Literal["llamafactory", "llamacpp", "url"], str]:
    """The engine, and the reason in a few words."""
    if asked != "auto":
        return asked, "as asked"
    if url:
        return "url", "--url is given"
    if gguf:
        return "llamacpp", "a GGUF is given"
    if cuda:
        return "llamafactory", "there is a GPU"
    return "llamacpp", "there is no GPU: llama.cpp is the fast one on a CPU"


def backend(asked: Backend | None, vllm: bool) -> tuple[Backend, str]:
    """The back end of LLaMA-Factory, and the reason."""
    if asked:
        return asked, "as asked"
    return ("vllm", "vLLM is installed") if vllm else ("huggingface", "vLLM is not installed here")
