"""the clone as an OpenAI-style server with a chat page"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
import yaml

from chatstylebot import card as cards
from chatstylebot import files, progress
from chatstylebot.card import Card
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, here

if TYPE_CHECKING:
    from chatstylebot.serving.answers import Served
    from chatstylebot.serving.engines import Kind, Spec
    from chatstylebot.serving.state import Limits
    from chatstylebot.serving.supervisor import Engine

EngineName = Literal["auto", "llamafactory", "llamacpp", "url"]
BackendName = Literal["huggingface", "vllm", "sglang"]


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on; any but 127.0.0.1 requires a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
    engine: Annotated[EngineName, typer.Option(help="What runs the model.")] = "auto",
    backend: Annotated[BackendName | None, typer.Option(help="LLaMA-Factory's back end.")] = None,
    gguf: Annotated[Path | None, typer.Option(help="A GGUF file of the clone, for llama.cpp.")] = None,
    url: Annotated[
        str | None, typer.Option(help="A server that runs elsewhere, ending in /v1 (key: CSB_ENGINE_KEY).")
    ] = None,
    url_model: Annotated[str, typer.Option(help="What that server calls the model; its first one if left out.")] = "",
    with_base: Annotated[
        bool, typer.Option("--with-base", help="Serve the bare base model as well, to compare.")
    ] = False,
    chats: Annotated[
        int, typer.Option(help="Answers at once (llama.cpp, vLLM, a server elsewhere).", min=1, max=512)
    ] = 8,
    context: Annotated[int, typer.Option(help="Tokens of a chat, prompt and reply together.", min=256)] = 2048,
    threads: Annotated[
        int | None,
        typer.Option(help="CPU cores for llama.cpp; default: those that are free at the start.", min=1, max=512),
    ] = None,
    queue: Annotated[int, typer.Option(help="Requests that may wait; the rest is answered 429.", min=0)] = 32,
    rate: Annotated[int, typer.Option(help="Requests a minute for each key and address; 0 is any.", min=0)] = 300,
    require_key: Annotated[bool, typer.Option("--require-key", help="Ask for a key on 127.0.0.1, too.")] = False,
    allow_host: Annotated[list[str] | None, typer.Option(help="Another host name of this server.")] = None,
    cors: Annotated[list[str] | None, typer.Option(help="A site whose pages may ask, https://example.org.")] = None,
    allow_client_system: Annotated[
        bool, typer.Option("--allow-client-system", help="Let clients add a system text after the card's.")
    ] = False,
    log_chats: Annotated[bool, typer.Option("--log-chats", help="Write every chat into .csb/chats.jsonl.")] = False,
    model_name: Annotated[
        str | None, typer.Option("--model-name", "--model_name", help="A model of config/wechat/settings.json.")
    ] = None,
    settings: Annotated[Path, typer.Option(help="The file that --model_name looks into.")] = Path(
        "config/wechat/settings.json"
    ),
) -> None:
    """Serve the clone: an OpenAI-style API and a chat page."""
    from chatstylebot.corpus import store
    from chatstylebot.models import settings as named
    from chatstylebot.serving import server
    from chatstylebot.serving import workspace as work
    from chatstylebot.serving.state import Choices, Limits

    workspace = here()
    card = cards.find(workspace) or Card()
    if model_name:
        card, model, adapter = named.load(card, workspace, workspace / settings, model_name)
    where = server.listen(host, port)  # before the model is made: that may take minutes
    loopback = host in ("127.0.0.1", "localhost", "::1")
    # where a key is asked for, another site's page that reaches us under its own name gets nothing
    hosts = tuple(allow_host or ()) if loopback else ("*",)
    limits = Limits(rate=rate, waiting=queue)
    choices = Choices(require_key or not loopback, allow_client_system, hosts, tuple(cors or ()), limits)
    plan = Plan(
        card, workspace, model, adapter, engine, backend, gguf, url, url_model, with_base, chats, context, threads
    )
    shown = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def ready(key: str) -> None:
        typer.echo(f"ready: the chat page is {shown}/#key={key}\n       the API is {shown}/v1 (Ctrl-C stops it)")

    with where:
        secrets = store.secrets(workspace)
        failed = work.serve(card, workspace, models(plan, limits), choices, where, secrets, log_chats, ready)
    if failed:
        raise _cause(failed)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be served, as it was asked for."""

    card: Card
    workspace: Path
    model: str | None
    adapter: Path | None
    engine: EngineName
    backend: BackendName | None
    gguf: Path | None
    url: str | None
    url_model: str
    with_base: bool
    chats: int
    context: int
    threads: int | None


def models(plan: Plan, limits: "Limits") -> "list[Served]":
    """The engines that will run, the clone first. Makes the GGUF when one is needed. Raises UserError."""
    from chatstylebot.engine import machine, talk
    from chatstylebot.models import tokenizer
    from chatstylebot.serving import choose, engines
    from chatstylebot.serving.answers import Served
    from chatstylebot.serving.slots import Slots
    from chatstylebot.serving.supervisor import Engine

    asked_for_gpu = plan.engine == "auto" and not plan.url and not plan.gguf
    cuda = bool(asked_for_gpu and machine.gpus())
    name, why = choose.engine(plan.engine, plan.url, plan.gguf is not None, cuda)
    progress.say(f"engine: {name} ({why})")
    both = (False, True) if plan.with_base else (False,)
    count: Callable[[str], int] | None = None
    if name == "url":
        if plan.with_base:
            raise UserError("--with-base does not work with --url", "serve the base model there, without --with-base")
        specs = [engines.url(plan.url or "", plan.url_model, plan.chats, os.environ.get(engines.KEY, ""))]
    elif name == "llamacpp":
        specs = _llamacpp(plan, [_gguf(plan, base) for base in both])
    else:
        specs = [_llamafactory(plan, base) for base in both]
        base = talk.recipe(plan.card, plan.workspace, plan.model, plan.adapter, False)["model_name_or_path"]
        if counter := tokenizer.counter(Path(base) / tokenizer.FILE):
            count = partial(_tokens, counter)
    return [
        Served(Engine(spec, progress.say), Slots(spec.slots, limits.waiting, limits.patience), count) for spec in specs
    ]


def _tokens(counter: Callable[[Sequence[str]], list[int]], text: str) -> int:
    [number] = counter([text])
    return number


def _gguf(plan: Plan, base: bool) -> Path:
    """The file of the clone or of the bare base model, made if need be. Raises UserError."""
    from chatstylebot.engine import clone_file

    if find_spec("xllamacpp") is None:
        raise UserError("xllamacpp, the fast engine on a CPU, is not installed", files.install("cpu"))
    if not plan.gguf or base:
        return clone_file.ready(plan.workspace, plan.card, plan.model, plan.adapter, base)
    if not plan.gguf.is_file():
        raise UserError(f"there is no file {plan.gguf}", "check the path of --gguf")
    return plan.gguf.resolve()


def _llamacpp(plan: Plan, made: list[Path]) -> "list[Spec]":
    """A child for each file, the clone's first. Raises UserError where they do not fit into memory together."""
    from chatstylebot.engine import clone_file, machine
    from chatstylebot.serving import engines, room

    context = room.context(made, plan.chats, plan.context, machine.ram()[1])
    if context < plan.context:
        progress.say(f"note: the model was made for {context} tokens: that is what a chat gets")
    threads = plan.threads or machine.free_cores()
    kinds: tuple[Kind, Kind] = ("clone", "base")
    found = []
    for kind, file in zip(kinds, made, strict=False):
        progress.say(f"{file.name}: {plan.chats} chats of {context} tokens, {threads} threads")
        log = Workspace(plan.workspace).private().log(f"serve-{kind}")
        spec = engines.llamacpp(kind, kind, file, sys.executable, plan.chats, threads, context, log)
        found.append(replace(spec, adapter=clone_file.told(file).get("adapter")))
    return found


def _llamafactory(plan: Plan, base: bool) -> "Spec":
    from chatstylebot.engine import clone_file, llamafactory, talk
    from chatstylebot.serving import choose, engines

    values = talk.recipe(plan.card, plan.workspace, plan.model, plan.adapter, base)
    backend, why = choose.backend(plan.backend, find_spec("vllm") is not None)
    progress.say(f"back end: {backend} ({why})")
    if backend != "huggingface":
        values |= {f"{backend}_maxlen": plan.context}
    kind: Kind = "base" if base else "clone"
    own = Workspace(plan.workspace).private()
    path = own.recipe(f"serve-{kind}")
    recipe = values | {"infer_backend": backend}
    files.write(path, yaml.safe_dump(recipe, allow_unicode=True, sort_keys=False), private=True)
    if not base and (remark := talk.prompt_differs(plan.card, values.get("adapter_name_or_path"))):
        progress.say(f"note: {remark}")
    call = llamafactory.call("api", path, plan.workspace)
    slots = 1 if backend == "huggingface" else plan.chats  # it answers one after another
    log = own.log(f"serve-{kind}")
    spec = engines.llamafactory(kind, kind, call.argv, call.env, plan.workspace, sys.executable, slots, log)
    adapter = values.get("adapter_name_or_path")
    return replace(
        spec,
        adapter=clone_file.adapter_hash(Path(adapter)) if adapter else None,
        context=None if backend == "huggingface" else plan.context,
    )


def _cause(engine: "Engine") -> UserError:
    """Why an engine did not start."""
    from chatstylebot.engine import failures
    from chatstylebot.serving.engines import KEY

    if engine.spec.start is None:
        return UserError(f"{engine.spec.url} refuses our key", f"put the right one into {KEY}")
    program = "llama.cpp" if engine.spec.dialect == "llamacpp" else "llamafactory-cli"
    return failures.serving(engine.spec.start.log, engine.code or 1, program)
