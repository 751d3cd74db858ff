"""How long a run takes, as a range."""

import pytest

from chatstylebot.models import presets
from chatstylebot.training import duration

LLAMA = presets.get("llama3").shape
GB = 10**9


def test_a_larger_card_sustains_no_less_and_several_almost_as_much_as_their_number() -> None:
    rates = [duration.on_gpus(size * GB) for size in (8, 12, 16, 24, 32, 48, 80, 141, 192)]
    assert rates == sorted(rates)
    assert all(least < most for least, most in rates)
    assert duration.on_gpus(25_769_803_776) == duration.on_gpus(24 * GB)  # a card's own GB are larger ones
    least, most = duration.on_gpus(24 * GB)
    assert duration.on_gpus(24 * GB, 4) == (pytest.approx(3.2 * least), pytest.approx(4 * most))
    assert duration.on_gpus(24 * GB, half=False)[1] < most


def test_what_was_measured_on_two_cores_lies_in_the_range() -> None:
    slow, fast = duration.on_cpu(2)
    for name, rate in (("smollm2", 160), ("smollm2", 56), ("qwen3-0.6b", 42)):
        shape = presets.get(name).shape
        assert slow < 6 * shape.params * rate < fast


def test_a_batch_costs_its_longest_sample() -> None:
    assert duration.padded([10, 20, 30, 40], 1) == 25
    assert duration.padded([10, 20, 30, 40], 2) == pytest.approx(31.25)
    assert duration.padded([10, 40], 1000) == pytest.approx(40)


def test_a_small_model_waits_for_its_kernels() -> None:
    small = presets.get("smollm2").shape
    rates = duration.on_gpus(80 * GB)
    assert duration.span(small, "lora", 1000, rates, 100) == pytest.approx((6, 24))
    assert duration.span(LLAMA, "lora", 10**9, rates, 1) == duration.span(LLAMA, "lora", 10**9, rates)


@pytest.mark.parametrize(
    ("least", "most", "told"),
    [
        (1, 40, "1 min"),
        (1190, 4200, "20 min to 1 h 10 min"),
        (9 * 60, 59 * 60, "9 min to 1 h"),
        (3600, 7200, "1 h to 2 h"),
        (11 * 3600, 60 * 3600, "11 h to 2 days"),
    ],
)
def test_a_time_is_told_in_round_numbers(least: float, most: float, told: str) -> None:
    assert duration.words(least, most) == told
