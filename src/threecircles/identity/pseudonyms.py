"""Keyed names for persons: without the key anyone could try all NHS numbers in eleven minutes."""

from __future__ import annotations

import base64
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from threecircles.core.errors import UsageError
from threecircles.core.identifiers import clean_identifier


def derived_key(master: bytes, salt: str, use: str) -> bytes:
    """A key for one use from the master key: HKDF-SHA256, info `threecircles/<use>/v1`."""
    return HKDF(SHA256(), 32, salt.encode(), f"threecircles/{use}/v1".encode()).derive(master)


def project_key(master: bytes, workspace: str, project: str) -> bytes:
    """The key of a project: HKDF-SHA256 with the workspace as salt (RFC 5869).

    Two projects have unlike keys, so that their releases cannot be joined; a new master re-keys all.
    """
    if not project:
        raise UsageError("A pseudonym needs the name of its project.")
    info = f"threecircles/pseudonym/v1/{project}".encode()
    return HKDF(SHA256(), 32, workspace.encode(), info).derive(master)


def short_code(digest: bytes) -> str:
    """The first 15 bytes of a digest as 24 lower-case letters and digits (base 32)."""
    return base64.b32encode(digest[:15]).decode().lower()


def pseudonym(key: bytes, person_id: str) -> str:
    """The name of a person within a project: HMAC-SHA256 under the project's key, 24 characters."""
    return short_code(hmac.digest(key, person_id.encode(), "sha256"))


def token(key: bytes, scheme: str, value: str) -> str:
    """The token that any holder of a project's key makes from an identifier, without showing it."""
    return short_code(hmac.digest(key, f"{scheme}\x1f{clean_identifier(value)}".encode(), "sha256"))
