"""The Modelfile's template as Go renders it, against the prompt of training, for every template of the presets."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chatstylebot.models import presets

HERE = Path(__file__).parent
# what the engine makes of each template: Ollama's Go, and every prompt of training as text
TELL = """
import json, sys
from chatstylebot.engine import reference
found = {}
for name in sys.argv[2:]:
    tokenizer, template = reference.load(sys.argv[1], name)  # bytes are its letters: decoding gives the text itself
    texts = [tokenizer.decode(reference.prompt(tokenizer, template, talk)) for talk in reference.TALKS]
    talks = [reference.messages(talk) for talk in reference.TALKS]
    found[name] = {"ollama": template._get_ollama_template(tokenizer), "texts": texts, "talks": talks}
print("TOLD", json.dumps(found))
"""


@pytest.mark.engine
@pytest.mark.skipif(sys.platform != "linux", reason="Go's template engine comes in a wheel for Linux only")
def test_ollama_s_prompt_is_the_prompt_of_training_for_every_preset(tmp_path: Path) -> None:
    from go_template import render_template

    subprocess.run([sys.executable, HERE / "tiny_model.py", tmp_path / "hf"], check=True, capture_output=True)
    names = sorted({preset.template for preset in presets.load().values()})
    line = [sys.executable, "-c", TELL, tmp_path / "hf", *names]
    said = subprocess.run(line, check=True, capture_output=True, encoding="utf-8").stdout
    told = json.loads(next(row for row in said.splitlines() if row.startswith("TOLD")).removeprefix("TOLD"))
    compared = 0
    for name in names:
        (tmp_path / "t").write_text(told[name]["ollama"], "utf-8")
        for messages, text in zip(told[name]["talks"], told[name]["texts"], strict=True):
            # Ollama hands over the system text by itself and among the messages
            values = {"System": messages[0]["content"],
                      "Messages": [{"Role": m["role"], "Content": m["content"]} for m in messages]}  # fmt: skip
            (tmp_path / "v.yml").write_text(yaml.safe_dump(values, allow_unicode=True), "utf-8")
            render_template(str(tmp_path / "t"), str(tmp_path / "v.yml"), str(tmp_path / "out"))
            assert (tmp_path / "out").read_text("utf-8") == text, name
            compared += 1
    assert compared == 7 * len(names) >= 35
