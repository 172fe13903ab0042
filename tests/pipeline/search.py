"""Searches every file of a workspace outside the identity side for what names a child.

Tables, workbooks, documents and databases are opened, since compressed bytes hide what they hold.
"""

import io
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import polars as pl
from pypdf import PdfReader

WORD = re.compile(r"[^\W_](?:[^\W_]|['’/-](?=[^\W_]))*")
BIRTH_COLUMNS = {
    "dob",
    "birth",
    "personbirthdate",
    "expectedpersonbirthdate",
    "mc_dob",
    "date_of_birth",
}
EVENTFUL = date(2023, 4, 1)
LOCAL_IDS = ("LAchildID", "CHILD", "pupilonrolltableid", "eh_id", "yj_id", "code")


@dataclass(frozen=True)
class Needles:
    """What must not be found: single words, and pairs of neighbouring words, all in lower case."""

    words: dict[str, str]
    pairs: dict[tuple[str, str], str]


def needles(truth: Path) -> Needles:
    """Names, UPNs, NHS numbers, postcodes, local numbers and birth dates of a place, from its truth.

    Forename and surname count together, since many a name is a word as well. A birth date that is
    also the date of something else in the place would prove nothing, and is left out; so are the
    years of the deliveries, full of events, and first days of a month, kept as months of birth.
    """
    people = pl.read_parquet(truth / "person.parquet")
    returns = [pl.read_parquet(p) for p in sorted((truth / "returns").rglob("*.parquet"))]
    words = {v.lower(): kind for kind in ("upn", "nhs") for v in people[kind].drop_nulls() if v}
    for frame in returns:
        for column in set(frame.columns) & set(LOCAL_IDS):
            words |= {
                v.lower(): "local number"
                for v in frame[column].drop_nulls().cast(pl.String)
                if len(v) > 5
            }
    others = set().union(*(_other_dates(f) for f in [*returns, *_truth_tables(truth)]))
    for birth in {b for b in people["birth"] if b.day > 1 and b < EVENTFUL} - others:
        words |= {f"{birth:%Y-%m-%d}": "birth date", f"{birth:%d/%m/%Y}": "birth date"}
    pairs = {}
    for forename, surname in people.select("forename", "surname").unique().iter_rows():
        first, last = _words(forename)[-1:], _words(surname)[:1]
        pairs |= {(*first, *last): "name", (*_words(surname)[-1:], *_words(forename)[:1]): "name"}
    homes = set(pl.read_parquet(truth / "residence.parquet")["postcode"].drop_nulls())
    for postcode in homes:
        outward, inward = postcode.lower().split()
        pairs[(outward, inward)] = "postcode"
        words[outward + inward] = "postcode"
    return Needles(words, pairs)


def found(folder: Path, wanted: Needles, leave_out: tuple[str, ...] = ("identity",)) -> list[str]:
    """Sentences "file: kind" for every needle in a file below the folder; never the needle itself."""
    told = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        inside = path.relative_to(folder)
        if inside.parts[0] in leave_out:
            continue
        for text in texts(path):
            words = _words(text)
            kinds = [wanted.words[w] for w in set(words) & wanted.words.keys()]
            kinds += [wanted.pairs[p] for p in set(pairwise(words)) & wanted.pairs.keys()]
            told += [f"{inside}: {k}" for k in kinds]
    return sorted(set(told))


def texts(path: Path) -> Iterator[str]:
    """Every text a file holds, whatever its format; its name as well."""
    yield path.name
    data = path.read_bytes()
    if path.suffix == ".parquet" and data[:4] == b"PAR1":
        frame = pl.read_parquet(io.BytesIO(data))
        for column in frame.columns:
            values = frame[column].unique()
            yield "\n".join(str(v) for v in values.to_list())
    elif path.suffix == ".sqlite":
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as log:
            tables = [
                n for (n,) in log.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            for table in tables:
                yield "\n".join(str(row) for row in log.execute(f'SELECT * FROM "{table}"'))
    elif path.suffix == ".pdf":
        yield "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield packed.read(name).decode("utf-8", "replace")
    else:
        yield data.decode("utf-8", "replace")


def _words(text: str) -> list[str]:
    return [w.lower() for w in WORD.findall(text)]


def _truth_tables(truth: Path) -> list[pl.DataFrame]:
    return [
        pl.read_parquet(truth / f"{n}.parquet")
        for n in ("residence", "spell", "exclusion", "justice")
    ]


def _other_dates(frame: pl.DataFrame) -> set:
    dates = set()
    for name, kind in frame.schema.items():
        if name.lower() in BIRTH_COLUMNS:
            continue
        if kind == pl.Date:
            dates |= set(frame[name].drop_nulls())
        elif kind == pl.String:
            for form in ("%Y-%m-%d", "%d/%m/%Y"):
                dates |= set(frame[name].str.to_date(form, strict=False).drop_nulls())
    return dates
