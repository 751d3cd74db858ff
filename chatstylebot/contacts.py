"""contacts.yaml: who is who, and who may be answered."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BeforeValidator, Field, ValidationError

from chatstylebot.card_parts import Part, Policy, off
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace


class Contact(Part):
    """One person of contacts.yaml: how an exported chat and a person on a channel are one."""

    name: str | None = None
    relation: str | None = None
    aliases: dict[str, str] = Field(default_factory=dict)
    policy: Annotated[Policy, BeforeValidator(off)] = "off"
    public: bool = False


def read_contacts(workspace: Path) -> dict[str, Contact]:
    """The people of the workspace's contacts.yaml by chat_id, none when there is no such file. Raises UserError."""
    path = Workspace(workspace).contacts
    if not path.is_file():
        return {}
    try:
        values = yaml.safe_load(path.read_text("utf-8-sig")) or {}
        return {str(key): Contact.model_validate(value) for key, value in values.items()}
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, ValidationError) as error:
        first = str(error).replace("\n", " ")
        raise UserError(f"contacts.yaml: {first}", f"write `chat_id: {{name: …, relation: …}}` in {path}") from None
