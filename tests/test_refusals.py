"""What a client is told about an error on the way, in OpenAI's shape and without a word of the engine's own."""

import pytest

from chatstylebot.client import Trouble
from chatstylebot.serving.prompt import Unfit
from chatstylebot.serving.refusals import body, refusal
from chatstylebot.serving.slots import Full


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unfit("no text", "invalid_messages"), 400, "invalid_messages"),
        (Full(7), 429, "queue_full"),
        (Trouble("secret", 400), 400, "refused_by_engine"),
        (Trouble("secret", 401), 502, "engine_refused"),
        (Trouble("secret", 404), 502, "engine_refused"),
        (Trouble("secret", 429), 429, "engine_busy"),
        (Trouble("secret", 500), 503, "engine_unavailable"),
        (Trouble("secret", 504), 504, "timeout"),
        (Trouble("secret"), 503, "engine_unavailable"),
    ],
)
def test_every_error_has_a_status_and_a_code(error: Exception, status: int, code: str) -> None:
    found = refusal(error)
    assert (found.status, found.code) == (status, code)
    assert "secret" not in found.message
    assert ("Retry-After" in found.headers) == (status in (429, 503))


def test_only_a_key_or_a_name_that_is_wrong_does_not_mend_itself() -> None:
    assert "404" in refusal(Trouble("x", 404)).message
    assert "try again later" not in refusal(Trouble("x", 404)).message
    assert "try again later" in refusal(Trouble("x")).message


def test_a_body_is_openai_s() -> None:
    assert body(429, "queue_full", "wait") == {
        "error": {"message": "wait", "type": "rate_limit_error", "code": "queue_full", "param": None}
    }
    assert body(503, None, "x")["error"]["type"] == "server_error"
    assert body(418, None, "x")["error"]["type"] == "invalid_request_error"
