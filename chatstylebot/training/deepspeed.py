"""DeepSpeed's own configuration files: how several GPUs share one training run."""

from typing import Any

# "auto" is filled in by transformers from the recipe, so that no number stands in two places
COMMON: dict[str, Any] = {
    "train_batch_size": "auto",
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "zero_allow_untested_optimizer": True,
    "fp16": {
        "enabled": "auto",
        "loss_scale": 0,
        "loss_scale_window": 1000,
        "initial_scale_power": 16,
        "hysteresis": 2,
        "min_loss_scale": 1,
    },
    "bf16": {"enabled": "auto"},
}

SHARED = {
    "overlap_comm": False,  # overlapping needs buffers of its own, and gains little inside one machine
    "contiguous_gradients": True,
    "reduce_bucket_size": 5e8,
}

STAGES: dict[str, dict[str, Any]] = {
    # every GPU holds everything: data parallel, no memory saved
    "z0": {"stage": 0, "allgather_partitions": True, "allgather_bucket_size": 5e8, "reduce_scatter": True, **SHARED},
    # gradients and optimizer are divided
    "z2": {"stage": 2, "allgather_partitions": True, "allgather_bucket_size": 5e8, "reduce_scatter": True, **SHARED},
    # the weights too; gathered again when a checkpoint is written, so that it loads anywhere
    "z3": {
        "stage": 3,
        **SHARED,
        "sub_group_size": 1e9,
        "reduce_bucket_size": "auto",
        "stage3_prefetch_bucket_size": "auto",
        "stage3_param_persistence_threshold": "auto",
        "stage3_max_live_parameters": 1e9,
        "stage3_max_reuse_distance": 1e9,
        "stage3_gather_16bit_weights_on_model_save": True,
    },
}
MAIN_MEMORY = {"device": "cpu", "pin_memory": True}


def config(stage: str, offload: bool = False) -> dict[str, Any]:
    """One file's content; `offload` moves what the stage divides into main memory (slower, for small GPUs)."""
    zero = dict(STAGES[stage])
    if offload:
        zero["offload_optimizer"] = MAIN_MEMORY
    if offload and stage == "z3":
        zero["offload_param"] = MAIN_MEMORY
    return {**COMMON, "zero_optimization": zero}


def path(stage: str) -> str:
    """The shipped file of a stage, from the workspace."""
    return f"config/deepspeed/ds_{stage}_config.json"


def files() -> dict[str, dict[str, Any]]:
    """Every shipped file: path below config/ → content."""
    found = {f"deepspeed/ds_{stage}_config.json": config(stage) for stage in STAGES}
    return found | {f"deepspeed/ds_{stage}_offload_config.json": config(stage, offload=True) for stage in ("z2", "z3")}
