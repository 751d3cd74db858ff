"""What llama.cpp makes of a GGUF: `python -m chatstylebot.engine.gguf_probe MODEL.gguf REFERENCE.json OUT.json`.

For each case of REFERENCE.json (engine/reference.py): the prompt it renders, its ids, how many tokens it reads, and the
likeliest token after the prompt and each part of the reference's answer. A child process: a broken GGUF may end it.
"""

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

ROOM = 1024  # tokens, for prompt and answer


def post(address: str, path: str, body: dict[str, Any]) -> Any:
    """One answer of the server."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine, never a proxy
    with opener.open(request, timeout=600) as answer:
        return json.load(answer)


def case(address: str, told: dict[str, Any]) -> dict[str, Any]:
    """What llama.cpp makes of one case."""
    text = post(address, "/apply-template", {"messages": told["messages"]})["prompt"]
    ids = post(address, "/tokenize", {"content": text, "add_special": False, "parse_special": True})["tokens"]
    answer = post(address, "/v1/chat/completions", {"messages": told["messages"], "temperature": 0, "max_tokens": 1})
    if not answer.get("choices"):
        raise SystemExit(f"llama.cpp answers: {answer.get('error')}")
    given = told["answer"] or []
    follows = [likeliest(address, told["ids"] + given[:number]) for number in range(len(given))]
    return {"text": text, "ids": ids, "read": answer["usage"]["prompt_tokens"], "answer": follows}


def likeliest(address: str, ids: list[int]) -> int:
    """The likeliest token after these."""
    asked = {"prompt": ids, "n_predict": 1, "temperature": 0, "return_tokens": True, "cache_prompt": True}
    [token] = post(address, "/completion", asked)["tokens"]
    return int(token)


def main(model: str, reference: Path, out: Path) -> None:
    """The program."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_parallel, params.n_ctx = 1, ROOM
    params.cors_origins, params.endpoint_slots, params.port = "", False, 0
    params.force_pure_content_parser = True
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    server = xllamacpp.Server(params)
    cases = json.loads(reference.read_text("utf-8"))["cases"]
    found = [case(server.listening_address, told) for told in cases]
    out.write_text(json.dumps(found, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
