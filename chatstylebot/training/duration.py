"""How long a run takes, as a range: from data sheets for GPUs, from what two cores were seen to do for a CPU."""

from collections.abc import Sequence
from math import ceil

from chatstylebot.models.shape import ModelShape
from chatstylebot.training.plan import Method, seconds

Range = tuple[float, float]
# up to so many GB: 10¹² operations a second of the slowest and the fastest usual card, named beside
CARDS = (
    (9, 18, 45),  # RTX 3050, RTX 4060 Ti
    (13, 25, 80),  # RTX 3060, RTX 4070 Ti
    (18, 44, 113),  # RTX 4060 Ti, RTX 5080
    (26, 71, 165),  # RTX 3090, RTX 4090
    (36, 112, 210),  # V100, RTX 5090
    (52, 150, 364),  # A40, RTX 6000 Ada
    (100, 312, 989),  # A100, H100
    (150, 989, 989),  # H200
    (float("inf"), 1300, 2250),  # MI300X, B200
)
USED = (0.15, 0.45)
SCALED = (0.8, 1.0)  # what each of several GPUs adds
IN_32_BITS = (1 / 16, 1 / 2)  # beside 16 bits: an A100, and a GeForce
CORE = (20e9, 90e9)
LAUNCH = (0.002, 0.008)  # seconds for the kernels of one layer, some 400 at 5 to 20 µs, however little they compute


def on_gpus(memory: int, gpus: int = 1, half: bool = True) -> Range:
    """Operations a second that GPUs of that memory sustain, at least and at most.

    Vendors' data sheets for dense bf16 (fp16 before Ampere) of usual cards of that memory, of which training keeps 15
    to 45 % busy; `half`: in 16 bits.
    """
    slow, fast = next((slow, fast) for most, slow, fast in CARDS if memory <= most * 1e9)
    least, top = slow * USED[0] * 1e12 * gpus, fast * USED[1] * 1e12 * gpus
    if gpus > 1:
        least, top = least * SCALED[0], top * SCALED[1]
    return (least, top) if half else (least * IN_32_BITS[0], top * IN_32_BITS[1])


def on_cpu(cores: int) -> Range:
    """Operations a second of so many cores in 32 bits.

    Measured, LoRA on random weights: two cores of an AMD EPYC with AVX-512 did 65·10⁹ each (SmolLM2-135M's shape, 160
    tokens a second) and 75·10⁹ (Qwen3-0.6B's, 42); the engine beside twice as much other work 23·10⁹ (56 tokens).
    """
    return CORE[0] * cores, CORE[1] * cores


def padded(lengths: Sequence[int], batch: int) -> float:
    """Tokens a sample costs on average where `batch` of them, drawn at random, are filled up to their longest."""
    number = len(lengths)
    return sum(
        length * (((place + 1) / number) ** batch - (place / number) ** batch)
        for place, length in enumerate(sorted(lengths))
    )


def span(shape: ModelShape, method: Method, tokens: int, rates: Range, batches: float = 0) -> Range:
    """Seconds at least and at most for that many tokens; `batches` are those that one GPU is handed."""
    slow, fast = (seconds(shape, method, tokens, rate) for rate in rates)
    return max(fast, batches * shape.layers * LAUNCH[0]), max(slow, batches * shape.layers * LAUNCH[1])


def words(least: float, most: float) -> str:
    """`20 min to 1 h 10 min`."""
    first, last = _words(least), _words(most)
    return last if first == last else f"{first} to {last}"


def _words(time: float) -> str:
    minutes = max(ceil(time / 60), 1)
    if minutes >= 10:
        step = 5 if minutes < 60 else 10
        minutes = round(minutes / step) * step
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 10:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(minutes / 60)} h" if hours < 48 else f"{round(minutes / 1440)} days"
