"""Ids of records known by a token alone: without them a club that sends no names could not be counted in people."""

from __future__ import annotations

import hashlib
import hmac

import polars as pl

from threecircles.core.workspace import Workspace
from threecircles.definitions.place import Place
from threecircles.identity.pseudonyms import derived_key, short_code


def token_ids(place: Place, workspace: Workspace | None, tokens: pl.Series) -> pl.Series:
    """An opaque record id for each token (text: provider and key), the same in every run of the place.

    The place's key stands behind it, so that nobody can try all numbers of a register; a made-up place,
    which holds nobody's number, does without.
    """
    if place.fictitious or workspace is None:
        secret = hashlib.sha256(f"made-up tokens {place.id} {place.seed}".encode()).digest()
    else:
        secret = derived_key(workspace.key(), workspace.id, "token-record")
    made = [short_code(hmac.digest(secret, t.encode(), "sha256")) for t in tokens]
    return pl.Series(tokens.name, made, dtype=pl.String)
