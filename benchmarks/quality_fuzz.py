"""Files broken in every way we can think of, for as long as one likes: never a traceback, never a lost row (quality A6, A29).

    python benchmarks/quality_fuzz.py PLACE [--minutes 10] [--seed 1]

PLACE is a made-up place (`threecircles synth hamlet --out PLACE`); its received files are broken by turns: cut,
bits flipped, stretches taken out, doubled or filled with NULs, another encoding or a false label, lines shuffled,
headings changed, one huge cell, very many columns, packed into archives. Each is read; what was read of the two
returns is checked. What broke is written beside --out with its seed, so that it can become a test. Prints how
many files were tried, how each kind ended, the slowest and the most memory.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from threecircles.quality import check
from threecircles.sources import read

RETURNS = {"cin-census": "cin", "ssda903": "903"}
Broken = Callable[[bytes, random.Random], bytes]


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) // 997 + 1) * 997]


def flipped(data: bytes, rng: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(rng.randrange(1, 40)):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def stretch(data: bytes, rng: random.Random) -> bytes:
    """A stretch left out, doubled or filled with NULs."""
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.randrange(1, 5000))
    middle = rng.choice([b"", data[start:end] * 2, b"\0" * (end - start)])
    return data[:start] + middle + data[end:]


def encoded(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    name = rng.choice(
        ["utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-8-sig", "latin-1", "utf-7"]
    )
    return text.encode(name, "replace")


def labelled(data: bytes, rng: random.Random) -> bytes:
    label = rng.choice([b"utf-16", b"ascii", b"iso-8859-1", b"klingon", b"", b"cp037"])
    body = data.split(b"?>", 1)[-1]
    return b'<?xml version="1.0" encoding="' + label + b'"?>' + body


def shuffled(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)


def ragged(data: bytes, rng: random.Random) -> bytes:
    """Quotes, delimiters and line ends sown at random places."""
    found = bytearray(data)
    for _ in range(rng.randrange(1, 20)):
        found[(at := rng.randrange(len(found))) : at] = rng.choice(
            [b'"', b",", b"\r", b"\n", b";", b"\t", b"<", b"&", b"]]>"]
        )
    return bytes(found)


def headed(data: bytes, rng: random.Random) -> bytes:
    """Another heading over the same rows, or the heading twice."""
    first, _, rest = data.partition(b"\n")
    names = first.split(b",")
    rng.shuffle(names)
    return b",".join(names + rng.choice([[], names[:1], [b"x" * 70_000]])) + b"\n" + rest


def huge(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + b"y" * rng.choice([70_000, 10_000_000]) + data[at:]


def wide(data: bytes, rng: random.Random) -> bytes:
    return b",".join(b"c%d" % n for n in range(rng.choice([1_000, 300_000]))) + b"\n" + data[:2000]


def packed(data: bytes, rng: random.Random) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(rng.choice(["a.csv", "../../a.csv", "xl/workbook.xml", "a.zip"]), data)
        if rng.random() < 0.3:
            book.writestr("zeros.csv", b"0" * 30_000_000)
    whole = held.getvalue()
    return whole if rng.random() < 0.5 else flipped(whole, rng)


def entities(data: bytes, rng: random.Random) -> bytes:
    levels = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(rng.randrange(2, 12)))
    return (
        f'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a0 "ha">{levels}]><Message>&a9;</Message>'.encode()
        + data[:500]
    )


BREAKS: tuple[Broken, ...] = (cut, flipped, stretch, encoded, labelled, shuffled, ragged, headed, huge, wide, packed, entities)  # fmt: skip


def tried(path: Path) -> str:
    """How reading (and checking) a file ended, in a word. Raises whatever a user would see as a fault."""
    reading = read([path])
    files = reading.files
    assert (files["rows_in"] == files["rows_kept"] + files["rows_rejected"]).all(), "a row was lost"
    assert reading.tables or reading.refused, "neither read nor refused"
    assert all(p.what for p in reading.refused), "refused without a word"
    name = RETURNS.get(reading.source)
    if name and reading.tables:
        report = check(reading, return_name=name, year=2026)
        assert report.count("failed") == 0, "a rule failed"
        return "checked"
    return "read" if reading.tables else "refused"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("fuzz-faults"))
    told = parser.parse_args()
    files = [
        p
        for p in sorted((told.place / "received").rglob("*"))
        if p.is_file() and p.stat().st_size < 2_000_000
    ]
    ended: Counter[tuple[str, str]] = Counter()
    slowest, faults, n = (0.0, ""), 0, told.seed * 1_000_000
    until = time.monotonic() + 60 * told.minutes
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < until:
            n += 1
            rng = random.Random(n)
            source, breaking = rng.choice(files), rng.choice(BREAKS)
            data = breaking(source.read_bytes() or b"x", rng)
            path = Path(folder) / f"a{rng.choice(['.csv', '.xml', '.dat', source.suffix])}"
            path.write_bytes(data)
            began = time.monotonic()
            try:
                how = tried(path)
            except Exception:  # noqa: BLE001  what a file brings about is what is looked for
                how, faults = "FAULT", faults + 1
                told.out.mkdir(exist_ok=True)
                (told.out / f"{n}-{breaking.__name__}{path.suffix}").write_bytes(data)
                print(
                    f"seed {n}: {source.name}, {breaking.__name__}\n{traceback.format_exc()[-1500:]}"
                )
            slowest = max(
                slowest, (time.monotonic() - began, f"{source.name}, {breaking.__name__}, seed {n}")
            )
            ended[breaking.__name__, how] += 1
            path.unlink()
    for name in (b.__name__ for b in BREAKS):
        print(
            f"{name}: "
            + ", ".join(f"{c} {how}" for (b, how), c in sorted(ended.items()) if b == name)
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{sum(ended.values())} files, {faults} faults; slowest {slowest[0]:.1f} s ({slowest[1]}); {memory:.0f} MB at most"
    )
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
