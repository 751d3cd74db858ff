"""The gateway: an OpenAI-style API in front of the engines, always the clone, private by default."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from chatstylebot import __version__
from chatstylebot.client import LOOPBACK
from chatstylebot.serving import page, refusals, routes
from chatstylebot.serving.door import Door, Rules
from chatstylebot.serving.state import State

Seen = Callable[[str, str, int, float], None]


def _nobody(method: str, path: str, status: int, seconds: float) -> None:
    return None


def build(state: State, seen: Seen = _nobody) -> ASGIApp:
    """The whole application; its lifespan starts and ends the engines. `seen` is told of every request."""
    life = _life(state)
    # no redirect to a path with or without a slash: it would repeat the Host that was sent
    app = FastAPI(
        title="Chat-Style-Bot",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        redirect_slashes=False,
    )
    refusals.install(app)
    app.include_router(routes.router(state))
    page.mount(app)
    routes.describe(app)
    choices = state.choices
    if choices.origins:
        headers = ["authorization", "content-type"]
        origins = list(choices.origins)
        app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=headers)
    rules = Rules((*LOOPBACK, *choices.hosts), choices.origins, choices.limits.body)

    def told(method: str, path: str, status: int, seconds: float) -> None:
        state.metrics.requests.labels(path if path in routes.PATHS else "other", status).inc()
        seen(method, path, status, seconds)

    return Door(app, rules, told)


def _life(state: State) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(served.engine.run()) for served in state.models.values()]
        for task in tasks:
            task.add_done_callback(_bug)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return life


def _bug(task: "asyncio.Task[None]") -> None:
    """Show the traceback of a keeper that ended by a bug; `gather` would keep it to itself."""
    if not task.cancelled() and (error := task.exception()):
        told = {"message": "the keeper of an engine ended", "exception": error}
        task.get_loop().call_exception_handler(told)
