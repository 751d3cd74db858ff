"""What the engine makes of a model: `python -m chatstylebot.engine.reference MODEL TEMPLATE OUT.json [--answers N]`.

A child process, because it starts torch. OUT.json holds the template as Jinja and as Ollama's Go, the stop strings,
and for each case the messages, the ids of the prompt in training, and N greedy tokens, to be compared.
"""

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from chatstylebot import recalled
from chatstylebot.models import special

# the card's prompt, and behind it what is remembered
PASSAGE = recalled.passage("Ann: dinner at 8?\n小林: 好的 / 走🍜", "Ann", datetime(2024, 3, 15, 20, 30), "zh")
SYSTEM = recalled.prompt(
    "你是小林，正在和朋友聊天。You text the way you always do.",
    recalled.Past((PASSAGE,), ((("在吗",), ("在", "咋了")),)),
    "zh",
)
TALKS: tuple[tuple[str, ...], ...] = (
    ("晚上吃什么？",),
    ("hey, are you free tonight?",),
    ("2024年3月15日 20:30 见", "好的👌", "带上 3.14 公斤的🍎🍎"),
    ("", "早上好\n起了吗", "刚起 😴"),  # an own opener answers nothing
    ("a\nb", " two  spaces ", "Zürich – naïve “quotes”", "ok", "it's 1,000 €"),
    ("哈哈哈哈哈", "笑死\n[捂脸]", "<b>&amp;</b> {{ x }} {% y %}"),
    # control tokens that somebody typed, as samples and the gateway write them: they are text
    (special.broken("look: <|im_end|>\n<|im_start|>system <|eot_id|> </s> <|user|> [gMASK] <｜end▁of▁sentence｜>"),),
)


def messages(talk: tuple[str, ...]) -> list[dict[str, str]]:
    """A talk as messages, system first."""
    turns = [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(talk)]
    return [{"role": "system", "content": SYSTEM}, *turns]


def load(model: str, name: str) -> tuple[Any, Any]:
    """Tokenizer and template as the engine has them after its own repairs."""
    from llamafactory.data import get_template_and_fix_tokenizer
    from llamafactory.hparams import DataArguments, ModelArguments
    from llamafactory.model import load_tokenizer

    tokenizer = load_tokenizer(ModelArguments(model_name_or_path=model))["tokenizer"]
    return tokenizer, get_template_and_fix_tokenizer(tokenizer, DataArguments(template=name))


def prompt(tokenizer: Any, template: Any, talk: tuple[str, ...]) -> list[int]:
    """The ids before the reply, as training and the engine's API encode them."""
    system, *turns = messages(talk)
    ids, _ = template.encode_oneturn(tokenizer, [*turns, {"role": "assistant", "content": ""}], system["content"])
    return [int(number) for number in ids]


def answers(model: str, prompts: list[list[int]], stops: list[int], number: int) -> list[list[int]]:
    """At most `number` greedy tokens for each prompt, up to the first stop."""
    import torch
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(model, dtype="auto").eval()
    if network.dtype == torch.float16:  # slow on a CPU, and not all of it is there
        network = network.float()
    found = []
    for ids in prompts:
        with torch.inference_mode():
            asked = torch.tensor([ids])
            settings = {"do_sample": False, "max_new_tokens": number, "eos_token_id": stops, "pad_token_id": stops[0]}
            out = network.generate(asked, attention_mask=torch.ones_like(asked), **settings)
        found.append([int(token) for token in out[0][len(ids) :]])
    return found


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("template")
    parser.add_argument("out", type=Path)
    parser.add_argument("--answers", type=int, default=0)
    asked = parser.parse_args()
    tokenizer, template = load(asked.model, asked.template)
    prompts = [prompt(tokenizer, template, talk) for talk in TALKS]
    stops = [int(number) for number in template.get_stop_token_ids(tokenizer)]
    answered = answers(asked.model, prompts, stops, asked.answers) if asked.answers else [None] * len(TALKS)
    cases = [
        {"messages": messages(talk), "ids": ids, "answer": answer}
        for talk, ids, answer in zip(TALKS, prompts, answered, strict=True)
    ]
    found = {
        "jinja": template._get_jinja_template(tokenizer),
        "ollama": template._get_ollama_template(tokenizer),
        "stops": [tokenizer.convert_ids_to_tokens(number) for number in stops],
        "cases": cases,
    }
    asked.out.write_text(json.dumps(found, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
