"""Why the engine ended: its last meaningful line, and what to do about it."""

import re
from pathlib import Path

from chatstylebot.errors import UserError

# the last line that says why, and what to do about it; the first that matches wins
REMEDIES: list[tuple[str, str, str]] = [
    (
        r"out of memory|OutOfMemoryError|can't allocate memory|Cannot allocate memory",
        "memory ran out",
        "per_device_train_batch_size=1, a smaller cutoff_len, --method qlora, or --deepspeed z3 on several GPUs",
    ),
    (
        r"compiled with different CUDA versions|libc10_cuda|NVIDIA driver on your system is too old|"
        r"CUDA driver version",
        "torch does not fit this machine",
        "csb doctor",
    ),
    (
        r"not a valid model identifier|Can't load (the )?(configuration|tokenizer|model)|no file named (model|pytorch)|"
        r"does not appear to have a file named|Repo id must be|LocalEntryNotFoundError|couldn't connect to",
        "the base model is not there",
        "csb download MODEL (`csb recipes models` names them)",
    ),
    (r"requires the following packages|please install|pip install|No module named", "a package is missing",
     "csb doctor"),
    (r"Template .* does not exist", "the template is not known to the engine", "template=… as in `csb recipes show`"),
    (r"Undefined dataset|Cannot (find|open).*dataset_info|File .*\.json not found|Unable to find .*data",
     "a dataset is missing", "csb preprocess EXPORT, or dataset=example to try"),
    (r"Cannot find valid samples|num_samples=0|empty dataset|less than one block", "there is too little data",
     "export more chats, or a smaller cutoff_len"),
    (r"No space left on device", "the disk is full", "free space, or save_total_limit=2"),
    (r"Address already in use|EADDRINUSE|Cannot find empty port", "the port is taken",
     "choose another port, or stop the program that uses it"),
]  # fmt: skip
SAYS = re.compile(r"^(?:\[rank\d+\]: ?)?((?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b:? ?.*)$")


def cause(output: str, code: int, log: Path) -> UserError:
    """Why the engine ended with `code`, in one line, and a remedy."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", output) if line.strip()]
    errors = [found[1] for line in lines if (found := SAYS.match(line))]
    # torchrun's own ChildFailedError comes last and says nothing
    told = [line for line in errors if "ChildFailedError" not in line]
    last = (told or errors or lines or ["it said nothing"])[-1][:300]
    if code in (-9, 137) and not told:
        return UserError(
            "the system ended the engine: most often memory ran out",
            f"per_device_train_batch_size=1, a smaller cutoff_len or a smaller model; the log is {log}",
        )
    for pattern, problem, remedy in REMEDIES:
        if re.search(pattern, last, re.IGNORECASE):
            return UserError(f"{problem}: {last}", f"{remedy}; the whole log is {log}")
    return UserError(f"llamafactory-cli ended with code {code}: {last}", f"read its log: {log}")
