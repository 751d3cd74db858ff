"""contacts.yaml: who is who, and who may be answered."""

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, ValidationError

from chatstylebot.card_parts import Part, Policy, off
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace

LINE = "`chat_id: {name: …, relation: …, policy: off|draft|auto}`"


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
    except (yaml.YAMLError, OSError, ValueError) as error:  # ValueError: no UTF-8, no date
        why = str(error).replace("\n", " ")
        raise UserError(f"contacts.yaml cannot be read: {why}", f"write {LINE} in {path}") from None
    if not isinstance(values, dict):
        raise UserError("contacts.yaml holds no keys", f"write {LINE} in {path}")
    return {str(key): _contact(str(key), value, path) for key, value in values.items()}


def _contact(id: str, value: Any, path: Path) -> Contact:
    try:
        return Contact.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        why = f"{where}: {first['msg']}" if where else first["msg"]
        raise UserError(f"contacts.yaml: {id}: {why}", f"write {LINE} in {path}") from None
