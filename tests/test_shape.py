"""The rooms of DESIGN §3, their arrows, and what the light commands must not import."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "chatstylebot"
SHARED = {
    "errors",
    "card",
    "card_parts",
    "card_text",
    "contacts",
    "files",
    "progress",
    "processes",
    "words",
    "__init__",
}
ROOMS: dict[str, set[str]] = {
    "cli": {"commands"},
    "importers": {"corpus.messages"},
    "corpus": set(),
    "models": set(),
    "engine": {"models"},
    "training": {"engine", "models"},
    "feedback": {"training.datasets"},
    "memory": {"corpus"},
    "serving": {"engine", "models", "memory", "feedback", "client", "corpus.privacy"},
    "evaluation": {"client", "memory", "corpus"},
    "bot": {"client", "feedback"},
    "commands": {
        "importers",
        "corpus",
        "models",
        "engine",
        "training",
        "feedback",
        "memory",
        "serving",
        "evaluation",
        "bot",
        "client",
    },
}


def imports(path: Path) -> set[str]:
    """Every `chatstylebot.…` that a module imports, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names} | {node.module}
    return {name.removeprefix("chatstylebot.") for name in found if name.startswith("chatstylebot.")}


MODULES = sorted(PACKAGE.rglob("*.py"))


def test_modules_are_found() -> None:
    assert len(MODULES) > 15


def test_rooms_import_only_along_the_arrows() -> None:
    wrong = []
    for path in MODULES:
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for target in imports(path):
            other = target.split(".")[0]
            if other in SHARED | {"__version__"} or other == room or room == "__main__":
                continue
            arrows = ROOMS.get(room, set())
            if not any(target == arrow or target.startswith(arrow + ".") for arrow in arrows):
                wrong.append(f"{path.relative_to(PACKAGE)} → {target}")
    assert wrong == []


def test_no_command_imports_another() -> None:
    wrong = [
        f"{path.name} → {target}"
        for path in (PACKAGE / "commands").glob("*.py")
        for target in imports(path)
        if target.startswith("commands")
    ]
    assert wrong == []


def test_shared_modules_import_only_each_other() -> None:
    wrong = [
        f"{name} → {target}"
        for name in ("errors", "card", "card_parts", "card_text", "contacts", "words", "files", "progress", "processes")
        for target in imports(PACKAGE / f"{name}.py")
        if target.split(".")[0] not in SHARED
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


def test_the_data_stage_imports_neither_torch_nor_the_engine_TRN_1() -> None:
    assert not loaded("preprocess", "nowhere.csv") & {"torch", "transformers", "llamafactory", "fastapi", "gguf"}
