"""The API's description as one plain page: no script, nothing from elsewhere."""

import html
import json
from collections.abc import Iterable, Mapping
from typing import Any

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; font-family: ui-monospace, monospace; font-size: 1.1rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem .3rem 0;
vertical-align: top; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
pre { overflow: auto; padding: .8rem; border-radius: .4rem;
background: color-mix(in srgb, currentColor 7%, transparent); }
"""
EXAMPLE = {"messages": [{"role": "user", "content": "晚上吃什么？"}], "stream": False}


def page(schema: Mapping[str, Any]) -> str:
    """The page for an OpenAPI schema."""
    info = schema["info"]
    parts = [f"<!doctype html><html lang=en><meta charset=utf-8><title>{_(info['title'])} API</title>"]
    parts += ['<meta name=viewport content="width=device-width, initial-scale=1">', f"<style>{STYLE}</style>"]
    parts += [f"<h1>{_(info['title'])} {_(info['version'])}: the API</h1>"]
    parts += ["<p>OpenAI's own clients work: base URL <code>/v1</code>, any model name, the key from <code>.csb/keys"]
    parts += ["</code> where one is needed. The whole description: <a href=/openapi.json>openapi.json</a>.</p>"]
    parts += [f"<pre>{_(_curl())}</pre>"]
    for path, methods in schema["paths"].items():
        for method, what in methods.items():
            parts += _operation(schema, method.upper(), path, what)
    return "\n".join(parts)


def _(text: object) -> str:
    return html.escape(str(text))


def _curl() -> str:
    body = json.dumps(EXAMPLE, ensure_ascii=False)
    return f"curl http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' -d '{body}'"


def _operation(schema: Mapping[str, Any], method: str, path: str, what: Mapping[str, Any]) -> Iterable[str]:
    yield f"<h2>{_(method)} {_(path)}</h2><p>{_(what.get('description', ''))}</p>"
    content = what.get("requestBody", {}).get("content", {})
    for body in content.values():
        yield from _fields(schema, body["schema"])
    yield "<p>Answers: " + ", ".join(f"<code>{_(status)}</code>" for status in what["responses"]) + "</p>"


def _fields(schema: Mapping[str, Any], body: Mapping[str, Any]) -> Iterable[str]:
    model = schema["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    needed = model.get("required", [])
    yield f"<p>{_(model.get('description', ''))}</p><table><tr><th>key<th>type<th>default"
    for name, field in model["properties"].items():
        default = "required" if name in needed else json.dumps(field.get("default"))
        yield f"<tr><td><code>{_(name)}</code><td>{_(_type(field))}<td>{_(default)}"
    yield "</table>"


def _type(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"] if one.get("type") != "null")
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "enum" in field:
        return ", ".join(field["enum"])
    bounds = [f"{sign} {field[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in field]
    inner = f" of {_type(field['items'])}" if "items" in field else ""
    return " ".join([str(field.get("type", "any")) + inner, *bounds])
