"""The prompt of training is the prompt of the engine's own API and of Ollama, for every template of the presets.

That of llama.cpp is compared whenever a GGUF is made (engine/gguf.py).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatstylebot.models import presets

HERE = Path(__file__).parent
# what the engine makes of each template: its Ollama template, and each prompt in training and in the API
TELL = """
import json, sys
from types import SimpleNamespace
from chatstylebot.engine import reference
from llamafactory.chat.hf_engine import HuggingfaceEngine

model = SimpleNamespace(device="cpu", config=None)
keys = ("do_sample", "temperature", "top_p", "top_k", "repetition_penalty", "length_penalty", "skip_special_tokens")
found = {}
for name in sys.argv[2:]:
    tokenizer, template = reference.load(sys.argv[1], name)
    rows = []
    for talk in reference.TALKS:
        messages = reference.messages(talk)
        trained = reference.prompt(tokenizer, template, talk)
        asked = (model, tokenizer, None, template, dict.fromkeys(keys), messages[1:], messages[0]["content"])
        served = HuggingfaceEngine._process_args(*asked)[0]["inputs"][0].tolist()
        # the tiny model's tokens are bytes: decoding gives the text itself
        rows.append({"messages": messages, "trained": trained, "served": served, "text": tokenizer.decode(trained)})
    found[name] = {"ollama": template._get_ollama_template(tokenizer), "rows": rows}
print("TOLD", json.dumps(found))
"""
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Each template's prompts, with the tiny model's tokenizer."""
    folder = tmp_path_factory.mktemp("hf")
    subprocess.run([sys.executable, HERE / "tiny_model.py", folder], check=True, capture_output=True)
    names = sorted({preset.template for preset in presets.load().values()})
    done = subprocess.run([sys.executable, "-c", TELL, folder, *names], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.rpartition("TOLD")[2])
    assert list(found) == names
    assert len(names) >= 5
    return found


def test_the_engine_s_api_reads_the_ids_of_training(told: dict[str, Any]) -> None:
    for name, about in told.items():
        for row in about["rows"]:
            assert row["served"] == row["trained"] != [], name


@pytest.mark.skipif(sys.platform != "linux", reason="Go's template engine comes in a wheel for Linux only")
def test_ollama_s_prompt_is_the_prompt_of_training(told: dict[str, Any], tmp_path: Path) -> None:
    from go_template import render_template

    for name, about in told.items():
        (tmp_path / "t").write_text(about["ollama"], "utf-8")
        for row in about["rows"]:
            # Ollama hands over the system text by itself and among the messages
            messages = [{"Role": one["role"], "Content": one["content"]} for one in row["messages"]]
            values = {"System": messages[0]["Content"], "Messages": messages}
            (tmp_path / "v.yml").write_text(yaml.safe_dump(values, allow_unicode=True), "utf-8")
            render_template(str(tmp_path / "t"), str(tmp_path / "v.yml"), str(tmp_path / "out"))
            assert (tmp_path / "out").read_text("utf-8") == row["text"], name
