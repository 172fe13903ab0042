"""Linkage of lists that may not be shown: without it a charity would have to hand over its names.

Each body turns its rows into keyed Bloom filters with a key that only the two bodies hold; whoever
compares them sees bits. Known attacks (frequencies of names, patterns of bits) remain: one key a pair
of bodies, and no filter outlives its match.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.identifiers import clean_identifier
from threecircles.definitions import Definition, load
from threecircles.identity import assign, births
from threecircles.identity.names import fold
from threecircles.identity.pseudonyms import project_key, short_code

_MOST_PAIRS = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Bloom(Definition):
    """bits: length of a filter. hashes: by field. least: Dice coefficient from which two may be one."""

    bits: int
    hashes: dict[str, int]
    least: float


def encoded(table: pl.DataFrame, columns: Mapping[str, str], record_id: str, master: bytes, pair: str) -> pl.DataFrame:  # fmt: skip
    """record_id, block (keyed birthday), filter (binary): rows without a birthday or name are left out.

    columns: field (first_name, surname, date_of_birth, postcode) -> heading. pair: the name of the two
    bodies' exchange; another pair's filters cannot be compared with these. Raises UsageError.
    """
    known = load("identity/bloom", Bloom)
    wrong = sorted(set(columns) - set(known.hashes))
    if wrong or "date_of_birth" not in columns:
        raise UsageError(
            "Filters are made of first name, surname, birthday and postcode, and need the birthday.",
            found=", ".join(sorted(columns)), allowed=", ".join(known.hashes),
        )  # fmt: skip
    key = project_key(master, pair, "bloom")
    days = births.days(table[columns["date_of_birth"]]).dt.strftime("%Y-%m-%d")
    texts: dict[str, list[str | None]] = {"date_of_birth": days.to_list()}
    for field in ("first_name", "surname"):
        if field in columns:
            texts[field] = [fold(v).replace(" ", "") if v else None for v in table[columns[field]]]
    if "postcode" in columns:
        texts["postcode"] = [clean_identifier(v) if v else None for v in table[columns["postcode"]]]
    grams: dict[tuple[str, str], list[int]] = {}
    made = []
    for row, record in enumerate(table[record_id].cast(pl.String)):
        day = texts["date_of_birth"][row]
        if day is None or record is None or not any(texts[f][row] for f in texts if "name" in f):
            continue
        bits = np.zeros(known.bits, dtype=bool)
        for field, values in texts.items():
            for gram in _grams(values[row]):
                at = grams.get((field, gram))
                if at is None:
                    at = _places(key, field, gram, known)
                    grams[field, gram] = at
                bits[at] = True
        block = short_code(hmac.digest(key, f"block\x1f{day}".encode(), "sha256"))
        made.append((record, block, np.packbits(bits).tobytes()))
    schema = {"record_id": pl.String, "block": pl.String, "filter": pl.Binary}
    return pl.DataFrame(made, schema=schema, orient="row")


def matched(one: pl.DataFrame, other: pl.DataFrame, least: float | None = None) -> pl.DataFrame:
    """record_l, record_r, dice: pairs of one block whose filters are alike, one to one at the greatest sum.

    one, other: as `encoded` gives them, of two lists that name nobody twice.
    """
    known = load("identity/bloom", Bloom)
    floor = known.least if least is None else least
    left = one.with_row_index("l").select("l", "block")
    pairs = left.join(other.with_row_index("r").select("r", "block"), on="block")
    if len(pairs) > _MOST_PAIRS * 20:
        raise UsageError("Too many filters share one birthday.", mend="Look for a default date.")
    a, b = (np.stack([np.frombuffer(f, np.uint8) for f in t["filter"]]) if len(t) else np.zeros((0, known.bits // 8), np.uint8) for t in (one, other))  # fmt: skip
    ones_a, ones_b = (np.bitwise_count(x).sum(axis=1, dtype=np.int64) for x in (a, b))
    parts = []
    for begin in range(0, len(pairs), _MOST_PAIRS):
        i, j = (pairs[c][begin : begin + _MOST_PAIRS].to_numpy() for c in ("l", "r"))
        shared = np.bitwise_count(a[i] & b[j]).sum(axis=1, dtype=np.int64)
        dice = 2 * shared / np.maximum(1, ones_a[i] + ones_b[j])
        near = dice >= floor
        parts.append(
            pl.DataFrame(
                {
                    "unit_l": i[near].astype(np.int64),
                    "unit_r": j[near].astype(np.int64),
                    "w_adjusted": dice[near],
                }
            )
        )
    if not parts:
        return pl.DataFrame(
            schema={"record_l": pl.String, "record_r": pl.String, "dice": pl.Float64}
        )
    # Indices of the two lists must not be taken for one another.
    edges = pl.concat(parts).with_columns(pl.col("unit_r") + len(one))
    best = assign.assigned(edges, floor)
    return best.select(
        one["record_id"].gather(best["unit_l"]).alias("record_l"),
        other["record_id"].gather(best["unit_r"] - len(one)).alias("record_r"),
        pl.col("w_adjusted").round(4).alias("dice"),
    ).sort("record_l")


def _grams(text: str | None) -> set[str]:
    """Pairs of neighbouring signs, the ends included."""
    if not text:
        return set()
    padded = f"_{text}_"
    return {padded[i : i + 2] for i in range(len(padded) - 1)}


def _places(key: bytes, field: str, gram: str, known: Bloom) -> list[int]:
    digest = hmac.digest(key, f"{field}\x1f{gram}".encode(), "sha512")
    return [int.from_bytes(digest[2 * i : 2 * i + 2], "big") % known.bits for i in range(known.hashes[field])]  # fmt: skip
