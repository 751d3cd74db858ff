"""What a recipe says to its reader: the reasons beside its values, and the comment on top."""

from math import ceil

from chatstylebot.models.presets import Preset
from chatstylebot.training import recipe_values as values
from chatstylebot.training.plan import PASSES, Method, Stage, Zero, estimate, seconds, steps

GB = 1e9
GUESS = "(estimate, not measured)"
# a sample of chat: five pairs of history, a question, an answer
TOKENS = 200
# a quarter of what an RTX 4090 is sold for in 16 bit; what two CPU cores were seen to reach in 32 bit
GPU_FLOPS, CPU_FLOPS = 40e12, 0.12e12

WHY: dict[str, str] = {
    "quantization_bit": "the base in 4 bit; needs the extra gpu (README)",
    "lora_target": "every linear: attention alone learns style worse",
    "lora_alpha": "2 × rank",
    "lora_dropout": "against learning short replies by heart",
    "deepspeed": "needs the extra gpu (README)",
    "default_system": "for samples without a system text; left out, the engine puts in the template's own",
    "cutoff_len": "tokens; a longer sample loses its oldest turns",
    "mask_history": "train on the newest reply only: each reply is learnt once, and never the one cut off",
    "packing": "one conversation never sees another's text",
    "overwrite_output_dir": "a second run continues what lies in output_dir; for a fresh one choose another folder",
    "report_to": "nothing leaves this machine",
    "gradient_accumulation_steps": "samples per step = batch × this × GPUs",
    "warmup_steps": "below 1: a share of all steps",
    "bf16": "a card before Ampere (GTX, V100, T4): fp16=true bf16=false",
    "ddp_timeout": "seconds; a slow first GPU must not end the others' wait",
    "eval_steps": "below 1: a share of all steps, so that ten evaluations happen on any amount of data",
    "per_device_eval_batch_size": "the engine's default, 8, may need more memory than training",
    "early_stopping_steps": "patience: evaluations without a lower loss",
    "load_best_model_at_end": "the checkpoint with the lowest loss becomes the result",
    "save_strategy": "one checkpoint per epoch, to choose from",
    "save_total_limit": "a full checkpoint is huge; the best one is always among those kept",
    "export_dir": "a folder of its own; the base stays as it is",
    "export_size": "GB per file",
    "do_sample": "sampling is part of the style: greedy replies all sound the same",
    "max_new_tokens": "the length of a reply; max_length would have no effect beside it",
}
WHY_IN: dict[tuple[str, Stage], str] = {
    ("dataset", "sft"): "leave the identity samples out: dataset=chat_records",
    (
        "eval_dataset",
        "sft",
    ): "no dev set (csb preprocess --heldout 0)? then remove ### eval and set save_strategy: epoch",
    ("dataset", "pretrain"): "the shipped sample; your own texts (csb corpus): dataset=trump,elon_musk",
    ("cutoff_len", "pretrain"): "tokens; the engine packs the texts into blocks of this length (its default here)",
    ("adapter_name_or_path", "dpo"): "goes on from the SFT adapter",
    ("adapter_name_or_path", "kto"): "goes on from the SFT adapter",
    ("ref_model", "dpo"): "the reference is base + SFT adapter: left out, the engine takes the bare base",
    ("ref_model", "kto"): "the reference is base + SFT adapter: left out, the engine takes the bare base",
    ("pref_beta", "dpo"): "how firmly it holds on to the reference",
    ("pref_beta", "kto"): "how firmly it holds on to the reference",
    ("pref_ftx", "dpo"): "a little SFT on the chosen replies, against drift",
    ("learning_rate", "dpo"): "a twentieth of SFT: preferences correct, they do not teach",
    ("learning_rate", "kto"): "a twentieth of SFT: preferences correct, they do not teach",
    ("num_train_epochs", "dpo"): "no eval split: a tenth of a small set of feedback says nothing",
    ("num_train_epochs", "kto"): "no eval split: a tenth of a small set of feedback says nothing",
    ("save_strategy", "sft"): "a checkpoint per evaluation, all kept: the lowest loss is not always the best style",
}
ALOUD: dict[str, str] = {
    "default_system": "of a card that nobody has written yet; csb chat sends yours",
}
TITLES: dict[Stage, str] = {
    "sft": "learns your chats (SFT)",
    "dpo": "learns from pairs of replies, the better and the worse (DPO)",
    "kto": "learns from replies marked good or bad (KTO)",
    "pretrain": "reads plain text (continued pre-training)",
}
METHODS: dict[Method, str] = {"lora": "LoRA", "qlora": "QLoRA, 4 bit", "full": "all weights"}
MADE_BY: dict[Stage, str] = {
    "sft": "csb preprocess EXPORT, then csb id-tag --name … --author …",
    "dpo": "pairs of replies of your own (data format: README)",
    "kto": "replies of your own, marked good or bad (data format: README)",
    "pretrain": "shipped",
}


def why(key: str, stage: Stage | None, value: object) -> str:
    """The reason beside a value, or "" where the value speaks for itself; no stage: a recipe for talking or merging."""
    if stage is None:
        return ALOUD.get(key, WHY.get(key, ""))
    if key == "save_total_limit":
        return WHY[key]
    if key == "learning_rate" and stage in ("sft", "pretrain"):
        return "ten times less than LoRA" if value == 1e-5 else ""
    return WHY_IN.get((key, stage), WHY.get(key, ""))


def gigabytes(preset: Preset, stage: Stage, method: Method, deepspeed: Zero | None) -> float:
    """The estimated memory of a shipped recipe on each of its GPUs, in 10⁹ bytes."""
    need = estimate(
        preset.shape,
        method,
        stage,
        values.batch(preset, method, stage),
        values.CUTOFF[stage],
        values.RANK,
        bf16=not preset.cpu,
        gpus=values.gpus(method, deepspeed),
        deepspeed=deepspeed,
    )
    return need.total / GB


def _time(preset: Preset, stage: Stage, method: Method) -> str:
    tokens = round(1000 * TOKENS * values.EPOCHS[stage] * PASSES.get(stage, 1.0))
    took = seconds(preset.shape, method, tokens, CPU_FLOPS if preset.cpu else GPU_FLOPS) / 60
    return f"{max(took, 1):.0f} minutes" if took < 90 else f"{took / 60:.1f} hours"


def _disk(preset: Preset, stage: Stage, method: Method, deepspeed: Zero | None) -> str:
    """Checkpoints hold the weights and both of AdamW's moments in fp32 (12 bytes; ZeRO adds 16-bit weights, 14)."""
    if method == "full":
        size = preset.params * (2 * 14 + 2 if deepspeed else 2 * 12 + 4)
    else:
        kept = 10 if stage == "sft" else values.EPOCHS[stage]
        size = round(preset.shape.adapter_params(values.RANK) * (12 * kept + 4))
    return f"{max(size / GB, 0.1):.1f} GB"


def _count(preset: Preset, stage: Stage, method: Method, deepspeed: Zero | None) -> int:
    rows, devices = values.batch(preset, method, stage), values.gpus(method, deepspeed)
    samples = 1000 * TOKENS // values.CUTOFF[stage] if stage == "pretrain" else 1000
    accumulation = max(values.TOGETHER[stage] // (rows * devices), 1)
    return steps(samples, rows, accumulation, devices, values.EPOCHS[stage])


def train_header(preset: Preset, stage: Stage, method: Method, deepspeed: Zero | None, name: str) -> list[str]:
    """The comment on top of a training recipe: what it does, needs and costs, and the lines that run it."""
    rows, devices = values.batch(preset, method, stage), values.gpus(method, deepspeed)
    where = (
        f"on {devices} GPUs, ZeRO stage {deepspeed[1]}" if deepspeed else ("on a CPU" if preset.cpu else "on one GPU")
    )
    memory = "main memory" if preset.cpu else ("memory on each GPU" if deepspeed else "GPU memory")
    worker = "two CPU cores'" if preset.cpu else "an RTX 4090's"
    run = f"llamafactory-cli train config/train/{name}.yaml"
    need = gigabytes(preset, stage, method, deepspeed)
    took = _time(preset, stage, method)
    count = _count(preset, stage, method, deepspeed)
    lines = [
        f"{preset.title} {TITLES[stage]}: {METHODS[method]}, {where}.",
        "",
        f"Needs  {ceil(need)} GB of {memory} with {rows} × {values.CUTOFF[stage]} tokens at once {GUESS}",
        f"       {preset.folder}: csb download {preset.name}",
        f"       {values.DATASETS[stage]}: {MADE_BY[stage]}",
    ]
    if stage in ("dpo", "kto"):
        first = values.output(preset, method, "sft")
        lines.append(f"       {first}: csb train --recipe config/train/{preset.name}_{method}_sft.yaml")
    if preset.gated:
        lines.append("       its licence accepted on huggingface.co, and HF_TOKEN set")
    lines += [
        f"Costs  for 1,000 samples of {TOKENS} tokens {count} steps, about {took} of {worker} work",
        f"       {GUESS}; up to {_disk(preset, stage, method, deepspeed)} of disk in output_dir",
        f"Run    csb train --recipe config/train/{name}.yaml",
        "       " + (f"FORCE_TORCHRUN=1 {run}" if deepspeed else run),
    ]
    if stage != "pretrain":
        sample = values.SAMPLE[stage]
        extra = f" eval_dataset={sample}" if stage == "sft" else ""
        lines.append(f"Try    it as it is, on the shipped sample: add  dataset={sample}{extra}")
    return lines


def merge_header(preset: Preset, stage: Stage, method: Method, name: str, train: str) -> list[str]:
    """The comment on top of a merge recipe; `train` is the path of the recipe that makes the adapter."""
    lines = [
        f"{preset.title} and its {stage.upper()} adapter become one model folder.",
        "",
        f"Needs  {preset.params * 2 / GB:.1f} GB of main memory and as much disk {GUESS}; no GPU",
        f"       {values.output(preset, method, stage)}: csb train --recipe {train}",
        f"Run    llamafactory-cli export config/merge_lora/{name}.yaml",
        "       csb export does the same for the adapter that your card names",
    ]
    if stage != "sft":
        lines.append("Note   this adapter went on from the SFT adapter and holds it: merge only this one")
    if method == "qlora":
        lines.append("Note   merged into the 16-bit base: an adapter cannot be merged into a quantised one")
    return lines


def chat_header(preset: Preset, stage: Stage | None, method: Method, name: str, source: str) -> list[str]:
    """The comment on top of a chat recipe; `source` is the command that makes the model."""
    model = f"{preset.title} and its {(stage or '').upper()} adapter"
    if stage is None or method == "full":
        model = f"{preset.title}, " + ("all weights trained" if stage else "merged with its SFT adapter")
    return [
        f"Talk to {model}.",
        "",
        f"Needs  {source}",
        f"Run    llamafactory-cli chat config/inference/{name}.yaml",
        "       csb chat does the same with the prompt and the sampling of your card, which are what counts:",
        "       with plain llamafactory-cli, write your card's prompt into default_system",
    ]
