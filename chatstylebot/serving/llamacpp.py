"""llama.cpp as a server of its own: `python -m chatstylebot.serving.llamacpp MODEL.gguf --slots 8 --threads 2 …`.

It listens on 127.0.0.1 at a free port and then says so in one line on stdout, {"port": 41234}; all else goes to
stderr. The key stands in the environment as CSB_ENGINE_KEY. It ends when its stdin ends, so that a parent killed with
-9 leaves no orphan, or on SIGTERM.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from chatstylebot import files
from chatstylebot.errors import UserError

KEY = "CSB_ENGINE_KEY"
MAGIC = b"GGUF"
SLOTS, THREADS, CONTEXT = 512, 512, 1 << 20  # the largest that is still meant
PROMPTS_KEPT = 512  # MiB for the prompts of chats whose slot another chat took; llama.cpp's own default is 8 GiB
ERRORS = 1  # llama.cpp's level of talk; from 4 on it writes prompts into its log


def settings(asked: argparse.Namespace, key: str) -> dict[str, Any]:
    """Every setting of llama.cpp that we make, by its (dotted) name in xllamacpp's CommonParams."""
    return {
        "model.path": str(asked.model),
        "model_alias": {asked.alias},
        "n_parallel": asked.slots,
        "n_ctx": asked.slots * asked.context,
        "cpuparams.n_threads": asked.threads,
        "cpuparams_batch.n_threads": asked.threads,
        "cont_batching": True,
        "cache_prompt": True,
        "cache_ram_mib": PROMPTS_KEPT,
        # each chat under way and each idle connection of a client's pool holds one of these threads
        "n_threads_http": 2 * asked.slots + 8,
        "hostnames": ["127.0.0.1"],
        "port": 0,
        "api_keys": [key],
        "cors_origins": "",
        "cors_credentials": False,
        "endpoint_slots": False,  # it shows every chat under way
        "endpoint_props": False,
        "ui": False,
        "verbosity": ERRORS,
        # the clone writes text: no tool calls are looked for in it, and no part of it is taken out as reasoning
        "force_pure_content_parser": True,
        "reasoning_format": "COMMON_REASONING_FORMAT_NONE",
        # draw as the engine's own server does where a request says nothing: its order, its top_k, no min_p
        "sampling.samplers": "penalties;temperature;top_k;top_p",
        "sampling.top_k": 50,
        "sampling.min_p": 0.0,
        "sampling.penalty_last_n": -1,
    }


def parameters(wanted: Mapping[str, Any]) -> Any:
    """The settings as xllamacpp's own object. Raises UserError when xllamacpp is not installed."""
    try:
        import xllamacpp
    except ImportError as error:
        raise UserError(f"xllamacpp is not installed ({error})", files.install("cpu")) from None
    params = xllamacpp.CommonParams()
    for name, value in wanted.items():
        *path, last = name.split(".")
        part = params
        for step in path:
            part = getattr(part, step)
        setattr(part, last, getattr(xllamacpp.common_reasoning_format, value) if last == "reasoning_format" else value)
    return params


def check(model: Path) -> None:
    """Raise UserError unless the file looks like a GGUF."""
    try:
        with model.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise UserError(f"{model} cannot be read: {error.strerror}", "csb export --gguf q8_0") from None
    if start != MAGIC:
        raise UserError(f"{model} is no GGUF file", "csb export --gguf q8_0 makes one")


def load(params: Any, model: Path) -> tuple[Any, int]:
    """The listening server, and its port. Raises UserError when the model does not load."""
    import xllamacpp

    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        remedy = "if csb made it: remove it, and csb serve makes it anew; where memory is short: fewer --chats"
        raise UserError(f"llama.cpp cannot load {model}", remedy) from None
    return server, int(urlsplit(server.listening_address).port or 0)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chatstylebot.serving.llamacpp", description=__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL.gguf")
    parser.add_argument("--slots", type=_number(SLOTS), required=True, help="chats at once")
    parser.add_argument("--threads", type=_number(THREADS), required=True, help="CPU cores that are really free")
    parser.add_argument("--context", type=_number(CONTEXT), required=True, help="tokens for each chat")
    parser.add_argument("--alias", default="clone", help="the model's name in the API")
    return parser.parse_args(argv)


def _number(most: int) -> Any:
    def whole(text: str) -> int:
        number = int(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{number} is not between 1 and {most}")
        return number

    return whole


def _own_stdout() -> int:
    """A handle of stdout for our one line; what the library prints goes to stderr from now on."""
    sys.stdout.flush()
    ours = os.dup(1)
    os.dup2(2, 1)
    return ours


def _ended(code: int) -> Any:
    def now(number: int, frame: FrameType | None) -> None:
        os._exit(code)  # nothing to save, and a chat under way must not delay the end

    return now


def run(argv: Sequence[str], key: str | None) -> None:
    """Serve until stdin ends or a signal comes; the process ends here. Raises UserError when it cannot start."""
    asked = _arguments(argv)
    if not key:
        raise UserError(f"{KEY} is not set: the engine has no key", f"{KEY}=… before the command")
    check(asked.model)
    stdout = _own_stdout()
    # loading holds the interpreter: a signal handler would have to wait, so until then SIGTERM does what it always does
    _server, port = load(parameters(settings(asked, key)), asked.model)  # it serves as long as `_server` is held
    signal.signal(signal.SIGTERM, _ended(0))
    signal.signal(signal.SIGINT, _ended(130))
    os.write(stdout, (json.dumps({"port": port}) + "\n").encode())
    os.close(stdout)
    while os.read(0, 4096):
        pass
    _ended(0)(0, None)


def main() -> None:
    """The program: exit 0 when its stdin ends, 1 with two lines on stderr when it cannot start, 2 for wrong usage."""
    try:
        run(sys.argv[1:], os.environ.pop(KEY, None))
    except UserError as error:
        # in one piece and on lines of its own: a thread of llama.cpp may be in the middle of one of its lines
        os.write(2, f"\n{error.lines}\n".encode("utf-8", "backslashreplace"))
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
