"""What the chats of a GGUF need is known before llama.cpp is started, and what would fit is told."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Csb
from gguf_files import gguf

from chatstylebot.errors import UserError
from chatstylebot.models import gguf_head
from chatstylebot.processes import free_port
from chatstylebot.serving import room

# SmolLM2-135M
SMOL: dict[str, Any] = {
    "general.architecture": "llama", "llama.block_count": 30, "llama.attention.head_count": 9,
    "llama.attention.head_count_kv": 3, "llama.embedding_length": 576, "llama.context_length": 8192,
}  # fmt: skip
MIB = 1 << 20


def test_the_control_tokens_of_a_vocabulary_are_read(tmp_path: Path) -> None:
    more = {"tokenizer.ggml.tokens": ["a", "<end>", "b"], "tokenizer.ggml.token_type": [1, 3, 4]}
    assert gguf_head.control(gguf(tmp_path / "a.gguf", SMOL | more)) == ["<end>"]
    assert gguf_head.control(gguf(tmp_path / "b.gguf", SMOL)) == []


@pytest.mark.parametrize("text", ["", "[1]", "{", '"x"', 7])
def test_a_gguf_that_says_nothing_or_nonsense_was_made_of_nothing_known(tmp_path: Path, text: str | int) -> None:
    said = {gguf_head.MADE_OF: json.dumps({"adapter": "a1"})}
    assert gguf_head.made_of(gguf(tmp_path / "a.gguf", SMOL | said)) == {"adapter": "a1"}
    assert gguf_head.made_of(gguf(tmp_path / "b.gguf", SMOL | {gguf_head.MADE_OF: text})) == {}
    assert gguf_head.made_of(gguf(tmp_path / "c.gguf", SMOL)) == {}
    (tmp_path / "d.gguf").write_bytes(b"GGUF")
    assert gguf_head.made_of(tmp_path / "d.gguf") == gguf_head.made_of(tmp_path / "nowhere.gguf") == {}


def test_a_head_is_read_whatever_stands_in_it(tmp_path: Path) -> None:
    words = ["a", "词", "c" * 300]
    more = {
        "x.on": True,
        "x.part": 0.5,
        "tokenizer.ggml.tokens": words,
        "x.many": list(range(5000)),
        "x.nested": [[1], [2]],
    }
    found = gguf_head.read(gguf(tmp_path / "a.gguf", more | SMOL | {"x.few": [1, 2]}))
    assert found | SMOL == found
    assert (found["x.on"], found["x.part"], found["x.few"]) == (True, 0.5, [1, 2])
    assert (found["tokenizer.ggml.tokens"], found["x.many"], found["x.nested"]) == (3, 5000, 2)


def test_a_file_that_is_no_gguf_or_ends_early_is_told_wherever_it_ends(tmp_path: Path) -> None:
    whole = gguf(tmp_path / "a.gguf", SMOL | {"x.list": ["a", "b"]}).read_bytes()
    for end in range(4, len(whole) - 1, 7):
        (tmp_path / "cut.gguf").write_bytes(whole[:end])
        with pytest.raises(UserError, match=r"cut.gguf is damaged"):
            gguf_head.read(tmp_path / "cut.gguf")
    (tmp_path / "b.gguf").write_bytes(b"<html>")
    with pytest.raises(UserError, match="is no GGUF file"):
        gguf_head.read(tmp_path / "b.gguf")
    with pytest.raises(UserError, match="version 1"):
        gguf_head.read(gguf(tmp_path / "c.gguf", SMOL, version=1))
    with pytest.raises(UserError, match="cannot be read"):
        gguf_head.read(tmp_path / "nowhere.gguf")


def test_the_cache_of_smollm2_is_what_was_measured() -> None:
    found = room.need(SMOL, 138 * MIB)
    assert found.token == 30 * 3 * (64 + 64) * 2
    # the resident memory beside the file, measured: 399 and 2,928 MiB
    assert (found.total(8, 2048) - found.weights) / MIB == pytest.approx(399, rel=0.1)
    assert (found.total(32, 4096) - found.weights) / MIB == pytest.approx(2928, rel=0.05)


def test_heads_of_their_own_width_and_heads_by_layer_are_counted() -> None:
    wide = SMOL | {"llama.attention.key_length": 128, "llama.attention.value_length": 96}
    assert room.need(wide, 0).token == 30 * 3 * (128 + 96) * 2
    by_layer = SMOL | {"llama.attention.head_count_kv": [3] * 10 + [0] * 20}
    assert room.need(by_layer, 0).token == 10 * 3 * 128 * 2
    every = {key: given for key, given in SMOL.items() if not key.endswith("head_count_kv")}
    assert room.need(every, 0).token == 30 * 9 * 128 * 2


@pytest.mark.parametrize("more", [{"general.architecture": "x"}, {"llama.attention.sliding_window": 512}])
def test_what_cannot_be_known_refuses_nothing_but_the_file_itself(more: dict[str, Any]) -> None:
    head = SMOL | more
    room.check([room.need(head, 100 * MIB)], 512, 1 << 20, 200 * MIB)
    with pytest.raises(UserError, match=r"0\.2 GB of memory is free"):
        room.check([room.need(head, 300 * MIB)], 1, 256, 200 * MIB)


@pytest.mark.parametrize(
    ("chats", "context", "free", "remedy"),
    [
        (8, 2048, 400 * MIB, "--chats 4,"),
        (8, 2048, 220 * MIB, "--chats 1 --context 768,"),
        (8, 2048, 204 * MIB, "end other programs, or take a smaller model"),
        (1, 8192, 300 * MIB, "--chats 1 --context 4352,"),
    ],
)
def test_what_would_fit_is_told_and_does_fit(chats: int, context: int, free: int, remedy: str) -> None:
    smol = room.need(SMOL, 138 * MIB)
    with pytest.raises(UserError, match="GB of memory is free") as error:
        room.check([smol], chats, context, free)
    assert remedy in error.value.remedy
    words = error.value.remedy.split(",")[0].split()
    told = dict(zip(words[::2], words[1::2], strict=True)) if words[0] == "--chats" else {}
    if told:
        room.check([smol], int(told["--chats"]), int(told.get("--context", context)), free)


def test_enough_memory_or_none_that_is_known_is_no_obstacle() -> None:
    smol = room.need(SMOL, 138 * MIB)
    room.check([smol], 8, 2048, 0)
    room.check([smol], 8, 2048, smol.total(8, 2048))


def test_clone_and_base_must_fit_together() -> None:
    smol = room.need(SMOL, 138 * MIB)
    room.check([smol], 1, 256, 300 * MIB)
    with pytest.raises(UserError) as error:
        room.check([smol, smol], 1, 256, 300 * MIB)
    assert "without --with-base" in error.value.remedy


def test_a_chat_is_never_longer_than_the_models_were_made_for(tmp_path: Path) -> None:
    clone, base = gguf(tmp_path / "a.gguf", SMOL), gguf(tmp_path / "b.gguf", SMOL | {"llama.context_length": 4096})
    assert room.context([clone], 1, 2048, 0) == 2048
    assert room.context([clone], 1, 100_000, 0) == 8192
    assert room.context([clone, base], 1, 100_000, 0) == 4096
    assert room.context([gguf(tmp_path / "c.gguf", {"x": 1})], 1, 100_000, 0) == 100_000
    with pytest.raises(UserError, match="8 chats of 8,192 tokens need"):
        room.context([clone], 8, 100_000, MIB)


def test_csb_serve_refuses_before_llama_cpp_is_started_and_tells_what_fits(csb: Csb, place: Path) -> None:
    huge = SMOL | {"llama.block_count": 4_000_000, "llama.context_length": 1 << 20}
    gguf(place / "huge.gguf", huge)
    (place / "clone.yaml").touch()
    done = csb("serve", "--gguf", "huge.gguf", "--port", free_port(), code=1)
    assert "error: 8 chats of 2,048 tokens need 50" in done.stderr
    assert "GB of memory is free" in done.stderr
    assert "try: " in done.stderr
    assert not (place / ".csb" / "serve-clone.log").exists()


def test_threads_are_as_asked_and_a_gguf_without_weights_is_told_with_a_remedy_for_serving(
    csb: Csb, place: Path
) -> None:
    gguf(place / "empty.gguf", SMOL)
    (place / "clone.yaml").touch()
    done = csb("serve", "--gguf", "empty.gguf", "--threads", 3, "--port", free_port(), code=1)
    assert "empty.gguf: 8 chats of 2048 tokens, 3 threads" in done.stderr
    assert "error: llama.cpp cannot load" in done.stderr
    assert "fewer --chats" in done.stderr
    assert "batch_size" not in done.stderr
