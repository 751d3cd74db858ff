"""The engines behind the gateway: how each is started, and how a request is put to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from chatstylebot.card import check_url
from chatstylebot.card_parts import Sampling
from chatstylebot.client import root
from chatstylebot.errors import UserError

Dialect = Literal["llamafactory", "llamacpp", "url"]
Kind = Literal["clone", "base"]

# the order in which Hugging Face applies them, so that a reply is drawn as in training's own chat
SAMPLERS = ("penalties", "temperature", "top_k", "top_p")
TOP_K = 50  # LLaMA-Factory's default
RANDOM = (1 << 32) - 1  # the seed that llama.cpp takes for none
KEY = "CSB_ENGINE_KEY"  # the child's key and, for `url`, the user's


@dataclass(frozen=True, slots=True)
class Start:
    """A child process: it gets its key in `key_env`, and its port in `port_env` unless it chooses and prints one."""

    argv: tuple[str, ...]
    folder: Path
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    key_env: str = KEY
    port_env: str | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """One model to be served. `start` is None for a server that runs elsewhere, at `url` with `key`."""

    id: str
    kind: Kind
    dialect: Dialect
    slots: int
    start: Start | None = None
    url: str = ""
    key: str = ""
    name: str = ""  # what the engine calls the model; "" is its first
    adapter: str | None = None  # a hash
    tuned: bool = True  # False: nobody trained it to be the person, neither here nor elsewhere
    context: int | None = None  # tokens that a prompt and its reply have together; None: not known


@dataclass(frozen=True, slots=True)
class Wish:
    """What one answer is asked for, after the card's sampling has filled what the client left open."""

    messages: Sequence[Mapping[str, str]]
    max_tokens: int
    temperature: float
    top_p: float
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: Sequence[str] = ()
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


def wish(messages: Sequence[Mapping[str, str]], sampling: Sampling, **asked: Any) -> Wish:
    """A wish from the card's sampling and what the client asked for (None: nothing)."""
    values: dict[str, Any] = {
        "max_tokens": sampling.max_new_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "repetition_penalty": sampling.repetition_penalty,
    }
    return Wish(messages, **values | {key: value for key, value in asked.items() if value is not None})


def payload(spec: Spec, name: str, wish: Wish, stream: bool) -> dict[str, Any]:
    """The request in the engine's own words."""
    values: dict[str, Any] = {"model": name, "messages": list(wish.messages), "max_tokens": wish.max_tokens}
    values |= {"temperature": wish.temperature, "top_p": wish.top_p}
    if spec.dialect == "llamafactory":  # knows no seed, and no stop strings with Hugging Face: the gateway cuts
        if wish.temperature == 0:
            del values["temperature"], values["top_p"]
        # its presence_penalty is the repetition penalty
        return values | {"do_sample": wish.temperature > 0, "presence_penalty": wish.repetition_penalty, "n": 1}
    if wish.stop:
        values["stop"] = list(wish.stop)
    seed = wish.seed
    if spec.dialect == "llamacpp" and seed is not None:
        seed %= RANDOM
    optional = {
        "seed": seed,
        "presence_penalty": wish.presence_penalty,
        "frequency_penalty": wish.frequency_penalty,
    }
    values |= {key: value for key, value in optional.items() if value is not None}
    if stream:
        values["stream_options"] = {"include_usage": True}
    if spec.dialect == "llamacpp":
        values |= {"samplers": SAMPLERS, "top_k": TOP_K, "repeat_penalty": wish.repetition_penalty}
        values["cache_prompt"] = (
            True  # the penalty looks at everything: the child is started so, a request may not say it
        )
    return values


def in_the_cloud(model: str) -> bool:
    """Whether a server on this machine hands what it is asked on to another: Ollama does for models of such a name."""
    return model.lower().endswith("cloud")


def llamacpp(id: str, kind: Kind, model: Path, python: str, slots: int, threads: int, context: int, log: Path) -> Spec:
    """A GGUF in a llama.cpp child with `slots` chats of `context` tokens each."""
    numbers = {"--slots": slots, "--threads": threads, "--context": context}
    more = [word for name, number in numbers.items() for word in (name, str(number))]
    argv = (python, "-m", "chatstylebot.serving.llamacpp", str(model), *more)
    return Spec(id, kind, "llamacpp", slots, Start(argv, log.parent, log), context=context)


def llamafactory(
    id: str, kind: Kind, argv: Sequence[str], env: Mapping[str, str], folder: Path, python: str, slots: int, log: Path
) -> Spec:
    """`llamafactory-cli api`, on a leash: it would go on without us."""
    told = {"API_HOST": "127.0.0.1", "API_VERBOSE": "0", "API_MODEL_NAME": id, "MAX_CONCURRENT": str(slots)}
    told |= {"FASTAPI_ROOT_PATH": ""}
    start = Start(
        (python, "-m", "chatstylebot.leash", *argv),
        folder,
        log,
        {**env, **told},
        key_env="API_KEY",
        port_env="API_PORT",
    )
    return Spec(id, kind, "llamafactory", slots, start, name=id)


def url(address: str, model: str, slots: int, key: str) -> Spec:
    """A server that runs elsewhere. Raises UserError for an address that is none."""
    remedy = "--url http://127.0.0.1:8001/v1"
    if not address:
        raise UserError("--engine url needs the address of a server", remedy)
    try:
        check_url(address)
    except ValueError as error:
        raise UserError(f"--url {address} {error}", remedy) from None
    return Spec("clone", "clone", "url", slots, url=f"{root(address)}/v1", key=key, name=model)
