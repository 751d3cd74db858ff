"""What is to be served → the engines that will run, the clone's first. Makes the GGUF where one is needed."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from chatstylebot import files, progress
from chatstylebot.card import Card
from chatstylebot.engine import clone_file, llamafactory, machine, talk
from chatstylebot.errors import UserError
from chatstylebot.models import gguf_head, provenance, special, tokenizer
from chatstylebot.serving import choose, engines, room
from chatstylebot.serving.answers import Served
from chatstylebot.serving.choose import Backend, Name
from chatstylebot.serving.engines import Kind, Spec
from chatstylebot.serving.slots import Slots
from chatstylebot.serving.state import Limits
from chatstylebot.serving.supervisor import Engine
from chatstylebot.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be served, as it was asked for. `no_adapter`: a model that nobody trained to be the person speaks with
    the card's prompt; `engine_keys`: further keys of LLaMA-Factory."""

    card: Card
    workspace: Path
    model: str | None = None
    adapter: Path | None = None
    no_adapter: bool = False
    engine: Name = "auto"
    backend: Backend | None = None
    gguf: Path | None = None
    url: str | None = None
    url_model: str = ""
    with_base: bool = False
    chats: int = 8
    context: int = Card().context
    threads: int | None = None
    engine_keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """One of the models: under which id, whether that is the clone, and whether it is the bare base."""

    id: str
    base: bool

    @property
    def kind(self) -> Kind:
        """For whoever compares clone and base."""
        return "base" if self.base else "clone"


@dataclass(frozen=True, slots=True)
class Made:
    """An engine that can be started, a counter of its tokens where there is one, and its control tokens."""

    spec: Spec
    count: Callable[[str], int] | None = None
    rule: special.Rule = special.ALL


def models(plan: Plan, limits: Limits) -> list[Served]:
    """The engines that will run, the clone's first. Raises UserError."""
    name, why = _chosen(plan)
    _agree(plan, name)
    progress.say(f"engine: {name} ({why})")
    if "not installed" in why:
        progress.say(f"note: {files.install('cpu' if name == 'llamafactory' else 'train')} brings it")
    wanted = [Model("clone", plan.no_adapter)] + ([Model("base", True)] if plan.with_base else [])
    ways = {"url": _elsewhere, "llamacpp": _llamacpp, "llamafactory": _llamafactory}
    return [
        Served(
            Engine(made.spec, progress.say),
            Slots(made.spec.slots, limits.waiting, limits.patience),
            made.count,
            made.rule,
        )
        for made in ways[name](plan, wanted)
    ]


def _chosen(plan: Plan) -> tuple[choose.Engine, str]:
    open_ = plan.engine == "auto" and not plan.url and not plan.gguf and not plan.backend
    there: list[choose.Engine] = ["llamacpp"] if find_spec("xllamacpp") else []
    there += ["llamafactory"] if find_spec("llamafactory") or shutil.which("llamafactory-cli") else []
    cuda = open_ and bool(machine.gpus())
    return choose.engine(plan.engine, plan.url, plan.gguf is not None, plan.backend, cuda, there)


def _agree(plan: Plan, name: choose.Engine) -> None:
    """Raise UserError for options that say two things at once."""
    if plan.with_base and name == "url":
        raise UserError("--with-base does not work with --url", "serve the base model there, without --with-base")
    if plan.no_adapter and (plan.with_base or plan.adapter):
        other = "--with-base" if plan.with_base else "--adapter"
        raise UserError(f"--no-adapter and {other} together make no sense", "leave one of them out")
    if plan.no_adapter and plan.gguf:
        raise UserError("--no-adapter and --gguf together make no sense", "leave one of them out")
    if plan.gguf and name != "llamacpp":
        raise UserError(f"--gguf is for llama.cpp, and --engine is {name}", "--engine llamacpp, or leave --gguf out")
    if plan.url_model and name != "url":
        raise UserError("--url-model is for a server elsewhere", "--url http://127.0.0.1:8001/v1")
    if plan.backend and name != "llamafactory":
        raise UserError(f"--backend {plan.backend} is LLaMA-Factory's", f"--engine llamafactory, or leave {name} alone")
    if plan.engine_keys and name != "llamafactory":
        names = ", ".join(plan.engine_keys)
        progress.say(f"note: {names}: counts with --engine llamafactory only, and {name} is used")


def _elsewhere(plan: Plan, wanted: Sequence[Model]) -> list[Made]:
    spec = engines.url(plan.url or "", plan.url_model, plan.chats, os.environ.get(engines.KEY, ""))
    # it has the person's prompt and memory, and there is no other model beside it to compare with
    return [Made(replace(spec, tuned=not one.base)) for one in wanted]


def _llamacpp(plan: Plan, wanted: Sequence[Model]) -> list[Made]:
    """A child for each file. Raises UserError where they do not fit into memory together."""
    made = [_gguf(plan, one) for one in wanted]
    context = room.context(made, plan.chats, plan.context, machine.ram()[1])
    if context < plan.context:
        progress.say(f"note: the model was made for {context} tokens: that is what a chat gets")
    threads = plan.threads or machine.free_cores()
    found = []
    for one, file in zip(wanted, made, strict=True):
        many = f"{plan.chats} chats" if plan.chats > 1 else "one chat"
        work = f"{threads} threads" if threads > 1 else "one thread"
        progress.say(f"{file.name}: {many} of {context} tokens, {work}")
        log = Workspace(plan.workspace).private().log(f"serve-{one.kind}")
        spec = engines.llamacpp(one.id, one.kind, file, sys.executable, plan.chats, threads, context, log)
        rule = special.rule(special.telling(gguf_head.control(file)))
        found.append(Made(replace(spec, adapter=gguf_head.made_of(file).get("adapter"), tuned=not one.base), rule=rule))
    return found


def _gguf(plan: Plan, one: Model) -> Path:
    """The file of the clone or of the bare base model, made if need be. Raises UserError."""
    if find_spec("xllamacpp") is None:
        raise UserError("xllamacpp, the fast engine on a CPU, is not installed", files.install("cpu"))
    if not plan.gguf or one.id != "clone":
        return clone_file.ready(plan.workspace, plan.card, plan.model, plan.adapter, one.base)
    if not plan.gguf.is_file():
        raise UserError(f"there is no file {plan.gguf}", "check the path of --gguf")
    return plan.gguf.resolve()


def _llamafactory(plan: Plan, wanted: Sequence[Model]) -> list[Made]:
    backend, why = choose.backend(plan.backend, find_spec("vllm") is not None)
    progress.say(f"back end: {backend} ({why})")
    own = Workspace(plan.workspace).private()
    found = []
    for one in wanted:
        values = talk.recipe(plan.card, plan.workspace, plan.model, plan.adapter, one.base)
        adapter = values.get("adapter_name_or_path")
        if remark := talk.prompt_differs(plan.card, adapter):
            progress.say(f"note: {remark}")
        recipe = values | dict(plan.engine_keys) | {"infer_backend": backend}
        if backend != "huggingface":
            recipe |= {f"{backend}_maxlen": plan.context}
        text, log = yaml.safe_dump(recipe, allow_unicode=True, sort_keys=False), own.log(f"serve-{one.kind}")
        # another server of this workspace must not find its recipe changed when it starts its engine again
        path = own.recipe(f"serve-{one.kind}-{hashlib.sha256(text.encode()).hexdigest()[:8]}")
        files.write(path, text, private=True)
        call = llamafactory.call("api", path, plan.workspace)
        slots = 1 if backend == "huggingface" else plan.chats  # it answers one after another
        spec = engines.llamafactory(one.id, one.kind, call.argv, call.env, plan.workspace, sys.executable, slots, log)
        known = tokenizer.counter(words := Path(values["model_name_or_path"]) / tokenizer.FILE)
        spec = replace(
            spec,
            adapter=provenance.adapter_hash(Path(adapter)) if adapter else None,
            tuned=not one.base,
            context=None if backend == "huggingface" else plan.context,
        )
        found.append(Made(spec, partial(_tokens, known) if known else None, special.of_model(words)))
    return found


def _tokens(counter: Callable[[Sequence[str]], list[int]], text: str) -> int:
    [number] = counter([text])
    return number
