"""Which GPUs training sees, with a fake nvidia-smi."""

from collections.abc import Sequence

import pytest

from chatstylebot.engine import devices
from chatstylebot.errors import UserError

ROWS = "NVIDIA GeForce RTX 4090, 24564, 24000, 560.35\nTesla V100-SXM2-16GB, 16160, 16000, 560.35\n"


def smi(argv: Sequence[str]) -> tuple[int, str, str]:
    return (0, "8.9\n7.0\n", "") if "compute_cap" in argv[1] else (0, ROWS, "")


def old(argv: Sequence[str]) -> tuple[int, str, str]:
    return (2, "Field not valid", "") if "compute_cap" in argv[1] else (0, ROWS, "")


def none(argv: Sequence[str]) -> tuple[int, str, str]:
    return 127, "", "not found"


def test_a_card_before_ampere_has_no_bf16() -> None:
    assert [(d.name, d.memory, d.bf16) for d in devices.visible(smi, {})] == [
        ("NVIDIA GeForce RTX 4090", 24564 << 20, True),
        ("Tesla V100-SXM2-16GB", 16160 << 20, False),
    ]


def test_a_driver_that_tells_no_capability_counts_as_ampere() -> None:
    assert [d.bf16 for d in devices.visible(old, {})] == [True, True]


def test_hidden_gpus_are_not_used() -> None:
    assert devices.visible(smi, {"CUDA_VISIBLE_DEVICES": ""}) == []
    assert devices.visible(smi, {"CUDA_VISIBLE_DEVICES": "-1"}) == []
    assert [d.name[:5] for d in devices.visible(smi, {"CUDA_VISIBLE_DEVICES": "1,0"})] == ["Tesla", "NVIDI"]
    assert len(devices.visible(smi, {"CUDA_VISIBLE_DEVICES": "GPU-123abc"})) == 1


def test_without_a_driver_there_is_none() -> None:
    assert devices.visible(none, {}) == []


@pytest.mark.parametrize(
    ("text", "memory"),
    [("24", [24]), ("24gb", [24]), ("24GB", [24]), ("23.6", [23.6]), ("24x2", [24, 24]), ("80 GB x 3", [80] * 3)],
)
def test_a_gpu_elsewhere_is_named_by_its_memory(text: str, memory: list[float]) -> None:
    assert [(d.memory, d.bf16) for d in devices.elsewhere(text)] == [(size * 10**9, True) for size in memory]


def test_two_gpus_that_are_written_the_usual_way_round_are_not_24_of_2_gb() -> None:
    with pytest.raises(UserError, match="24 GPUs of 2 GB each") as error:
        devices.elsewhere("2x24")
    assert error.value.remedy == "of 2 such GPUs: --gpu 24x2"
