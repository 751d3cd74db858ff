"""An OpenAI-style engine that does as its messages say: `python tests/fake_engine.py`.

It listens on a port of its own and prints {"port": …}, asks for CSB_ENGINE_KEY, and ends when stdin does, as the
llama.cpp child does. The last message is a program: words are said one by one, and among them

    !sleep 0.1   pause between words from here on      !crash   end the process at once
    !drop        close the connection                  !error   an error event in the stream
    !show        say the request, as JSON              !tokens N   N words
    !odd         say something that is no text

SAYS, as JSON {"message": ["answer", …]}, is what it says instead, each time the next one, to a message in there.
FLAT is a character that it says as a space, MODELS are the names that it has, with commas between.
SLOW_START is how many seconds it takes to load, STARTS a file that gets a line for each start,
FAIL_STARTS up to which start it fails, or "2-3": from which to which.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

SEEN: list[dict[str, Any]] = []  # what was asked
RUNNING = {"now": 0, "most": 0}
SAYS = {asked: deque(answers) for asked, answers in json.loads(os.environ.get("SAYS", "{}")).items()}


def allowed(request: Request) -> bool:
    return request.headers.get("authorization") == f"Bearer {os.environ.get('CSB_ENGINE_KEY', '')}"


def answer(message: str) -> str:
    if message not in SAYS:
        return message.replace(os.environ.get("FLAT") or "\0", " ")
    SAYS[message].rotate(-1)
    return SAYS[message][-1]


async def words(asked: dict[str, Any]) -> AsyncIterator[Any]:
    program = answer(asked["messages"][-1]["content"]).split(" ")
    pause, at = 0.0, 0
    while at < len(program):
        word = program[at]
        if word == "!sleep":
            pause, at = float(program[at + 1]), at + 2
            continue
        if word == "!crash":
            os._exit(7)
        if word in ("!error", "!drop"):
            raise RuntimeError(word)
        if word == "!tokens":
            for number in range(int(program[at + 1])):
                await asyncio.sleep(pause)
                yield f"w{number} "
            at += 2
            continue
        if word == "!odd":
            yield {"no": "text"}
        else:
            yield json.dumps(asked, ensure_ascii=False) if word == "!show" else word + " " * (at < len(program) - 1)
        await asyncio.sleep(pause)
        at += 1


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return "data: " + json.dumps({"id": "x", "choices": choices, **more}) + "\n\n"


async def events(asked: dict[str, Any]) -> AsyncIterator[str]:
    number = 0
    RUNNING["now"] += 1
    RUNNING["most"] = max(RUNNING["most"], RUNNING["now"])
    try:
        async for word in words(asked):
            number += 1
            yield chunk({"content": word})
        yield chunk({}, "stop")
        yield "data: " + json.dumps({"choices": [], "usage": usage(number)}) + "\n\n"
        yield "data: [DONE]\n\n"
    except RuntimeError as error:
        if str(error) == "!error":
            yield 'data: {"error": {"message": "/secret/path broke", "code": 500}}\n\n'
    finally:
        RUNNING["now"] -= 1


def usage(number: int) -> dict[str, int]:
    return {"prompt_tokens": 10, "completion_tokens": number, "total_tokens": 10 + number}


async def chat(request: Request) -> Response:
    if not allowed(request):
        return JSONResponse({"error": {"message": "no"}}, 401)
    asked = await request.json()
    SEEN.append(asked)
    if asked["stream"]:
        return StreamingResponse(events(asked), media_type="text/event-stream")
    RUNNING["now"] += 1
    RUNNING["most"] = max(RUNNING["most"], RUNNING["now"])
    try:
        said = [word async for word in words(asked)]
    except RuntimeError:
        return JSONResponse({"error": {"message": "/secret/path broke"}})
    finally:
        RUNNING["now"] -= 1
    message = {"role": "assistant", "content": "".join(said) if {str} >= set(map(type, said)) else said}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return JSONResponse({"choices": choices, "usage": usage(len(said))})


async def models(request: Request) -> Response:
    if not allowed(request):
        return JSONResponse({}, 401)
    return JSONResponse({"data": [{"id": id} for id in os.environ.get("MODELS", "fake").split(",")]})


async def tokenize(request: Request) -> Response:
    RUNNING["tokenized"] = RUNNING.get("tokenized", 0) + 1
    return JSONResponse({"tokens": list((await request.json())["content"])})


async def stats(request: Request) -> Response:
    return JSONResponse({"seen": SEEN, **RUNNING})


ROUTES = [
    Route("/v1/chat/completions", chat, methods=["POST"]),
    Route("/v1/models", models),
    Route("/tokenize", tokenize, methods=["POST"]),
    Route("/stats", stats),
]


def main() -> None:
    if log := os.environ.get("STARTS"):
        with Path(log).open("a") as file:
            file.write(f"{os.getpid()}\n")
        first, _, last = os.environ.get("FAIL_STARTS", "0").rpartition("-")
        if int(first or "1") <= len(Path(log).read_text().splitlines()) <= int(last):
            sys.exit("error: the model is broken\ntry: take another one")
    time.sleep(float(os.environ.get("SLOW_START", "0")))

    def watch() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=ROUTES), log_level="error", backlog=2048))

    where = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    where.bind(("127.0.0.1", 0))
    where.listen(2048)
    sys.stdout.write(json.dumps({"port": where.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    asyncio.run(server.serve(sockets=[where]))


if __name__ == "__main__":
    main()
