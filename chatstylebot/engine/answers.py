"""Questions answered by one or more models, in a child process: `python -m chatstylebot.engine.answers FILE`.

FILE holds {"models": {name: engine keys}, "questions": [{"system", "history", "incoming"}], "seed": int}; the answers,
{name: [text, …]}, go into FILE with the ending .answers.json. The engine's own ChatModel does the work.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chatstylebot import files
from chatstylebot.engine import llamafactory


def ask(
    models: Mapping[str, Mapping[str, Any]], questions: Sequence[Mapping[str, Any]], folder: Path, seed: int = 7
) -> dict[str, list[str]]:
    """The answers of each model to each question; works in `folder`. Raises UserError."""
    task = files.private_folder(folder) / "questions.json"
    files.write_json(task, {"models": dict(models), "questions": list(questions), "seed": seed}, private=True)
    env = llamafactory.quiet() | {"LLAMAFACTORY_VERBOSITY": "ERROR"}
    log = folder / "answers.log"
    log.unlink(missing_ok=True)
    told = task.with_suffix(".answers.json")
    try:
        llamafactory.run(llamafactory.Call((sys.executable, "-m", __name__, str(task)), env, folder), log)
        found: dict[str, list[str]] = files.read_json(told)
    finally:
        for path in (task, told):  # what people wrote
            path.unlink(missing_ok=True)
    return found


def messages(question: Mapping[str, Any]) -> list[dict[str, str]]:
    """A held-out row as the engine's messages, without the system text."""
    turns = [text for pair in question["history"] for text in pair] + [question["incoming"]]
    return [{"role": "user" if n % 2 == 0 else "assistant", "content": text} for n, text in enumerate(turns)]


def _main(task: Path) -> None:
    from llamafactory.chat import ChatModel
    from transformers import set_seed

    told = json.loads(task.read_text("utf-8"))
    found: dict[str, list[str]] = {}
    for name, values in told["models"].items():
        model = ChatModel(dict(values))
        found[name] = []
        for number, question in enumerate(told["questions"]):
            set_seed(told["seed"] + number)
            [answer] = model.chat(messages(question), system=question["system"])
            found[name].append(answer.response_text.strip())
    files.write_json(task.with_suffix(".answers.json"), found, private=True)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
