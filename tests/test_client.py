"""What a server elsewhere sends, as the gateway reads it; the server is httpx's own transport for tests."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from chatstylebot.client import Client, Trouble


def client(answer: httpx.Response) -> Client:
    return Client("http://127.0.0.1:1/v1", "key", httpx.MockTransport(lambda request: answer))


def streamed(body: bytes) -> list[dict[str, Any]]:
    async def go() -> list[dict[str, Any]]:
        answer = httpx.Response(200, content=body, headers={"Content-Type": "text/event-stream"})
        return [chunk async for chunk in client(answer).stream({"messages": []})]

    return asyncio.run(go())


def test_a_character_that_python_takes_for_the_end_of_a_line_is_text() -> None:
    said = "a\u2028b\u2029c\x85d\x1ce"  # both engines send such characters as they are
    body = f"data: {json.dumps({'text': said}, ensure_ascii=False)}\n\ndata: [DONE]\n\n".encode()
    assert streamed(body) == [{"text": said}]


def test_lines_may_end_in_any_way_that_events_may_and_comments_are_no_events() -> None:
    body = b': still here\r\n\r\ndata: {"n": 1}\r\n\r\nevent: x\rdata:{"n": 2}\r\rdata: {"n": 3}\n\ndata: [DONE]'
    assert streamed(body) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_an_error_that_is_null_is_none() -> None:
    assert streamed(b'data: {"n": 1, "error": null}\n\ndata: [DONE]\n\n') == [{"n": 1, "error": None}]


def test_an_error_in_a_stream_and_a_stream_without_an_end_are_trouble() -> None:
    with pytest.raises(Trouble, match="no memory"):
        streamed(b'data: {"error": {"message": "no memory"}}\n\n')
    with pytest.raises(Trouble, match="broke off"):
        streamed(b'data: {"n": 1}\n\n')
    with pytest.raises(Trouble, match="not JSON"):
        streamed(b"data: {\n\n")


@pytest.mark.parametrize("body", ['{"data": 5}', '{"data": {"id": "x"}}', '{"data": [1]}', "[]", "null"])
def test_a_list_of_models_that_is_none_names_none_or_is_trouble(body: str) -> None:
    async def go() -> list[str]:
        return await client(httpx.Response(200, content=body.encode())).models()

    if body.startswith("{"):
        assert asyncio.run(go()) == []
    else:
        with pytest.raises(Trouble):
            asyncio.run(go())
