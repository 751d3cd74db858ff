"""On PYTHONPATH of a program under test: no socket leaves the machine, and who tried is written into OFFLINE."""

import os
import socket
from typing import Any

LOOPBACK = ("127.", "::1", "localhost")


def _refuse(real: Any) -> Any:
    def call(self: socket.socket, address: Any, *rest: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not str(host).startswith(LOOPBACK):
            _tell(address)
        return real(self, address, *rest)

    return call


def _lookup(real: Any) -> Any:
    def call(host: Any, *rest: Any, **more: Any) -> Any:
        if host and not str(host).startswith(LOOPBACK):
            _tell(host)
        return real(host, *rest, **more)

    return call


def _tell(what: object) -> None:
    with open(os.environ["OFFLINE"], "a", encoding="utf-8") as file:
        file.write(f"{what}\n")
    raise OSError(f"{what} is not on this machine")


if "OFFLINE" in os.environ:
    socket.socket.connect = _refuse(socket.socket.connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = _refuse(socket.socket.connect_ex)  # type: ignore[method-assign]
    socket.getaddrinfo = _lookup(socket.getaddrinfo)
