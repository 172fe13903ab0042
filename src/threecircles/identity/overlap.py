"""How many children two bodies both know, and nothing else: without it each would first have to show its list.

Three messages: the asker sends numbers blinded with its own key, the other body blinds them again and
adds its own list blinded, the asker counts what meets (private set intersection, package openmined-psi).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from threecircles.core.errors import UsageError
from threecircles.core.identifiers import clean_identifier

SMALLEST = 10
"""An overlap below this is not told: it could point at a child."""
_FALSE_HITS = 1e-9


def ask(numbers: Sequence[str | None], secret: Path, request: Path) -> int:
    """Write the request for the other body and the secret to keep; returns how many numbers it holds.

    numbers: of one scheme, as they stand in the list. Raises UsageError without the package.
    """
    psi, items = _psi(), _items(numbers)
    client = psi.client.CreateWithNewKey(False)
    secret.write_bytes(client.GetPrivateKeyBytes())
    secret.chmod(0o600)
    request.write_bytes(client.CreateRequest(items).SerializeToString())
    return len(items)


def answer(numbers: Sequence[str | None], request: Path, response: Path) -> int:
    """Write the answer to a request; returns how many numbers of one's own went in. A new key each time."""
    psi, items = _psi(), _items(numbers)
    asked = psi.Request()
    asked.ParseFromString(request.read_bytes())
    server = psi.server.CreateWithNewKey(False)
    size = max(1, len(asked.encrypted_elements))
    setup = server.CreateSetupMessage(_FALSE_HITS, size, items, psi.DataStructure.RAW)
    parts = [m.SerializeToString() for m in (setup, server.ProcessRequest(asked))]
    response.write_bytes(len(parts[0]).to_bytes(8, "big") + parts[0] + parts[1])
    return len(items)


def count(secret: Path, response: Path) -> int | None:
    """How many the two lists have in common; None when it is under the disclosure threshold."""
    psi = _psi()
    client = psi.client.CreateFromKey(secret.read_bytes(), False)
    whole = response.read_bytes()
    at = 8 + int.from_bytes(whole[:8], "big")
    setup, told = psi.ServerSetup(), psi.Response()
    setup.ParseFromString(whole[8:at])
    told.ParseFromString(whole[at:])
    found = int(client.GetIntersectionSize(setup, told))
    return found if found >= SMALLEST else None


def _items(numbers: Sequence[str | None]) -> list[str]:
    """The numbers cleaned, each once, in an order that tells nothing."""
    return sorted({clean_identifier(n) for n in numbers if n} - {""})


def _psi() -> ModuleType:
    try:
        import private_set_intersection.python as psi
    except ImportError as missing:
        raise UsageError(
            "Private set intersection is not installed here.",
            mend="pip install openmined-psi, or `threecircles[psi]`; both bodies need it.",
        ) from missing
    module: ModuleType = psi
    return module
