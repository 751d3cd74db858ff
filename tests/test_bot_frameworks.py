"""Bot frameworks as clients of the gateway: requests in the shapes that AstrBot and LangBot send (docs/channels.md)."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway import OWNER, Running, limits, running
from patience import LIMIT

from chatstylebot.card import Card

SAFE = "You are running in Safe Mode. Do not …\nCurrent datetime: 2026-09-12 00:00 (CST)"
NOTE = "<system_reminder>Current datetime: 2026-09-12 00:00 (CST)</system_reminder>"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "web_search",
            "description": "Search.",
            "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
        },
    }
]
CARD = Card(name="小林", system="你是{name}，在和{contact}聊天。", history=5)


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("frameworks"), card=CARD, choices=limits()) as found:
        yield found


def post(where: Running, body: dict[str, Any]) -> httpx.Response:
    """A request as the `openai` package sends it, which both frameworks use."""
    headers = {"Authorization": f"Bearer {OWNER}", "X-Stainless-Lang": "python", "User-Agent": "AsyncOpenAI/Python"}
    answer = httpx.post(f"{where.v1}/chat/completions", json=body, headers=headers, timeout=LIMIT)
    assert answer.status_code == 200, answer.text
    return answer


def served(answer: httpx.Response) -> list[dict[str, str]]:
    """The messages as the engine got them."""
    found: list[dict[str, str]] = json.loads(answer.json()["choices"][0]["message"]["content"])["messages"]
    return found


def astrbot(*said: Any, **more: Any) -> dict[str, Any]:
    """AstrBot's chat completion: its own system text first, tools always, the words as parts with a note."""
    last = {"role": "user", "content": [{"type": "text", "text": said[-1]}, {"type": "text", "text": NOTE}]}
    body = {"model": "clone", "messages": [{"role": "system", "content": SAFE}, *said[:-1], last]}
    return body | {"tools": TOOLS, "tool_choice": "auto", "stream": False} | more


def test_astrbot_s_safe_mode_tools_and_notes_never_reach_the_clone_SRV_3(where: Running) -> None:
    history = [
        {"role": "user", "content": [{"type": "text", "text": "在吗"}, {"type": "text", "text": NOTE}]},
        {"role": "assistant", "content": "在"},
        {"role": "user", "content": f"去哪\n{NOTE}"},
        {"role": "user", "content": "人呢"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "web_search", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "a page"},
        {"role": "assistant", "content": [{"type": "text", "text": "路上"}]},
    ]  # fmt: skip
    found = served(post(where, astrbot(*history, "!show")))
    assert [(m["role"], m["content"]) for m in found] == [
        ("system", "你是小林，在和朋友聊天。"), ("user", "在吗"), ("assistant", "在"), ("user", "去哪\n人呢"),
        ("assistant", "路上"), ("user", "!show"),
    ]  # fmt: skip


def test_astrbot_s_stream_ends_with_its_usage(where: Running) -> None:
    body = astrbot("好的 马上来", stream=True, stream_options={"include_usage": True})
    lines = [line.removeprefix("data: ") for line in post(where, body).text.split("\n\n") if line]
    chunks = [json.loads(line) for line in lines[:-1]]
    assert lines[-1] == "[DONE]"
    assert "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"]) == "好的 马上来"
    assert chunks[-1]["usage"]["total_tokens"] > 0


def test_langbot_s_request_with_fields_we_do_not_know_is_answered(where: Running) -> None:
    messages = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "name": "20002", "content": "在吗", "resp_message_id": "x"},
        {"role": "assistant", "content": "在", "is_final": True},
        {"role": "user", "content": "!show"},
    ]
    body = {"model": "gpt-4o", "messages": messages, "tools": TOOLS, "enable_thinking": False}
    found = served(post(where, body))
    assert [m["content"] for m in found] == ["你是小林，在和朋友聊天。", "在吗", "在", "!show"]


def test_the_list_of_models_that_both_ask_for_names_the_clone(where: Running) -> None:
    rows = httpx.get(f"{where.v1}/models", headers={"Authorization": f"Bearer {OWNER}"}).json()["data"]
    assert [row["id"] for row in rows] == ["clone"]
