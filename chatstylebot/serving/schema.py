"""What the gateway reads and writes: OpenAI's chat completions, and what we add under `csb`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chatstylebot.feedback.records import Verdict

MAX_MESSAGES = 2000
MAX_ANSWERS = 4  # n
MAX_STOPS = 8
MAX_NOTES = 200
Text = Annotated[str, StringConstraints(max_length=200_000)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:-]+$")]
Stop = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Lenient(BaseModel):
    """A request of somebody else's program: keys we do not know are its business."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())


class Message(Lenient):
    """One message. `content` is a string, or a list of parts of which only text is read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[dict[str, Any]] | None = None


class StreamOptions(Lenient):
    """Whether the last chunk tells the usage."""

    include_usage: bool = False


class Extra(Lenient):
    """Ours: who is talking (an id, alias or name of contacts.yaml; `owner`: the owner), by which the memory tells what
    it tells; or notes in the place of the memory's, the most useful first, of which as many are shown to the model as
    fit. All need the owner's key."""

    contact: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    owner: bool = False
    memory: Annotated[list[Text], Field(max_length=MAX_NOTES)] | None = None


class ChatRequest(Lenient):
    """A chat completion. What is left out comes from the clone card; `tools` and other keys are ignored."""

    messages: list[Message] = Field(min_length=1, max_length=MAX_MESSAGES)
    model: Annotated[str, StringConstraints(max_length=200)] | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(1, ge=1, le=MAX_ANSWERS)
    stop: Stop | Annotated[list[Stop], Field(max_length=MAX_STOPS)] | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    csb: Extra | None = None

    @property
    def stops(self) -> list[str]:
        """The stop strings as a list."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def limit(self) -> int | None:
        """How many tokens a reply may have, when the client says so."""
        return self.max_completion_tokens or self.max_tokens


class FeedbackMessage(BaseModel):
    """A message as it was sent."""

    role: Literal["system", "user", "assistant"]
    content: Text


class FeedbackRequest(Lenient):
    """A vote on a completion. A vote sent again with the same id counts once; a changed mind is a new id."""

    id: Id
    completion: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    verdict: Verdict
    index: int = Field(0, ge=0, lt=MAX_ANSWERS)
    text: Text | None = Field(None, description="The owner's own words, for `edited`.")
    source: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$")] = "api"
    messages: list[FeedbackMessage] | None = Field(None, max_length=MAX_MESSAGES)
    candidates: list[Text] | None = Field(None, min_length=1, max_length=MAX_ANSWERS)
    model: Annotated[str, StringConstraints(max_length=200)] | None = None
    contact: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="Who was talking, for an answer that the gateway no longer knows."
    )


class Stored(BaseModel):
    """The vote is on disk; `stored` is false when it was there already."""

    id: str
    stored: bool


class Link(Lenient):
    """What stands behind `#once=` in a link to the chat page."""

    once: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class OwnerKey(BaseModel):
    """The owner's key."""

    key: str


class ErrorBody(BaseModel):
    """What went wrong, in OpenAI's shape."""

    message: str
    type: str
    code: str | None = None
    param: str | None = None


class Failure(BaseModel):
    """An error's body."""

    error: ErrorBody


class ModelInfo(BaseModel):
    """A model; `csb.kind` is clone or base, `csb.adapter` tells one training run from another."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "chatstylebot"
    csb: dict[str, str]


class ModelList(BaseModel):
    """The models that can be asked for."""

    object: Literal["list"] = "list"
    data: list[ModelInfo]


class AnswerMessage(BaseModel):
    """A reply: its text is in the card's format, bubbles joined by the separator."""

    role: Literal["assistant"] = "assistant"
    content: str


class Bubbles(BaseModel):
    """A reply's bubbles, for clients that want them."""

    bubbles: list[str]


class Choice(BaseModel):
    """One reply."""

    index: int
    message: AnswerMessage
    finish_reason: Literal["stop", "length"]
    logprobs: None = None
    csb: Bubbles


class Usage(BaseModel):
    """Tokens, as the engine counts them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatResponse(BaseModel):
    """A chat completion; `csb.bubbles` are those of the first choice."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | None
    csb: Bubbles


class CardModel(BaseModel):
    """A model as the chat page shows it."""

    id: str
    kind: Literal["clone", "base"]


class CardContact(BaseModel):
    """Somebody the owner may say is talking."""

    id: str
    name: str | None
    relation: str | None


class CardInfo(BaseModel):
    """What the chat page needs to know."""

    name: str
    language: Literal["zh", "en"]
    separator: str
    model: str
    models: list[CardModel]
    owner: bool
    votes: bool
    memory: bool
    contacts: list[CardContact]


class Health(BaseModel):
    """Whether the gateway lives, and each engine's state."""

    status: Literal["ok", "starting"]
    engines: dict[str, str]
