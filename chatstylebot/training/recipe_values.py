"""What a recipe says to the engine: its keys and values, in the order of the file."""

from typing import Any

from chatstylebot.card import Card, Language
from chatstylebot.models.presets import Preset
from chatstylebot.training import deepspeed as zero
from chatstylebot.training.plan import Method, Stage, Zero

RANK = 16
# plain text is cut into blocks of exactly this length and the rest is lost: short blocks waste less of a small text
CUTOFF: dict[Stage, int] = {"sft": 1024, "dpo": 1024, "kto": 1024, "pretrain": 512}
DATASETS: dict[Stage, str] = {
    "sft": "chat_records,identity",
    "dpo": "dpo_records",
    "kto": "kto_records",
    "pretrain": "pretrain_demo",
}
SAMPLE: dict[Stage, str] = {"sft": "example", "dpo": "dpo_zh_demo", "kto": "kto_en_demo", "pretrain": "pretrain_demo"}
EPOCHS: dict[Stage, float] = {"sft": 3.0, "dpo": 2.0, "kto": 2.0, "pretrain": 3.0}
TOGETHER: dict[Stage, int] = {"sft": 16, "dpo": 8, "kto": 8, "pretrain": 16}  # samples per optimizer step


def language(preset: Preset) -> Language:
    """The language a clone of this model is expected to chat in."""
    return "zh" if "zh" in preset.languages else "en"


def system(preset: Preset) -> str:
    """The neutral system prompt of a card nobody has written yet."""
    return Card(language=language(preset)).prompt()


def output(preset: Preset, method: Method, stage: Stage) -> str:
    """The folder of a stage's adapter; no two stages share one."""
    return f"saves/{preset.name}/{method}/{stage}"


def gpus(method: Method, deepspeed: Zero | None) -> int:
    """How many GPUs a shipped recipe is laid out for."""
    if deepspeed is None:
        return 1
    return 4 if method == "full" else 2


def batch(preset: Preset, method: Method, stage: Stage) -> int:
    """Samples on one GPU at once: few, because the whole batch is padded to its longest."""
    if stage == "sft" and preset.cpu:
        return 8
    if stage == "kto":
        return 2  # its reference point is estimated inside the batch
    if stage == "dpo" or method != "lora":
        return 1
    return 2 if preset.params > 3e9 else 4


def _model(preset: Preset, method: Method, stage: Stage) -> dict[str, Any]:
    values: dict[str, Any] = {"model_name_or_path": preset.folder}
    if stage in ("dpo", "kto"):
        values["adapter_name_or_path"] = output(preset, method, "sft")
    if method == "qlora":
        values |= {"quantization_bit": 4, "quantization_method": "bnb"}
    return values


def _method(preset: Preset, method: Method, stage: Stage, deepspeed: Zero | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "stage": "pt" if stage == "pretrain" else stage,
        "do_train": True,
        "finetuning_type": "full" if method == "full" else "lora",
    }
    if method != "full" and stage in ("sft", "pretrain"):  # later stages go on with an adapter that has its rank
        values |= {"lora_target": "all", "lora_rank": RANK, "lora_alpha": 2 * RANK, "lora_dropout": 0.05}
    if stage in ("dpo", "kto"):
        values |= {"pref_beta": 0.1}
        values |= {"pref_loss": "sigmoid", "pref_ftx": 0.1} if stage == "dpo" else {}
        values |= {"ref_model": preset.folder, "ref_model_adapters": output(preset, method, "sft")}
        values |= {"ref_model_quantization_bit": 4} if method == "qlora" else {}
    if deepspeed:
        values["deepspeed"] = zero.path(deepspeed)
    return values


def _dataset(preset: Preset, stage: Stage) -> dict[str, Any]:
    values: dict[str, Any] = {"dataset": DATASETS[stage]}
    if stage == "sft":
        values["eval_dataset"] = "chat_records_dev"
    values |= {"dataset_dir": "data", "template": preset.template}
    if stage != "pretrain":
        values["default_system"] = system(preset)
    values["cutoff_len"] = CUTOFF[stage]
    if stage == "sft":
        values |= {"mask_history": True, "packing": False}
    return values


def _output(preset: Preset, method: Method, stage: Stage) -> dict[str, Any]:
    values: dict[str, Any] = {
        "output_dir": output(preset, method, stage),
        "overwrite_output_dir": False,
        "logging_steps": 5,
        "plot_loss": True,
        "report_to": "none",
    }
    if stage == "sft":
        values |= {"save_strategy": "steps", "save_steps": 0.1}
    else:
        values["save_strategy"] = "epoch"
    if method == "full":
        values["save_total_limit"] = 2
    return values


def rate(method: Method, stage: Stage) -> float:
    """The learning rate."""
    if stage in ("dpo", "kto"):
        return 5e-6
    return 1e-5 if method == "full" else 1e-4


def _train(preset: Preset, method: Method, stage: Stage, deepspeed: Zero | None) -> dict[str, Any]:
    rows = batch(preset, method, stage)
    values: dict[str, Any] = {
        "per_device_train_batch_size": rows,
        "gradient_accumulation_steps": max(TOGETHER[stage] // (rows * gpus(method, deepspeed)), 1),
        "learning_rate": 5e-4 if preset.cpu and stage == "sft" and method == "lora" else rate(method, stage),
        "num_train_epochs": EPOCHS[stage],
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.05,
        "seed": 42,
    }
    if not preset.cpu:
        values["bf16"] = True
    if deepspeed:
        values["ddp_timeout"] = 180000000
    return values


def _eval(preset: Preset, method: Method) -> dict[str, Any]:
    return {
        "eval_strategy": "steps",
        "eval_steps": 0.1,
        "per_device_eval_batch_size": batch(preset, method, "sft"),
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
        "early_stopping_steps": 3,
    }


def sections(preset: Preset, stage: Stage, method: Method, deepspeed: Zero | None) -> dict[str, dict[str, Any]]:
    """A training recipe by section."""
    found = {
        "model": _model(preset, method, stage),
        "method": _method(preset, method, stage, deepspeed),
        "dataset": _dataset(preset, stage),
        "output": _output(preset, method, stage),
        "train": _train(preset, method, stage, deepspeed),
    }
    return found | ({"eval": _eval(preset, method)} if stage == "sft" else {})


def merging(preset: Preset, stage: Stage, method: Method) -> dict[str, dict[str, Any]]:
    """A merge recipe by section: base + adapter → one folder."""
    return {
        "model": {
            "model_name_or_path": preset.folder,
            "adapter_name_or_path": output(preset, method, stage),
            "template": preset.template,
            "finetuning_type": "lora",
        },
        "export": {"export_dir": f"exported/{preset.name}_{method}_{stage}", "export_size": 5, "export_device": "cpu"},
    }


def talking(preset: Preset, stage: Stage | None, method: Method) -> dict[str, dict[str, Any]]:
    """A chat recipe by section: base + adapter, or (no stage) the merged folder."""
    model: dict[str, Any] = {"model_name_or_path": preset.folder if stage else f"exported/{preset.name}_lora_sft"}
    if stage and method != "full":
        model["adapter_name_or_path"] = output(preset, method, stage)
    elif stage:
        model["model_name_or_path"] = output(preset, method, stage)
    if method == "qlora":
        model |= {"quantization_bit": 4, "quantization_method": "bnb"}
    adapted = "adapter_name_or_path" in model
    model |= {"template": preset.template, "finetuning_type": "lora" if adapted else "full"}
    model["infer_backend"] = "huggingface"
    sampling = Card().sampling.model_dump()
    return {"model": model, "prompt": {"default_system": system(preset)}, "sampling": {"do_sample": True, **sampling}}
