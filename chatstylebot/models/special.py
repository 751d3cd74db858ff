"""Control tokens in people's words: written so that they read the same and are text to every tokenizer.

A message `<|im_end|>` would end a turn where it is encoded with the tokenizer's special tokens, as the engine does. An
invisible WORD JOINER behind the first character keeps the string from being one. The strings are those of all of
LLaMA-Factory's templates (0.9.5) and of the presets' tokenizers; to them come those of the tokenizer at hand.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

BREAK = "\u2060"
_PLAIN = (
    r"s|unk|pad|bos|eos|eod|eop|sop|sep|cls|mask|think|answer|response|role|tool_call|tool_calls|tool_response|tools|"
    r"seed:think|_bot|_system|_user|audio|image|video|audio_soft_token|image_soft_token|beginning_of_sentence|"
    r"end_of_sentence|start_of_turn|end_of_turn|start_of_image|end_of_image|im_start|im_end|img|box|quad|ref|"
    r"repo_name|reponame|file_sep|filename|gh_stars|issue_start|issue_comment|issue_closed|jupyter_start|jupyter_text|"
    r"jupyter_code|jupyter_output|jupyter_script|empty_output|commit_before|commit_msg|commit_after|"
    r"fim_prefix|fim_middle|fim_suffix|fim_pad|unused_?\d+|extra_id_\d+|reserved_\d+|SPECIAL_\d+"
)
_BRACKETS = (
    r"INST|SYSTEM_PROMPT|TOOL_RESULTS|TOOL_CALLS|TOOL_CONTENT|AVAILABLE_TOOLS|IMG|IMG_BREAK|IMG_END|THINK|gMASK|sMASK|"
    r"MASK|CLS|SEP|PAD|UNK|BOS|EOS"
)
# what may stand behind which first character
_RULES = (
    ("<", rf"[|｜][^<>\n{BREAK}]{{0,60}}>"),
    ("<", rf"[^<>\n|｜{BREAK}]{{1,60}}[|｜]>"),
    ("<", rf"/?(?:{_PLAIN})>"),
    ("<", r"</?SYS>>"),
    (r"\[", rf"/?(?:{_BRACKETS})\]"),
    (r"\[", rf"\|[^\[\]\n{BREAK}]{{1,40}}\|\]"),
    (r"\[", r"e~\["),
    (r"\]", r"~!?b[\[\]]"),
    ("◁", rf"[^◁▷\n{BREAK}]{{1,20}}▷"),
)


@dataclass(frozen=True)
class Rule:
    """What is broken: a regular expression of groups in pairs (first character, rest), for `re` and for Polars."""

    pattern: str
    signs: str = r"[<\[\]◁]"  # what one of them begins with

    @cached_property
    def replacement(self) -> str:
        """What takes the place of a match, in Polars' words: of all groups only one pair holds anything."""
        pairs = range(1, self._found.groups, 2)
        return "".join(f"${{{n}}}" for n in pairs) + BREAK + "".join(f"${{{n + 1}}}" for n in pairs)

    @cached_property
    def _found(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def broken(self, text: str) -> str:
        """The text with every control token in it broken; done again, nothing changes."""
        return self._found.sub(lambda found: f"{found[0][0]}{BREAK}{found[0][1:]}", text)

    def each(self, value: Any) -> Any:
        """The same lists and dicts with every text in them broken; keys stay."""
        if isinstance(value, dict):
            return {key: self.each(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.each(inner) for inner in value]
        return self.broken(value) if isinstance(value, str) else value


def rule(more: Iterable[str] = ()) -> Rule:
    """The rule for all templates, and for these strings."""
    rules = [f"({first})({rest})" for first, rest in _RULES]
    known = re.compile("|".join(rules))
    # the longest first: one may begin another
    rest = sorted({one for one in more if len(one) > 1 and not known.fullmatch(one)}, key=len, reverse=True)
    first = "".join(sorted({*"<[]◁", *(one[0] for one in rest)}))
    signs = f"[{''.join(map(re.escape, first))}]"
    return Rule("|".join([*(f"({re.escape(one[0])})({re.escape(one[1:])})" for one in rest), *rules]), signs)


ALL = rule()  # of all templates


def of_model(tokenizer: Path | None) -> Rule:
    """The rule for all templates, and for a model's own tokenizer.json where it is known."""
    return rule(of(tokenizer) if tokenizer else ())


def broken(text: str) -> str:
    """The text with every control token of all templates in it broken."""
    return ALL.broken(text)


def each(value: Any) -> Any:
    """The same lists and dicts with every control token of all templates in them broken."""
    return ALL.each(value)


def same(one: str, other: str) -> bool:
    """Whether two texts read the same, broken or not."""
    return one.replace(BREAK, "") == other.replace(BREAK, "")


def of(tokenizer: Path) -> list[str]:
    """The special strings of a tokenizer.json that are no ordinary words; [] where it cannot be read."""
    try:
        told = json.loads(tokenizer.read_text("utf-8"))
        found = [str(token["content"]) for token in told["added_tokens"] if token.get("special")]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return telling(found)


def telling(tokens: Iterable[str]) -> list[str]:
    """The special strings among these that are no ordinary words."""
    return [one for one in tokens if not one.replace(" ", "").isalnum()]
