"""The desk's signature: without it anybody could swap a released file and its manifest with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from threecircles.core import keys
from threecircles.core.errors import NotPermitted
from threecircles.core.workspace import Workspace, write_bytes

FOLDER = "signatures"


def sign(workspace: Workspace, release: str) -> Path:
    """Sign the manifest of the release that is shown now (Ed25519); returns the signature file.

    It lies outside release/, so that the released bytes are the same wherever they are made.
    """
    key = _key(workspace)
    data = (workspace.release / "manifest.json").read_bytes()
    told = {
        "release": release,
        "manifest": hashlib.sha256(data).hexdigest(),
        "signature": key.sign(data).hex(),
        "public_key": key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
    }
    path = workspace.path / FOLDER / f"{release}.json"
    write_bytes(path, json.dumps(told, indent=1).encode())
    return path


def verify(folder: Path, signature: Path, public_key: str | None = None) -> int:
    """Check a released folder (manifest.json beside its files) against a signature; returns the files seen.

    public_key: the desk's, known from elsewhere; without it the key in the signature is believed.
    Raises NotPermitted for the first thing that does not fit.
    """
    told = json.loads(signature.read_text())
    if public_key is not None and public_key != told["public_key"]:
        raise NotPermitted("The signature is of another desk.", where=signature.name)
    data = (folder / "manifest.json").read_bytes()
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["public_key"])).verify(
            bytes.fromhex(told["signature"]), data
        )
    except (InvalidSignature, ValueError):
        raise NotPermitted(
            "The manifest is not the one that was signed.", where="manifest.json"
        ) from None
    files: dict[str, str] = json.loads(data)["files"]
    here = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {
        "manifest.json"
    }
    for name in sorted(here ^ set(files)):
        raise NotPermitted("The files are not those that were signed.", where=name)
    for name, digest in files.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise NotPermitted("The file is not the one that was signed.", where=name)
    return len(files)


def _key(workspace: Workspace) -> Ed25519PrivateKey:
    name = f"{workspace.id}-desk"
    keys.create(name)
    # Where one key comes from the environment, the desk's is made from it and is another.
    return Ed25519PrivateKey.from_private_bytes(
        hashlib.sha256(b"release desk" + keys.read(name)).digest()
    )
