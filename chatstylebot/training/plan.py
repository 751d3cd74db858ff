"""What a training run needs before it starts: memory, steps, time. Estimates from the model's shape, not measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from chatstylebot.models.shape import ModelShape, shape_of

__all__ = [
    "Choice",
    "Memory",
    "Method",
    "ModelShape",
    "Stage",
    "Zero",
    "estimate",
    "fits",
    "seconds",
    "shape_of",
    "steps",
    "zeros",
]

Method = Literal["lora", "qlora", "full"]
Stage = Literal["sft", "dpo", "kto", "pretrain"]
Zero = Literal["z0", "z2", "z3"]

METHODS: tuple[Method, ...] = ("full", "lora", "qlora")
# both replies, and the reference without a way back
PASSES: dict[Stage, float] = {"dpo": 2 * 4 / 3, "kto": 2.0}
NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)
"""Bytes per weight in 4 bit: half a byte, an 8-bit constant per block of 64, and a 32-bit constant per 256 of those
(double quantisation, the engine's default). QLoRA, arXiv 2305.14314 §3."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes on one GPU at the worst moment, by what they are for."""

    weights: int
    adapter: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    reference: int
    overhead: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(getattr(self, part) for part in self.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to train, and what it would need."""

    method: Method
    batch: int
    cutoff_len: int
    memory: Memory
    deepspeed: Zero | None = None


def _base(shape: ModelShape, method: Method, word: int) -> float:
    """Bytes of a frozen base model. bitsandbytes quantises the linears only; embeddings, head and norms stay."""
    if method == "qlora":
        return shape.linear_params * NF4 + (shape.params - shape.linear_params) * word
    return shape.params * word


def _layer(shape: ModelShape, method: Method, word: int) -> float:
    """Bytes per token that one layer keeps for its backward pass.

    34 × hidden in 16 bit (Korthikanti et al., arXiv 2205.05198 eq. 1, without the attention matrix, which SDPA never
    stores), here counted from the real widths; peft keeps for every adapted linear its input in fp32, a dropout mask
    and the input after dropout (4 + 1 + 4 bytes).
    """
    widths = sum(i + o for i, o in shape.linears) + 4 * shape.hidden
    lora = 0 if method == "full" else 9 * sum(i for i, _ in shape.linears)
    return widths * word + lora


def _logits(stage: Stage, batch: int, cutoff_len: int, vocab: int, word: int) -> int:
    """Bytes around the output head. The loss is computed in fp32: the model's logits, their fp32 copy and the
    softmax (2 + 4 + 4 bytes). DPO runs chosen and rejected side by side and keeps 8 of those bytes while the
    reference runs (18); KTO adds the copies it splits by label (22). [engine: train/dpo|kto/trainer.py]"""
    rows = 2 * batch if stage == "dpo" else batch
    bytes_each = {"dpo": 8, "kto": 12}.get(stage, 0) + word + 8
    return rows * cutoff_len * vocab * bytes_each


def estimate(
    shape: ModelShape,
    method: Method,
    stage: Stage = "sft",
    batch: int = 1,
    cutoff_len: int = 1024,
    lora_rank: int = 16,
    gradient_checkpointing: bool = True,
    bf16: bool = True,
    gpus: int = 1,
    deepspeed: Zero | None = None,
) -> Memory:
    """Memory of one GPU at the worst moment: every sequence of the batch as long as cutoff_len.

    The engine keeps what it trains in fp32 with AdamW, 4 + 4 + 8 bytes a weight, and a frozen base as its files have
    it (16 bit). Full training in bf16 therefore costs 16 bytes a weight, and 2 more for the 16-bit copies that
    autocast holds during a forward pass. ZeRO divides: stage 2 gradients and optimizer, stage 3 the weights too, and
    trains 16-bit weights beside fp32 masters (2 + 2 + 12; Rajbhandari et al., arXiv 1910.02054 §3). DPO and KTO load
    the base a second time as the reference. Between layers, checkpointing keeps one hidden state each, and one whole
    layer while it is recomputed (Chen et al., arXiv 1604.06174).
    """
    word = 2 if bf16 else 4
    z2, z3 = (gpus if deepspeed in ("z2", "z3") else 1), (gpus if deepspeed == "z3" else 1)
    trained = shape.params if method == "full" else shape.adapter_params(lora_rank)
    held = 4 if deepspeed not in ("z2", "z3") or method != "full" else 2  # bytes of a trained weight, and its gradient
    weights = (
        trained * (held + (2 if held == 4 and bf16 else 0)) if method == "full" else _base(shape, method, word)
    ) / z3
    optimizer = trained * (8 if held == 4 else 12) / z2

    tokens = batch * cutoff_len * (2 if stage == "dpo" else 1)
    layer = tokens * _layer(shape, method, word)
    border = tokens * shape.hidden * word * shape.layers
    activations = border + layer if gradient_checkpointing else layer * shape.layers

    reference = _base(shape, method, word) / z3 if stage in ("dpo", "kto") else 0
    # the CUDA context and its workspaces; one linear unpacked from 4 bit; what stage 3 gathers (1e9 weights at most)
    fixed = 0.8 * 2**30 + (max(i * o for i, o in shape.linears) * word if method == "qlora" else 0)
    fixed += min(shape.params, 1e9) * word if deepspeed == "z3" else 0
    parts = {
        "weights": weights,
        "adapter": 0 if method == "full" else trained * 4 / z3,
        "gradients": trained * held / z2,
        "optimizer": optimizer,
        "activations": activations,
        "logits": _logits(stage, batch, cutoff_len, shape.vocab, word),
        "reference": reference,
    }
    overhead = fixed + 0.05 * sum(parts.values())  # fragmentation: blocks that are free but in the wrong size
    return Memory(**{name: round(value) for name, value in parts.items()}, overhead=round(overhead))


def fits(
    shape: ModelShape,
    method: Method,
    available: int,
    stage: Stage = "sft",
    batch: int = 1,
    cutoff_len: int = 1024,
    lora_rank: int = 16,
    bf16: bool = True,
    gpus: int = 1,
    deepspeed: Zero | None = None,
    gradient_checkpointing: bool = True,
    accumulation: int = 1,
    methods: Sequence[Method] = METHODS,
) -> Choice | None:
    """The first way to train that fits into `available` bytes, the wanted one before all others; None: nothing does.

    A smaller batch comes first, because gradient accumulation makes up for it and the result is the same: batches are
    those that leave `batch` × `accumulation` as it is. Then comes dividing over the GPUs, then a smaller method of
    `methods`; shorter sequences come last, because they cut what the model sees (for DPO and KTO before the method: of
    another one there is no adapter to start from).
    """
    least = min(batch, 2 if stage == "kto" else 1)  # KTO's reference point is estimated inside the batch
    batches = [rows for rows in range(batch, least - 1, -1) if batch * accumulation % rows == 0]
    smaller = methods[methods.index(method) :]
    on_adapter = stage in ("dpo", "kto")
    for way, zero, rows, length in _ways(smaller, batches, cutoff_len, gpus, deepspeed, on_adapter):
        memory = estimate(shape, way, stage, rows, length, lora_rank, gradient_checkpointing, bf16, gpus, zero)
        if memory.total <= available:
            return Choice(way, rows, length, memory, zero)
    return None


def zeros(method: Method, gpus: int, deepspeed: Zero | None) -> list[Zero | None]:
    """The ways to divide over the GPUs, the wanted one and those that divide more; 4 bit is not divided."""
    more: tuple[Zero, ...] = ("z2", "z3")
    if gpus == 1 or method == "qlora":
        return [deepspeed]
    return [deepspeed, *(zero for zero in more if zero > (deepspeed or ""))]


def _ways(
    methods: Sequence[Method],
    batches: Sequence[int],
    cutoff_len: int,
    gpus: int,
    deepspeed: Zero | None,
    shorter_first: bool,
) -> Iterator[tuple[Method, Zero | None, int, int]]:
    """Method, ZeRO stage, batch and cutoff, the least loss first."""
    for method in methods:
        # of a smaller method than the wanted one, 4 bit goes without stage 3, which no shipped recipe joins with it
        wanted = None if method == "qlora" != methods[0] and deepspeed == "z3" else deepspeed
        yield from ((method, zero, rows, cutoff_len) for zero in zeros(method, gpus, wanted) for rows in batches)
        if shorter_first or method == methods[-1]:
            for length in (cutoff_len >> 1, cutoff_len >> 2):
                if length >= 128:
                    yield method, zeros(method, gpus, wanted)[-1], batches[-1], length


def steps(samples: int, batch: int, accumulation: int = 1, gpus: int = 1, epochs: float = 1.0) -> int:
    """Optimizer steps of a run, as transformers 5.6 counts them (Trainer.set_initial_training_values).

    Batches are rounded up, then dealt to the GPUs and rounded up again (accelerate fills the last round), then
    grouped by accumulation and rounded up; epochs may be a fraction.
    """
    if samples <= 0:
        return 0
    batches = ceil(ceil(samples / batch) / gpus)
    return ceil(epochs * max(ceil(batches / accumulation), 1))


def seconds(shape: ModelShape, method: Method, tokens: int, flops: float) -> float:
    """Time to train on `tokens` at a sustained rate of `flops` operations a second.

    Per weight and token 2 operations forward, 2 to recompute, 2 back through the activations, and in full training 2
    more for the weights' own gradients (Kaplan et al., arXiv 2001.08361 §2.1).
    """
    return (8 if method == "full" else 6) * shape.params * tokens / flops
