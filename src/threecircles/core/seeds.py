"""Random numbers by name: without them adding one module would change the draws of another."""

from __future__ import annotations

import hashlib

import numpy as np


def stable_hash(*parts: object) -> int:
    """A 64-bit whole number from the texts of the parts, equal on every platform and run."""
    joined = "\x1f".join(str(p) for p in parts).encode()
    return int.from_bytes(hashlib.sha256(joined).digest()[:8], "big")


def rng(seed: int, *names: object) -> np.random.Generator:
    """A generator (PCG64) spawned from the seed by name; the order of spawning does not matter."""
    key = hashlib.sha256("\x1f".join(str(n) for n in names).encode()).digest()
    words = [int.from_bytes(key[i : i + 4], "big") for i in range(0, 16, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
