"""Why the engine ended: its last meaningful line, and what to do about it, which depends on what it was started for."""

import re
from pathlib import Path
from typing import Literal

from chatstylebot.errors import UserError, heard

Purpose = Literal["training", "export", "serving", "page"]
MEMORY = "memory"

# what the last line that says why means; the first that matches wins
CAUSES: list[tuple[str, str, str]] = [
    (
        "cache",
        r"max seq len .* is larger than|No available memory for the cache blocks|KV cache (is needed|memory)",
        "the chats need more memory than there is",
    ),
    (
        MEMORY,
        r"out of memory|OutOfMemoryError|can't allocate memory|Cannot allocate memory|failed to allocate|bad_alloc",
        "memory ran out",
    ),
    (
        "torch",
        r"compiled with different CUDA versions|libc10_cuda|NVIDIA driver on your system is too old|"
        r"CUDA driver version",
        "torch does not fit this machine",
    ),
    (
        "model",
        r"not a valid model identifier|Can't load (the )?(configuration|tokenizer|model)|no file named (model|pytorch)|"
        r"does not appear to have a file named|Repo id must be|LocalEntryNotFoundError|couldn't connect to",
        "the base model is not there",
    ),
    ("package", r"requires the following packages|please install|pip install|No module named", "a package is missing"),
    ("template", r"Template .* does not exist", "the template is not known to the engine"),
    (
        "dataset",
        r"Undefined dataset|Cannot (find|open).*dataset_info|File .*\.json not found|Unable to find .*data",
        "a dataset is missing",
    ),
    (
        "samples",
        r"Cannot find valid samples|num_samples=0|empty dataset|less than one block",
        "there is too little data",
    ),
    ("disk", r"No space left on device", "the disk is full"),
    ("port", r"Address already in use|EADDRINUSE|Cannot find empty port", "the port is taken"),
]
ALWAYS = {
    "torch": "csb doctor",
    "model": "csb download MODEL (`csb recipes models` names them)",
    "package": "csb doctor",
}
REMEDIES: dict[Purpose, dict[str, str]] = {
    "training": {
        MEMORY: "per_device_train_batch_size=1, a smaller cutoff_len, --method qlora, or --deepspeed z3 on more GPUs",
        "template": "template=… as in `csb recipes show`",
        "dataset": "csb preprocess EXPORT, or dataset=example to try",
        "samples": "export more chats, or a smaller cutoff_len",
        "disk": "free space, or save_total_limit=2",
        "port": "choose another port, or stop the program that uses it",
    },
    "export": {
        MEMORY: "end other programs: it takes about as much memory as the model's files are large",
        "template": "write template: … in clone.yaml, as in `csb recipes models`",
        "disk": "free space, or --output on another disk",
    },
    "serving": {
        "cache": "a smaller --context, or fewer --chats",
        MEMORY: "fewer --chats, a smaller --context, or a smaller model; nvidia-smi shows what else is on the GPU",
        "template": "write template: … in clone.yaml, as in `csb recipes models`",
        "disk": "free space",
        "port": "start csb serve again: the engine gets another port",
    },
    "page": {
        MEMORY: "end other programs, or take a smaller model: csb webchat --model smollm2 --base",
        "template": "write template: … in clone.yaml, as in `csb recipes models`",
        "disk": "free space",
        "port": "csb webchat --port, with a port that is free",
    },
}
KILLED = {
    "training": "per_device_train_batch_size=1, a smaller cutoff_len or a smaller model",
    "export": "end other programs, or take a smaller model",
    "serving": "fewer --chats, a smaller --context or a smaller model",
    "page": "end other programs, or take a smaller model",
}
SAYS = re.compile(r"^(?:\[rank\d+\]: ?)?((?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b:? ?.*)$")


def cause(
    output: str, code: int, log: Path, purpose: Purpose = "training", program: str = "llamafactory-cli"
) -> UserError:
    """Why the engine (or our own `program`) ended with `code`, in one line, and a remedy."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", output) if line.strip()]
    errors = [found[1] for line in lines if (found := SAYS.match(line))]
    # torchrun's own ChildFailedError comes last and says nothing
    told = [line for line in errors if "ChildFailedError" not in line]
    last = (told or errors or lines or ["it said nothing"])[-1][:300]
    if code in (-9, 137) and not told:
        problem = "the system ended the engine: most often memory ran out"
        return UserError(problem, f"{KILLED[purpose]}; the log is {log}")
    remedies = ALWAYS | REMEDIES[purpose]
    for name, pattern, problem in CAUSES:
        if name in remedies and re.search(pattern, last, re.IGNORECASE):
            return UserError(f"{problem}: {last}", f"{remedies[name]}; the whole log is {log}")
    return UserError(f"{program} ended with code {code}: {last}", f"read its log: {log}")


def serving(log: Path, code: int, program: str) -> UserError:
    """Why an engine that was to serve did not start, from its log."""
    text = log.read_text("utf-8", errors="replace")[-200_000:] if log.is_file() else ""
    return heard(text) or cause(text, code, log, "serving", program)
