"""A hub on loopback: what `hf download` asks of huggingface.co, answered from memory; large files come slowly."""

import json
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 1 << 16  # bytes that are sent at a time
PAUSE = 0.02  # seconds between two of them
SHA = "0123456789abcdef0123456789abcdef01234567"


def safetensors(values: bytes = bytes(16)) -> bytes:
    """The smallest file of weights."""
    tensor = {"w": {"dtype": "F32", "shape": [len(values) // 4], "data_offsets": [0, len(values)]}}
    header = json.dumps(tensor).encode()
    return struct.pack("<Q", len(header)) + header + values


TINY = {
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "model.safetensors": safetensors(),
    "original/consolidated.00.pth": b"16 GB that nobody reads",
}


class Hub(BaseHTTPRequestHandler):
    """The endpoints of huggingface.co that `hf download` asks: model info, file list, HEAD and GET of a file."""

    asked: list[str]
    files: Mapping[str, bytes] = TINY

    def log_message(self, *_: object) -> None: ...

    def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), "X-Repo-Commit": SHA, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            with suppress(ConnectionError):  # whoever asked is dead
                for at in range(0, len(body), PIECE):
                    self.wfile.write(body[at : at + PIECE])
                    time.sleep(PAUSE if len(body) > PIECE else 0)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.asked.append(path)
        if "/key/" in path:
            return self.answer(401, b"{}", X_Error_Message="Invalid credentials in Authorization header")
        if "/gated/" in path:
            return self.answer(403, b"{}", X_Error_Code="GatedRepo", X_Error_Message="Access is restricted")
        if "/tiny/model" not in path:
            return self.answer(404, b"{}", X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
        if "/tree/" in path:
            files = [{"type": "file", "path": n, "size": len(b), "oid": SHA} for n, b in self.files.items()]
            return self.answer(200, json.dumps(files).encode(), Content_Type="application/json")
        if path.startswith("/api/"):
            info = {"id": "tiny/model", "sha": SHA, "siblings": [{"rfilename": name} for name in self.files]}
            return self.answer(200, json.dumps(info).encode(), Content_Type="application/json")
        body = self.files[path.split(f"/resolve/{SHA}/")[1]]
        return self.answer(200, body, ETag=f'"{abs(hash(body)):040x}"', Accept_Ranges="bytes")


@contextmanager
def serving(home: Path, files: Mapping[str, bytes] = TINY) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The environment that leads to such a hub, and what it was asked; in `home` the hub's command keeps things."""
    handler = type("OneHub", (Hub,), {"asked": [], "files": files})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}, handler.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
