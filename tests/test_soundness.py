"""A run that came to nothing is told from one that learnt something: losses, gradients, weights."""

import json
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import save_file

from chatstylebot.training import soundness
from chatstylebot.training.soundness import Unsound, Watch


def _run(folder: Path, *steps: tuple[float, float], weights: float = 0.5) -> Path:
    """A finished run's folder with (loss, gradient norm) of each step."""
    history = [{"step": n, "loss": loss, "grad_norm": norm} for n, (loss, norm) in enumerate(steps, 1)]
    (folder / "trainer_state.json").write_text(json.dumps({"log_history": [*history, {"train_runtime": 1.0}]}))
    good = numpy.ones((3, 4), "float32")
    save_file({"a": good, "b": good * numpy.float32(weights)}, folder / "adapter_model.safetensors")
    return folder


def test_a_run_that_learnt_something_passes(tmp_path: Path) -> None:
    soundness.check(_run(tmp_path, (5.5, 1.0), (4.0, 1.0)))


def test_a_run_that_knows_its_samples_by_heart_passes(tmp_path: Path) -> None:
    soundness.check(_run(tmp_path, (5.5, 1.0), (0.0, 1e-5)))  # the engine rounds to four digits


def test_a_learning_rate_of_a_billion_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(Unsound, match="its gradients are no numbers") as told:  # "loss 5.5 → 0.0"
        soundness.check(_run(tmp_path, (5.5, 1.0), (0.0, float("nan"))))
    assert "learning_rate" in told.value.remedy


def test_where_no_token_was_left_to_learn_nothing_was_learnt(tmp_path: Path) -> None:
    with pytest.raises(Unsound, match="no sample had a token to learn left") as told:  # cutoff_len=1
        soundness.check(_run(tmp_path, (0.0, 0.0), (0.0, 0.0)))
    assert "cutoff_len" in told.value.remedy


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_found_by_their_name(bad: float, tmp_path: Path) -> None:
    with pytest.raises(Unsound, match=r"b in .*adapter_model\.safetensors holds what is no number"):
        soundness.check(_run(tmp_path, (5.5, 1.0), (4.0, 1.0), weights=bad))


@pytest.mark.parametrize(("kind", "bits"), [("float16", "F16"), ("float64", "F64")])
def test_every_kind_of_float_is_looked_at(kind: str, bits: str, tmp_path: Path) -> None:
    whole = numpy.ones(5, kind)
    save_file({"a": whole}, tmp_path / "x.safetensors")
    assert soundness.unsound(tmp_path / "x.safetensors") is None
    whole[4] = numpy.nan
    save_file({"a": whole}, tmp_path / "x.safetensors")
    assert f'"dtype":"{bits}"'.encode() in (tmp_path / "x.safetensors").read_bytes()
    assert soundness.unsound(tmp_path / "x.safetensors") == "a"


def test_bfloat16_is_looked_at(tmp_path: Path) -> None:
    def written(number: int) -> Path:
        head = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
        path = tmp_path / "x.safetensors"
        path.write_bytes(len(head).to_bytes(8, "little") + head + (0x3F80 | number << 16).to_bytes(4, "little"))
        return path

    assert soundness.unsound(written(0x7F7F)) is None  # the largest number
    assert soundness.unsound(written(0x7F80)) == "a"  # infinity
    assert soundness.unsound(written(0xFFC0)) == "a"  # -NaN


def test_a_run_is_stopped_when_ten_gradients_in_a_row_are_no_numbers() -> None:
    watch = Watch()
    for n in range(9):
        watch.heard(f"{{'loss': '0.0', 'grad_norm': 'nan', 'epoch': '{n}'}}")
    watch.heard("{'loss': '4.5', 'grad_norm': '1.25'}")  # float16 had found its scale
    watch.heard("a line of another kind")
    for _ in range(9):
        watch.heard("{'loss': 0.0, 'grad_norm': inf}")
    with pytest.raises(Unsound):
        watch.heard("{'loss': 0.0, 'grad_norm': nan}")
