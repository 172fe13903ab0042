"""What a source looks like, held as data: without it every reader would restate the columns it reads."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Literal

from threecircles.core.errors import DefinitionError
from threecircles.definitions import HOME, Definition, load, load_folder, read_csv

Kind = Literal[
    "text", "code", "date", "datetime", "int", "decimal", "money", "bool",
    "postcode", "upn", "uln", "nhs_number", "urn", "gss",
]  # fmt: skip
Personal = Literal["direct", "quasi", "special", "none"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """One column of a table of a source.

    codes: name of a list in `definitions/codes`. personal: how far the column can tell who somebody is;
    everything but `none` stays on the identity side. xml, copy, ordinal: where an XML form holds it (a
    path below the row's element; a path below the record; the count of an element in its parent).
    many: a list of values. partial: parts of a date may be unknown. derived: not sent, worked out.
    refuse: value -> the sentence with which its row is rejected.
    """

    name: str
    type: Kind = "text"
    label: str = ""
    synonyms: tuple[str, ...] = ()
    required: bool = False
    codes: str = ""
    min: float | None = None
    max: float | None = None
    unit: str = ""
    blank_words: tuple[str, ...] = ()
    personal: Personal = "none"
    since: date | None = None
    until: date | None = None
    xml: str = ""
    copy: str = ""
    ordinal: str = ""
    many: bool = False
    partial: bool = False
    derived: bool = False
    refuse: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """One table of a source. rows: what a row is. discriminating: columns no other table has.

    element: path of the row's element below the record in an XML form ("*" = any group that holds the
    columns); group: element that makes a row even when it is empty; when: columns of which one must be
    filled for the row to exist. sheet: name or pattern of the worksheet. guidance: plain words for whoever
    fills it in. example: rows as they would be filled in, with bars between the cells, headings first.
    """

    name: str
    columns: tuple[Column, ...]
    rows: str = ""
    key: tuple[str, ...] = ()
    discriminating: tuple[str, ...] = ()
    sheet: str = ""
    element: str = ""
    group: str = ""
    when: tuple[str, ...] = ()
    per_file: bool = False
    since: date | None = None
    until: date | None = None
    guidance: str = ""
    example: str = ""

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        return next(c for c in self.columns if c.name == name)

    @property
    def sent(self) -> tuple[Column, ...]:
        """The columns a sender fills in, in order."""
        return tuple(c for c in self.columns if not c.derived)


@dataclass(frozen=True, kw_only=True)
class XmlForm:
    """How an XML file of the source is built.

    root: name of the outermost element. record: path of the repeated element below it. head: path of
    an element that stands once. key: path of the record's own id below the record. moved: elements
    that some systems write in another place, from path to path below the record.
    """

    root: str
    record: str
    key: str
    head: str = ""
    moved: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Link:
    """Which columns tell who a row is about. A column of another table is written Table.Column."""

    table: str
    record_id: tuple[str, ...]
    first_name: str = ""
    surname: str = ""
    date_of_birth: str = ""
    sex: str = ""
    postcode: str = ""
    uprn: str = ""
    ethnicity: str = ""
    identifiers: dict[str, str] = field(default_factory=dict)
    duplicate_free: bool = False
    expected_birth: str = ""
    death: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Source(Definition):
    """A source: who publishes it, what its rows are, its tables, and how to link it.

    date_form: the text form of dates that the receiver wants (iso = yyyy-mm-dd, day-first =
    dd/mm/yyyy, any = no form is asked for; written as iso). letter_case: keep = text stays as received, trim = without spaces around, upper = also
    in capitals. return_name: the statutory return.
    """

    publisher: str
    period: str
    grain: str
    collected_from: str
    tables: tuple[Table, ...]
    reference: str = ""
    date_form: Literal["iso", "day-first", "any"] = "iso"
    letter_case: Literal["keep", "trim", "upper"] = "keep"
    return_name: str = ""
    xml: XmlForm | None = None
    link: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        for table in self.tables:
            names = {c.name for c in table.columns}
            unknown = [n for n in (*table.key, *table.discriminating) if n not in names]
            if unknown:
                raise ValueError(
                    f"{table.name}: {', '.join(unknown)} is in key or discriminating but is no column."
                )
            if not table.discriminating:
                raise ValueError(f"{table.name}: name at least one discriminating column.")

    def table(self, name: str) -> Table:
        """The table of that name. Raises DefinitionError."""
        for table in self.tables:
            if table.name == name:
                return table
        raise DefinitionError(
            f"The source {self.id} has no table {name}.",
            allowed=", ".join(t.name for t in self.tables),
        )


@dataclass(frozen=True)
class Code:
    """One value of a code list, with the dates between which it may be used."""

    code: str
    label: str
    valid_from: date | None
    valid_to: date | None
    synonyms: tuple[str, ...]

    def in_force(self, day: date) -> bool:
        """True when the code may be used on the day (both ends inclusive)."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


def source(source_id: str) -> Source:
    """The shipped declaration of a source. Raises DefinitionError when there is none of that id."""
    return load(f"sources/{source_id}", Source)


def all_sources() -> tuple[Source, ...]:
    """Every shipped declaration, in order of id."""
    return load_folder("sources", Source)


@cache
def code_list(name: str) -> tuple[Code, ...]:
    """A shipped list of codes, old codes included. Raises DefinitionError when there is none."""
    if not (HOME / "codes" / f"{name}.csv").exists():
        raise DefinitionError(
            f"There is no list of codes called {name}.", where=f"codes/{name}.csv"
        )
    return tuple(
        Code(
            row["code"],
            row["label"],
            date.fromisoformat(row["valid_from"]) if row["valid_from"] else None,
            date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            tuple(s for s in row["synonyms"].split("|") if s),
        )
        for row in read_csv(f"codes/{name}")
    )


def codes_on(name: str, day: date | None) -> tuple[Code, ...]:
    """The codes of a list that may be used on a day; without a day, all that ever could."""
    return tuple(c for c in code_list(name) if day is None or c.in_force(day))


_DROP = re.compile(r"[\s_\-\u2010-\u2015?\"'\u2018\u2019\u200b\u200c\u200d\u2060\ufeff]+")


@cache
def heading(text: str) -> str:
    """A column heading as it is compared: no case, no spaces, dashes, quotes or invisible marks."""
    return _DROP.sub("", unicodedata.normalize("NFKC", text)).casefold()
