"""The key of the identity side, kept outside the workspace: without it a copied folder would show names."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from threecircles.core.errors import NotPermitted

VARIABLE = "THREECIRCLES_IDENTITY_KEY"
HOME = "THREECIRCLES_KEYS"
_NONCE = 12


def folder() -> Path:
    """Where key files lie: THREECIRCLES_KEYS, else the user's configuration folder."""
    named = os.environ.get(HOME)
    return Path(named) if named else Path.home() / ".config" / "threecircles" / "keys"


def create(workspace_id: str) -> None:
    """Make a key file (mode 600) for a new workspace, unless the key comes from the environment."""
    if os.environ.get(VARIABLE):
        return
    path = folder() / f"{workspace_id}.key"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32))


def read(workspace_id: str) -> bytes:
    """The 32 bytes of the key. Raises NotPermitted when this user does not hold it."""
    text = os.environ.get(VARIABLE, "")
    path = folder() / f"{workspace_id}.key"
    if not text and path.exists():
        text = path.read_text().strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise NotPermitted(
            "The key of the identity side is not here.",
            mend=f"Set {VARIABLE} (64 hexadecimal digits) or bring the key file of this workspace to {HOME}.",
        )
    return key


def seal(data: bytes, key: bytes, name: str) -> bytes:
    """AES-256-GCM: a fresh nonce, then the sealed bytes, bound to the name they are stored under."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, name.encode())


def unseal(data: bytes, key: bytes, name: str) -> bytes:
    """The inverse of seal. Raises NotPermitted for a wrong key or changed bytes."""
    try:
        return AESGCM(key).decrypt(data[:_NONCE], data[_NONCE:], name.encode())
    except InvalidTag:
        raise NotPermitted(
            "The file does not open: wrong key, or the file was changed.", where=name
        ) from None
