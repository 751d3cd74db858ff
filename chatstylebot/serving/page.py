"""The chat page: static files under headers that let nothing else in."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Response

FOLDER = Path(__file__).with_name("page")
# written down, because Windows reads the types of files from its registry, where .js may be anything
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# what the model writes can become nothing but text: no script, style, frame, form or request of another origin
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class File:
    """One static file, read once."""

    content: bytes
    kind: str
    tag: str


def read(path: Path) -> File:
    """The file with its media type and a tag of its content."""
    content = path.read_bytes()
    return File(content, TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:24]}"')


def answer(file: File, known: str | None) -> Response:
    """The file, or 304 when the browser has exactly this one."""
    headers = HEADERS | {"ETag": file.tag}
    if known and file.tag in known:
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers | {"Content-Type": file.kind})


def mount(app: FastAPI) -> None:
    """Serve the page at `/` and its parts below `/page/`; a name that is no file of ours is 404."""
    files = {path.name: read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}

    def part(name: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
        if name not in files:
            raise HTTPException(404)
        return answer(files[name], if_none_match)

    def index(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        return answer(files["index.html"], if_none_match)

    app.add_api_route("/", index, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/page/{name}", part, methods=["GET", "HEAD"], include_in_schema=False)
