"""The offline guard: a Python with this loaded reaches this machine and no other.

conftest imports it for the test process and puts this folder on PYTHONPATH, so that every Python that a test starts
loads it by itself. A refused call raises, and is written down too: a caller that swallows the error (telemetry does)
fails the run all the same.
"""

import os
import socket
import sys
from typing import Any

LOG_VARIABLE = "TESTS_REFUSED_LOG"
_LOCAL = frozenset({"", "localhost", "0.0.0.0", "::", "::1", socket.gethostname()})  # noqa: S104 - nothing is bound
_GUARDED = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})


class RefusedError(OSError):
    """A test tried to reach another machine."""


def is_local(host: str | bytes | None) -> bool:
    """Whether a host, as given to a socket call, is this machine."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host or ""
    return name in _LOCAL or name.startswith("127.")


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _GUARDED:
        return
    target = arguments[0] if event in {"socket.getaddrinfo", "socket.gethostbyname"} else arguments[1]
    # A path is a Unix socket; anything else that is no (host, port, …) is no network address either.
    host = target[0] if isinstance(target, tuple) else target
    if event in {"socket.connect", "socket.sendto"} and not isinstance(target, tuple):
        return
    if not (host is None or isinstance(host, str | bytes)) or is_local(host):
        return
    if log := os.environ.get(LOG_VARIABLE):
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{event} {target!r} by {' '.join(sys.argv)[:200]}\n")
    raise RefusedError(f"{event} to {target!r} refused: tests run offline")


sys.addaudithook(_guard)
