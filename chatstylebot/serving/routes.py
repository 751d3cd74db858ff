"""The gateway's routes: chat completions, models, votes, the card, health, metrics, the API's description."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, Response

from chatstylebot.errors import UserError
from chatstylebot.feedback.store import Conflict
from chatstylebot.serving import completions, drafts, reference, votes
from chatstylebot.serving.keys import Caller, bearer
from chatstylebot.serving.refusals import Refusal, not_stored
from chatstylebot.serving.responses import ALWAYS, Responses, failures
from chatstylebot.serving.schema import (
    CardContact,
    CardInfo,
    CardModel,
    ChatRequest,
    ChatResponse,
    FeedbackRequest,
    Health,
    Link,
    ModelInfo,
    ModelList,
    OwnerKey,
    Stored,
)
from chatstylebot.serving.state import State
from chatstylebot.serving.supervisor import Engine

PATHS = (
    "/v1/chat/completions", "/v1/models", "/v1/feedback", "/v1/drafts", "/v1/links", "/v1/links/open", "/v1/card",
    "/healthz", "/readyz", "/metrics",
)  # fmt: skip
Who = Callable[[Request], Awaitable[Caller]]
# one event each (OpenAPI 3.2's itemSchema: a `schema` would be that of the whole stream)
CHUNK = {"type": "string", "description": "A chat.completion.chunk as JSON, an error, or [DONE]."}
EVENT = {"type": "object", "properties": {"data": CHUNK}, "required": ["data"]}
STREAM = {"text/event-stream": {"itemSchema": EVENT}}


def router(state: State) -> APIRouter:
    """All routes of the API."""

    async def who(request: Request) -> Caller:
        return _caller(state, request)

    found = APIRouter()
    _chat(found, state, who)
    _votes(found, state, who)
    drafts.add(found, state.drafts, who)
    _links(found, state, who)
    _about(found, state, who)
    _health(found, state, who)
    return found


def describe(app: FastAPI) -> None:
    """`/docs`, without a word from elsewhere."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(reference.page(app.openapi()), headers={"Content-Security-Policy": reference.POLICY})


def _caller(state: State, request: Request) -> Caller:
    """Who asks. Raises Refusal: 401 where a key is required, 429 for too many requests in a minute."""
    key = bearer(request.headers)
    caller = state.keys.caller(key)
    _limit(state, request, *([f"key {caller.name}"] if caller else []))
    if caller is None and state.choices.key_required:
        state.metrics.refused.labels("key").inc()
        why = "this key is not known" if key else "a key is needed: Authorization: Bearer …"
        raise Refusal(401, "invalid_api_key", why, {"WWW-Authenticate": "Bearer"})
    return caller or Caller()


def _limit(state: State, request: Request, *who: str) -> None:
    """Raises Refusal: 429 for too many requests in a minute, of this address or of `who`."""
    address = request.client.host if request.client else ""
    if wait := state.within(f"address {address}", *who):
        state.metrics.refused.labels("rate").inc()
        raise Refusal(429, "rate_limited", "too many requests in a minute", {"Retry-After": str(wait)})


def _chat(found: APIRouter, state: State, who: Who) -> None:
    wanted = {"content": STREAM, "description": "The completion, or its chunks as events."}
    answers: Responses = {200: wanted, **ALWAYS, **failures(502, 503, 504)}

    @found.post("/v1/chat/completions", response_model=ChatResponse, responses=answers)
    async def chat(asked: ChatRequest, request: Request, caller: Caller = Depends(who)) -> Response:
        """A reply in the person's style. The system prompt is the clone card's, whatever the messages say."""
        return await completions.respond(state, asked, caller, request)

    @found.get("/v1/models", responses=failures(401, 403, 429))
    async def models(caller: Caller = Depends(who)) -> ModelList:
        """The models that can be asked for: the clone, and the bare base where it is served as well."""
        return ModelList(data=[_model(id, served.engine, state.began) for id, served in state.models.items()])

    @found.get("/v1/models/{id}", responses=failures(401, 403, 404, 429))
    async def model(id: str, caller: Caller = Depends(who)) -> ModelInfo:
        """One of them."""
        if id not in state.models:
            raise Refusal(404, "model_not_found", "there is no such model; /v1/models lists them")
        return _model(id, state.models[id].engine, state.began)


def _model(id: str, engine: Engine, began: int) -> ModelInfo:
    about = {"kind": engine.spec.kind, "state": engine.state, "adapter": engine.spec.adapter or ""}
    return ModelInfo(id=id, created=began, csb=about)


def _votes(found: APIRouter, state: State, who: Who) -> None:
    there: Responses = {200: {"model": Stored, "description": "It was there already."}}

    @found.post(
        "/v1/feedback",
        status_code=201,
        response_model=Stored,
        responses={**there, **ALWAYS, **failures(404, 409, 503)},
    )
    async def feedback(vote: FeedbackRequest, caller: Caller = Depends(who)) -> JSONResponse:
        """Record what the owner thinks of an answer; when this answers, it is on disk."""
        if not caller.owner:
            raise Refusal(403, "owner_only", "only the owner's key may vote")
        record = await votes.record(state, vote)
        try:
            new = await run_in_threadpool(state.votes.add, record)
        except Conflict:
            raise Refusal(409, "conflict", "there is another vote with this id") from None
        except UserError as error:
            told = "the vote could not be stored; send it again later"
            raise not_stored(error, "a vote was not stored", told) from None
        if new:
            state.metrics.votes.labels(vote.verdict).inc()
        return JSONResponse({"id": vote.id, "stored": new}, 201 if new else 200)


def _links(found: APIRouter, state: State, who: Who) -> None:
    @found.post("/v1/links", status_code=201, responses=failures(401, 403, 413, 415, 429, 503))
    async def link(caller: Caller = Depends(who)) -> Link:
        """A word that opens the chat page once, with the owner's key. Needs the owner's key."""
        if not caller.owner:
            raise Refusal(403, "owner_only", "only the owner's key may make a link")
        if state.links is None:
            raise Refusal(503, "no_links", "this server makes no links")
        return Link(once=state.links.new())

    @found.post("/v1/links/open", responses=failures(400, 403, 410, 413, 415, 429))
    async def open(link: Link, request: Request) -> OwnerKey:
        """The owner's key for such a word, which is void from then on."""
        _limit(state, request)
        key = state.links.take(link.once) if state.links else None
        if key is None:
            raise Refusal(410, "link_used", "this link was used before; csb serve has printed a new one")
        return OwnerKey(key=key)


def _about(found: APIRouter, state: State, who: Who) -> None:
    @found.get("/v1/card", responses=failures(401, 403, 429))
    async def card(caller: Caller = Depends(who)) -> CardInfo:
        """What a chat page needs to know about the clone and about who asks."""
        contacts = state.contacts.items() if caller.owner else ()
        return CardInfo(
            name=state.card.name,
            language=state.card.language,
            separator=state.card.separator,
            model=next(iter(state.models)),
            models=[CardModel(id=id, kind=served.engine.spec.kind) for id, served in state.models.items()],
            owner=caller.owner,
            votes=caller.owner,
            memory=state.memory is not None,
            contacts=[CardContact(id=id, name=one.name, relation=one.relation) for id, one in contacts],
        )

    @found.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **failures(401, 403, 429)},
    )
    async def metrics(caller: Caller = Depends(who)) -> Response:
        """Counters for Prometheus."""
        return Response(state.metrics.page(), media_type="text/plain; version=0.0.4")


def _health(found: APIRouter, state: State, who: Who) -> None:
    def health() -> Health:
        engines = state.states()
        ready = all(one == "ready" for one in engines.values())
        return Health(status="ok" if ready else "starting", engines=engines)

    @found.get("/healthz", responses=failures(403))
    async def healthz() -> Health:
        """The gateway lives."""
        return health()

    @found.get("/readyz", response_model=Health, responses={503: {"model": Health}, **failures(403)})
    async def readyz() -> JSONResponse:
        """200 when every engine answers, 503 before."""
        found = health()
        return JSONResponse(found.model_dump(), 200 if found.status == "ok" else 503)
