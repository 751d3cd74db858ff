"""the clone as an OpenAI-style server with a chat page"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chatstylebot import card as cards
from chatstylebot import progress
from chatstylebot.card import Card
from chatstylebot.errors import UserError
from chatstylebot.serving.choose import Backend, Name
from chatstylebot.workspace import Workspace, inside

if TYPE_CHECKING:
    from chatstylebot.serving.links import Links
    from chatstylebot.serving.supervisor import Engine


def run(
    model: Annotated[str | None, typer.Option(help="A preset, or the path of a model folder.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="The adapter's folder.")] = None,
    no_adapter: Annotated[
        bool, typer.Option("--no-adapter", help="The bare base model, with the card's prompt; nothing was trained.")
    ] = False,
    host: Annotated[
        str, typer.Option(help="The address to listen on; any but 127.0.0.1 requires a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
    engine: Annotated[Name, typer.Option(help="What runs the model.")] = "auto",
    backend: Annotated[Backend | None, typer.Option(help="LLaMA-Factory's back end.")] = None,
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
    context: Annotated[
        int | None, typer.Option(help="Tokens of a chat, prompt and reply together; default: the card's.", min=256)
    ] = None,
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
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="What is said may go to a server that is not on this machine.")
    ] = False,
    settings: Annotated[Path, typer.Option(help="The file that --model_name looks into.")] = Path(
        "config/wechat/settings.json"
    ),
) -> None:
    """Serve the clone: an OpenAI-style API and a chat page."""
    from chatstylebot.bot.server import CHILD
    from chatstylebot.client import LOOPBACK
    from chatstylebot.corpus import store
    from chatstylebot.memory import packages
    from chatstylebot.serving import addresses, leaving, lineup, links, server
    from chatstylebot.serving import settings as original
    from chatstylebot.serving import workspace as work
    from chatstylebot.serving.state import Choices, Limits

    workspace = inside(model or adapter or gguf or url or model_name)
    card, more = cards.find(workspace) or Card(), {}
    if model_name is not None:
        named = original.load(card, workspace, workspace / settings, model_name)
        card, model, more = named.card, named.model, named.engine_keys
        adapter = adapter or (None if no_adapter else named.adapter)
        backend = backend or named.backend
    if card.memory.enabled:
        packages.check()
    hosts, origins = addresses.hosts(allow_host or ()), addresses.origins(cors or ())
    asked = {"--engine": engine, "--url": url, "--url-model": url_model, "--model": model, "--adapter": adapter}
    there = leaving.elsewhere(card, asked | {"--backend": backend, "--gguf": gguf})
    if there:
        url, url_model, no_adapter = there.url, there.model, no_adapter or there.named
    addresses.not_ours(url, port)
    if there:
        leaving.confirm(Workspace(workspace), card, there, yes)
    where = server.listen(host, port)  # before the model is made: that may take minutes
    loopback = host in LOOPBACK
    # where a key is asked for, another site's page that reaches us under its own name gets nothing
    hosts = hosts if loopback else ("*",)
    limits = Limits(rate=rate, waiting=queue)
    choices = Choices(require_key or not loopback, allow_client_system, hosts, origins, limits)
    plan = lineup.Plan(
        card, workspace, model=model, adapter=adapter, no_adapter=no_adapter, engine=engine, backend=backend, gguf=gguf,
        url=url, url_model=url_model, with_base=with_base, chats=chats, context=context or card.context,
        threads=threads, engine_keys=more,
    )  # fmt: skip
    near = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    shown = f"http://{f'[{near}]' if ':' in near else near}:{port}"
    if host != near:
        progress.say(f"note: listening on every address of this machine: {shown} is how it is reached from here itself")
    if choices.key_required:
        progress.say(f"note: every request needs a key: {Workspace(workspace).keys}")

    def ready(opened: "Links") -> None:
        if sys.stdout.isatty():
            end = f"{links.PART}{opened.new()}"
            opened.used = lambda: typer.echo(f"that link is used; the next one: {shown}/{links.PART}{opened.new()}")
        else:  # a log that others may read gets none
            end = f" (the owner's key: {Workspace(workspace).keys})"
        typer.echo(f"ready: the chat page is {shown}/{end}\n       the API is {shown}/v1 (Ctrl-C stops it)")
        if CHILD not in os.environ:  # a bot's or chat's own server is nobody else's
            told.enter_context(Workspace(workspace).announced(shown))

    with where, ExitStack() as told:
        secrets = store.secrets(workspace)
        failed = work.serve(card, workspace, lineup.models(plan, limits), choices, where, secrets, log_chats, ready)
    if failed:
        raise _cause(failed)


def _cause(engine: "Engine") -> UserError:
    """Why an engine did not start."""
    from chatstylebot.engine import failures
    from chatstylebot.serving.engines import KEY

    if engine.spec.start is None:
        return UserError(f"{engine.spec.url} refuses our key", f"put the right one into {KEY}")
    program = "llama.cpp" if engine.spec.dialect == "llamacpp" else "llamafactory-cli"
    return failures.serving(engine.spec.start.log, engine.code or 1, program)
