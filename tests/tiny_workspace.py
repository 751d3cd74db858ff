"""A workspace for tests with the real engine: chats, samples, and a tiny random model under the name of smollm2."""

import os
import subprocess
import sys
from pathlib import Path

from make import export, talk

HERE = Path(__file__).parent
FAST = ("cutoff_len=128", "per_device_train_batch_size=4", "gradient_accumulation_steps=1", "plot_loss=false")


def csb(folder: Path, *argv: object, code: int | None = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """`csb …` typed in the folder; `code` is how it has to end, None: as it likes."""
    line = [sys.executable, "-m", "chatstylebot", *map(str, argv)]
    whole = os.environ | {"PYTHONUTF8": "1"} | env
    done = subprocess.run(line, cwd=folder, env=whole, capture_output=True, encoding="utf-8")
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done


def gguf(file: Path, *more: str) -> Path:
    """The tiny model as this GGUF of 32 bits; `more` is what tiny_model.py takes behind the folder."""
    model = file.with_name("hf")
    subprocess.run([sys.executable, HERE / "tiny_model.py", model, *more], check=True, capture_output=True)
    line = [sys.executable, "-m", "chatstylebot.engine.converter", model, "--outtype", "f32", "--outfile", file]
    subprocess.run(line, check=True, capture_output=True)
    return file


def make(folder: Path) -> Path:
    """The folder as such a workspace, ready to be trained in."""
    model = folder / "models" / "SmolLM2-135M-Instruct"
    subprocess.run([sys.executable, HERE / "tiny_model.py", model], check=True, capture_output=True)
    csb(folder, "init", ".", "--name", "Mia", "--language", "en", "--model", "smollm2")
    lines = [f"{who}: {who} says {n} lol" for n in range(60) for who in ("A", "me")]
    csb(folder, "preprocess", export(folder / "m.csv", talk(*lines)))
    csb(folder, "id-tag", "--author", "Lee")
    return folder
