"""How the routes describe their refusals in the OpenAPI."""

from typing import Any

from chatstylebot.serving.schema import Failure

Responses = dict[int | str, dict[str, Any]]


def failures(*statuses: int) -> Responses:
    """The refusals with these statuses."""
    return {status: {"model": Failure} for status in statuses}


ALWAYS = failures(400, 401, 403, 413, 415, 429)
