"""How big a language model is, read from its config.json: no torch, no weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatstylebot import files
from chatstylebot.errors import UserError

QK_NORM = {"qwen3", "qwen3_moe", "gemma3", "gemma3_text"}
FOUR_NORMS = {"glm4", "gemma2", "gemma3", "gemma3_text"}  # a norm after attention and MLP, too
FUSED_MLP = {"glm", "glm4", "phi3"}  # gate and up are one matrix, so LoRA sees one pair instead of two
QKV_BIAS = {"qwen2", "glm", "glm4"}  # classes whose default is a bias that config.json need not mention
TIED = {"gemma", "gemma2", "gemma3", "gemma3_text"}


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A decoder of the Llama family (Qwen, GLM, SmolLM …): the numbers that decide its size in memory."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    tied: bool = False
    qkv_bias: bool = False
    qk_norm: bool = False
    norms: int = 2
    fused_mlp: bool = False
    experts: int = 1

    @property
    def linears(self) -> tuple[tuple[int, int], ...]:
        """(inputs, outputs) of every linear of one layer: what `lora_target: all` adapts and 4 bit quantises."""
        query, pair = self.heads * self.head_dim, self.kv_heads * self.head_dim
        attention = ((self.hidden, query), (self.hidden, pair), (self.hidden, pair), (query, self.hidden))
        up = ((self.hidden, 2 * self.intermediate),) if self.fused_mlp else ((self.hidden, self.intermediate),) * 2
        return attention + (*up, (self.intermediate, self.hidden)) * self.experts

    @property
    def linear_params(self) -> int:
        """Weights of all linears inside the layers."""
        return self.layers * sum(i * o for i, o in self.linears)

    @property
    def params(self) -> int:
        """All weights, exactly: embeddings, layers, biases, norms, output head."""
        bias = (self.heads + 2 * self.kv_heads) * self.head_dim if self.qkv_bias else 0
        small = self.norms * self.hidden + bias + (2 * self.head_dim if self.qk_norm else 0)
        return (
            self.vocab * self.hidden * (1 if self.tied else 2) + self.linear_params + self.layers * small + self.hidden
        )

    def adapter_params(self, rank: int) -> int:
        """Weights of a LoRA adapter on all linears: rank × (inputs + outputs) for each."""
        return self.layers * sum(rank * (i + o) for i, o in self.linears)


def shape_of(model_dir: Path) -> ModelShape:
    """The shape of the model in a folder. Raises UserError when there is none or its config says too little."""
    if not (model_dir / "config.json").is_file():
        raise UserError(f"there is no model in {model_dir}", "csb download MODEL (csb recipes models names them)")
    return from_config(files.read_json(model_dir / "config.json"), str(model_dir))


def from_config(config: dict[str, Any], source: str = "config.json") -> ModelShape:
    """The shape that a config.json describes."""
    kind = config.get("model_type", "")
    text = {**config, **config.get("text_config", {})}

    def number(*names: str, default: int | None = None) -> int:
        found = next((text[n] for n in names if text.get(n) is not None), default)
        if found is None:
            raise UserError(f"{source} does not say {names[0]}", "take a model that `csb recipes models` names")
        return int(found)

    heads, hidden = number("num_attention_heads"), number("hidden_size")
    experts = number("num_experts", "num_local_experts", "n_routed_experts", default=1)
    inner = ("moe_intermediate_size",) if experts > 1 else ()
    return ModelShape(
        layers=number("num_hidden_layers", "num_layers"),
        hidden=hidden,
        heads=heads,
        kv_heads=number("num_key_value_heads", "multi_query_group_num", default=heads),
        head_dim=number("head_dim", "kv_channels", default=hidden // heads),
        intermediate=number(*inner, "intermediate_size", "ffn_hidden_size"),
        vocab=number("vocab_size", "padded_vocab_size"),
        tied=bool(text.get("tie_word_embeddings", kind in TIED)),
        qkv_bias=bool(text.get("attention_bias", text.get("add_qkv_bias", False))) or kind in QKV_BIAS,
        qk_norm=kind in QK_NORM,
        norms=4 if kind in FOUR_NORMS else 2,
        fused_mlp=kind in FUSED_MLP,
        experts=experts,
    )
