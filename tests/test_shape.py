"""The rooms of DESIGN §3, their arrows, and what the light commands must not import."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "chatstylebot"
# what all rooms may import
SHARED = {
    "errors", "card", "card_parts", "card_text", "contacts", "workspace", "files", "drafts", "locks", "progress",
    "processes", "words", "garbage", "looks", "database", "recalled", "live", "onward",
    "__version__",
}  # fmt: skip
# the arrows of DESIGN §3, also those of rooms that do not stand yet; `leash` is a program that serving starts
ROOMS: dict[str, set[str]] = {
    "__main__": {"cli"},
    "cli": {"commands"},
    "leash": set(),
    "client": set(),
    "importers": {"corpus.messages"},
    "corpus": set(),
    "models": set(),
    "engine": {"models"},
    "training": {"engine", "models"},
    "feedback": {"training.datasets", "corpus.privacy", "models"},
    "memory": {"corpus"},
    "serving": {"engine", "models", "memory", "feedback", "client", "corpus.privacy"},
    "evaluation": {"engine", "models", "client", "memory", "corpus"},
    "bot": {"client", "feedback"},
    "forgetting": {"corpus", "bot", "feedback", "models", "memory"},
}
ROOMS["commands"] = set(ROOMS) - {"__main__", "cli", "leash"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def _name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


NAMES = {_name(path) for path in MODULES}


def imports(source: str) -> set[str]:
    """Every module of ours that a source imports: in functions, under TYPE_CHECKING and by importlib, too.

    What is imported by a name that is put together (`import_module(f"chatstylebot.commands.{name}")`) is told as the
    part that stands there; a name that does not stand there at all is `?`.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                found |= {name.name for name in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                found |= {f"{module}.{name.name}" for name in node.names}
            case ast.ImportFrom():
                found.add("?")  # a relative import
            case ast.Call(func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__")):
                found.add(_literal(node.args[0]))
    inside = {name.removeprefix("chatstylebot.").strip(".") for name in found if name.startswith("chatstylebot")}
    return {_module(name) for name in inside} | ({"?"} & found)


def _literal(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)) | ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return text
    return "?"


def _module(name: str) -> str:
    """The module that holds a name: `card.Card` stands in `card`."""
    while name and name not in NAMES | {"__version__"}:
        name = name.rpartition(".")[0]
    return name or "__init__"


GRAPH = {_name(path): imports(path.read_text("utf-8")) for path in MODULES}


def allowed(name: str, target: str) -> bool:
    room, other = name.partition(".")[0], target.partition(".")[0]
    if other in {*SHARED, "__init__", room}:
        return True
    return any(target == arrow or target.startswith(f"{arrow}.") for arrow in ROOMS.get(room, ()))


def test_modules_are_found() -> None:
    assert len(GRAPH) > 200
    assert {name for name in SHARED if name != "__version__"} <= set(GRAPH)
    assert {name.partition(".")[0] for name in GRAPH} <= {*ROOMS, *SHARED, "__init__"}


def test_an_import_is_found_wherever_it_stands() -> None:
    source = """
from typing import TYPE_CHECKING
import importlib
from chatstylebot.card import Card
if TYPE_CHECKING:
    from chatstylebot.engine import talk
def late(name):
    from chatstylebot import files, progress
    import chatstylebot.models.presets
    importlib.import_module("chatstylebot.bot.talk")
    importlib.import_module(f"chatstylebot.commands.{name}")
"""
    assert imports(source) == {
        "card", "engine.talk", "files", "progress", "models.presets", "bot.talk", "commands"
    }  # fmt: skip
    assert imports("import_module(name)") == {"?"}
    assert imports("from . import card") == {"?"}
    assert not allowed("bot.talk", "engine.talk")
    assert allowed("serving.guard", "corpus.privacy.known_secrets")
    assert not allowed("serving.guard", "corpus.samples")


def test_rooms_import_only_along_the_arrows() -> None:
    wrong = [
        f"{name} → {target}"
        for name, targets in GRAPH.items()
        for target in sorted(targets)
        if not allowed(name, target)
    ]
    assert wrong == []


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """One way round that comes back to where it began; [] where there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph.get(name, ())):
            if target != name and (found := walk(target, [*way, name])):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def test_no_imports_run_in_a_circle() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert cycle(GRAPH) == []


def test_no_command_imports_another() -> None:
    commands = {name: targets for name, targets in GRAPH.items() if name.startswith("commands.")}
    assert commands
    assert [f"{a} → {b}" for a, targets in commands.items() for b in targets if b.startswith("commands")] == []


def test_shared_modules_import_only_each_other() -> None:
    wrong = [f"{name} → {b}" for name in SHARED for b in GRAPH.get(name, ()) if b not in {*SHARED, "__init__"}]
    assert wrong == []


def test_only_the_workspace_says_where_things_lie() -> None:
    names = {".csb", "clone.yaml", "contacts.yaml", "saves", "exported"}
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in MODULES
        if path.name != "workspace.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant)
        if str(node.right.value).split("/")[0] in names
    ]
    assert wrong == []


def test_only_the_cli_exits_and_nothing_swallows_every_exception() -> None:
    wrong = []
    for path in MODULES:
        if path.name in ("cli.py", "__main__.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.exit":
                wrong.append(f"{path.name}: sys.exit")
            if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception"):
                wrong.append(f"{path.name}: except Exception")
    assert wrong == []


def loaded(*argv: str) -> set[str]:
    """The top-level modules that are loaded after `csb ARGV`."""
    code = (
        "import sys\nfrom chatstylebot.cli import main\n"
        f"try: main({list(argv)!r})\nexcept SystemExit: pass\n"
        "sys.stderr.write('LOADED ' + ' '.join({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.rpartition("LOADED ")[2].split())


def test_help_imports_nothing_heavy() -> None:
    assert not loaded("--help") & {"torch", "polars", "fastapi", "pydantic", "rich", "transformers", "llamafactory"}


def test_training_and_the_bot_load_no_tables() -> None:
    assert "polars" not in loaded("train", "--dry-run")
    assert "polars" not in loaded("bot", "run", "terminal", "--server", "http://127.0.0.1:9")


def test_the_data_stage_imports_neither_torch_nor_the_engine_TRN_1() -> None:
    assert not loaded("preprocess", "nowhere.csv") & {"torch", "transformers", "llamafactory", "fastapi", "gguf"}
