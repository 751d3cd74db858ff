"""The engine's web page, its sliders at the card's sampling: `python -m chatstylebot.engine.webpage RECIPE.yaml`.

The engine starts them at 1024, 0.7 and 0.95 whatever the recipe says (webui/components/chatbot.py), and answers by what
stands there. Otherwise this is `llamafactory-cli webchat RECIPE.yaml`, but for the browser, which it would open.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

SLIDERS = ("max_new_tokens", "top_p", "temperature")
READY = "the page answers"


def set_sliders(parts: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Put the recipe's values on the page's sliders; each gets as wide as its value needs."""
    for name in SLIDERS:
        if name in parts and name in values:  # another version of the engine may have others
            slider, value = parts[name], values[name]
            slider.value = value
            slider.minimum, slider.maximum = min(slider.minimum, value), max(slider.maximum, value)


def main(recipe: Path) -> None:
    """The program. The engine reads the recipe from the command line itself, and the port from the environment."""
    from llamafactory.webui import interface

    values, make = yaml.safe_load(recipe.read_text("utf-8")), interface.create_chat_box

    def made(*args: Any, **options: Any) -> Any:
        box, messages, parts = make(*args, **options)
        set_sliders(parts, values)
        return box, messages, parts

    interface.create_chat_box = made  # in this process alone: the demo is put together while its page is open
    interface.fix_proxy(ipv6_enabled=False)
    demo = interface.create_web_demo().queue()
    name = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    demo.launch(share=False, server_name=name, inbrowser=False, prevent_thread_lock=True)
    print(READY, flush=True)  # noqa: T201
    demo.block_thread()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
