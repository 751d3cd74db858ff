"""The table of commands, and the only place where a UserError becomes text."""

import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from chatstylebot import __version__, progress
from chatstylebot.errors import UserError

# name → (module in chatstylebot.commands, one line of help); a new command is one module and one line here
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Make a workspace: clone.yaml, config/ and data/."),
    "inspect": ("inspect", "Say what is in chat exports: chats, people, kinds, times, who is me; write nothing."),
    "preprocess": ("preprocess", "Turn chat exports into training samples; account for every message."),
    "id-tag": ("id_tag", "Fill the bot's name and its author into the identity samples."),
    "corpus": ("corpus", "Turn plain text or tweets into pre-training samples."),
    "download": ("download", "Fetch a base model, for all workspaces."),
    "recipes": ("recipes", "List, show or write the training recipes."),
    "train": ("train", "Fine-tune a model: recipe → llamafactory-cli train → adapter."),
    "export": ("export", "Merge an adapter into its base model; with --gguf, write it for llama.cpp and Ollama, too."),
    "chat": ("chat", "Talk to the clone in the terminal."),
    "webchat": ("webchat", "Talk to the clone in the engine's web page."),
    "serve": ("serve", "Serve the clone: an OpenAI-style API and a chat page."),
    "api-service": ("serve", "Serve the clone: an OpenAI-style API and a chat page."),
    "wechat": ("wechat", "Put the clone on WeChat until Ctrl-C: scan the code, and talk to it."),
    "bot": ("bot", "Put the clone on a channel; pause it, resume it, see what it does, decide about its drafts."),
    "rag": (
        "rag",
        "Memory of past talk: index it, ask it in the person's voice, see what is there, take something out.",
    ),
    "feedback": ("feedback", "List the recorded votes and edits, count them, make DPO and KTO data of them."),
    "forget": ("forget", "Take one person out of everything stored, and prove by a search that nothing is left."),
    "doctor": ("doctor", "Say what is missing on this machine, and the line that fixes it."),
    "demo": ("demo", "Run the whole loop on shipped data, on a CPU, in ./csb-demo."),
}


LOOPS = {"chat", "serve", "api-service", "wechat", "bot", "rag", "feedback"}  # asyncio takes care of Ctrl-C there

Handler = Callable[[int, FrameType | None], Any]


class Table(TyperGroup):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"chatstylebot.commands.{COMMANDS[cmd_name][0]}")
        group = getattr(module, "app", None)
        if group is None:
            group = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            settings = getattr(module, "CONTEXT", None)  # how click is to parse this command, where it is special
            group.command(cmd_name, context_settings=settings)(module.run)
        command = typer.main.get_command(group)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from chatstylebot.errors import nearest

            near = nearest(args[0], COMMANDS)
            ctx.fail(f"No such command '{args[0]}'." + (f" Did you mean '{near}'?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        from typer._click.shell_completion import CompletionItem

        found = [CompletionItem(n, help=t) for n, (_, t) in COMMANDS.items() if n.startswith(incomplete)]
        return found or super().shell_complete(ctx, incomplete)


app = typer.Typer(
    cls=Table,
    help="Turn your own chat history into a bot that writes the way you write.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"csb {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Turn your own chat history into a bot that writes the way you write."""
    from chatstylebot.workspace import Workspace, here

    Workspace(here()).settle()


def _gently(handler: Handler) -> Handler:
    """The handler, but never inside Python's import machinery: a moment later, then.

    An exception that comes just there can leave the lock of all imports taken, and any thread that imports something
    afterwards waits for ever (seen once, in `csb preprocess`).
    """

    def handle(number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            threading.Timer(0.01, _again, (number,)).start()
        else:
            handler(number, frame)

    return handle


def _again(number: int) -> None:
    if os.name == "nt":
        signal.raise_signal(number)
    else:  # to the process, and so to the main thread, also where that waits for something
        os.kill(os.getpid(), number)


def main(argv: list[str] | None = None) -> None:
    """Run `csb`; exit 0 done, 1 something the user can fix, 2 wrong usage, 130 interrupted."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us: nothing comes, and nobody hears
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):  # a console that is not UTF-8 gets "?" instead of a traceback
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    # what other packages plug into pydantic is not to see private chats (and looking for it takes 0.01 s)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    if threading.current_thread() is threading.main_thread():  # ended from outside, we leave no half-written file
        for name in ("SIGTERM", "SIGHUP"):  # HUP: the terminal is gone; under nohup it is ignored, and stays so
            if hasattr(signal, name) and signal.getsignal(number := getattr(signal, name)) != signal.SIG_IGN:
                signal.signal(number, _gently(lambda number, _: sys.exit(128 + number)))
        words = sys.argv[1:] if argv is None else argv
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler and not LOOPS.intersection(words[:1]):
            signal.signal(signal.SIGINT, _gently(signal.default_int_handler))
    try:
        app(argv, prog_name="csb")
    except UserError as error:
        progress.say(error.lines)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    finally:
        if argv is None:  # the process ends: Python need not look through all that it loaded (0.04 s)
            gc.freeze()
