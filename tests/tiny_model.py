"""A random Llama of 60,000 weights that speaks ChatML over bytes: `python tests/tiny_model.py FOLDER [SEED] [endless]`.

An endless one never ends its greedy answer.
"""

import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def make(folder: Path, seed: int = 0, endless: bool = False) -> None:
    """Write the model and its tokenizer."""
    torch.manual_seed(seed)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    # one merge, because llama.cpp takes no tokenizer without any
    vocab = {token: number for number, token in enumerate([*SPECIAL, *letters, "th"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[("t", "h")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=SPECIAL[1],
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[2],
        unk_token=SPECIAL[0],
    )
    # 48 is no multiple of 32: of every kind of GGUF its matrices stay 16 bits. Quantized, a product depends on how many
    # chats share it, and a random model no longer draws the same letters from the same seed.
    config = LlamaConfig(
        vocab_size=len(vocab), hidden_size=64 if endless else 48, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1 << 17, tie_word_embeddings=not endless,
        bos_token_id=1, eos_token_id=2, pad_token_id=2, initializer_range=0.2,  # or it would repeat one letter
    )  # fmt: skip
    network = LlamaForCausalLM(config)
    if endless:  # of so many random numbers one is always above the control tokens' zero
        network.lm_head.weight.data[: len(SPECIAL)] = 0
    network.save_pretrained(folder)
    fast.save_pretrained(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, "endless" in sys.argv[3:])
