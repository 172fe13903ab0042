"""Reading a mapping and refusing a broken one: a bad row never stops a build, a bad mapping always does."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from threecircles.core.errors import DefinitionError, did_you_mean
from threecircles.definitions import HOME
from threecircles.definitions.loader import build
from threecircles.definitions.yaml12 import Marked, parse
from threecircles.record.mapping.codes import check_list, common_codes
from threecircles.record.mapping.expression import (
    Code,
    Column,
    Condition,
    Constant,
    DaysAfter,
    Expression,
    FirstOf,
    When,
    WindowEnd,
    codes_of,
    columns_of,
    parse_condition,
    parse_expression,
)
from threecircles.record.mapping.model import Mapping, Parent, Rule
from threecircles.record.schema import Column as Field
from threecircles.record.schema import Table
from threecircles.record.tables import table as record_table
from threecircles.record.tables.columns import COMMON
from threecircles.record.vocabulary import process_ids
from threecircles.sources.declared import Source
from threecircles.sources.declared import source as declared_source

MADE_HERE = {c.name for c in COMMON} | {
    "row_id", "spend_id", "activity_id", "person_id", "attributes", "age_in", "age_out", "age_at", "lsoa21_in",
    "end_basis", "ended_from", "parent_row_id", "episode_row_id", "provision_row_id", "year", "la_code",
}  # fmt: skip
"""Fields the engine fills; a mapping may not."""

REQUIRED = {
    "episode": ("process", "valid_from"),
    "event": ("process", "event", "on_date"),
    "measure": ("measure_id", "item_or_scale", "on_date"),
    "factor": ("factor_id", "kind", "of", "present", "basis", "on_date"),
    "organisation": ("org_id", "kind"),
    "provision": ("service_id", "org_id"),
    "spend_line": ("agency", "budget_line", "period_kind"),
    "activity": ("process", "unit", "basis", "period_start", "period_end"),
}
"""Tables a mapping may make, with the fields it must set."""

DATES = {"date", "datetime"}
NUMBERS = {"int", "decimal", "money"}


def mappings(source_id: str, home: Path = HOME) -> tuple[Mapping, ...]:
    """Every mapping of a source, oldest first. Raises DefinitionError when there is none or one is broken."""
    paths = sorted((home / "mappings" / source_id).glob("*.yaml"))
    if not paths:
        held = sorted(p.name for p in (home / "mappings").iterdir() if p.is_dir())
        raise DefinitionError(
            f"There is no mapping of the source {source_id}.",
            where=f"mappings/{source_id}",
            allowed=", ".join(held),
            mend=did_you_mean(source_id, held),
        )
    return tuple(_checked(p.read_text("utf-8"), f"mappings/{source_id}/{p.name}") for p in paths)


@cache
def _checked(text: str, where: str) -> Mapping:
    # Every delivery asks for its mapping, and every table for all of them: one check of each text is enough.
    return load_mapping(text, where)


def mapping_for(source_id: str, year: int) -> Mapping:
    """The mapping of a source that holds for a collection year. Raises DefinitionError."""
    found = [m for m in mappings(source_id) if m.holds(year)]
    if len(found) != 1:
        raise DefinitionError(
            f"{len(found)} mappings of {source_id} hold for {year}; there must be one.",
            where=f"mappings/{source_id}",
            mend="Set the years of the older one to [first, last].",
        )
    return found[0]


def load_mapping(text: str, where: str, source: Source | None = None) -> Mapping:
    """A mapping from its text, checked against its source's declaration. Raises DefinitionError with the line.

    source: the declaration; the shipped one of the mapping's `source` by default.
    """
    marked = parse(text, where)
    mapping = build(marked, Mapping, where)
    declared = source or declared_source(mapping.source)
    check = _Check(mapping, declared, marked, where)
    check.child()
    for index, rule in enumerate(mapping.rows):
        check.rule(rule, _at(marked, "rows", index))
    check.coverage()
    return mapping


class _Check:
    """One mapping beside its source, with the lines to point at."""

    def __init__(self, mapping: Mapping, source: Source, marked: Marked, where: str) -> None:
        self.mapping, self.source, self.marked, self.where = mapping, source, marked, where
        self.columns = {t.name: {c.name: c for c in t.columns} for t in source.tables}

    def fail(self, at: Marked, what: str, **more: str) -> DefinitionError:
        return DefinitionError(what, where=f"{self.where} line {at.line}", **more)

    def child(self) -> None:
        """The child's key must be a column; extract.as_of too."""
        mapping = self.mapping
        if mapping.child:
            at = _at(self.marked, "child")
            self.table_named(at, mapping.child.table)
            self.column(at, (mapping.child.table,), mapping.child.key)
            for name in (*mapping.child.within, *filter(None, [mapping.child.tokens])):
                self.column(at, tuple(self.columns), name)
        if mapping.extract.as_of:
            at = _at(self.marked, "extract", "as_of")
            table, _, column = mapping.extract.as_of.partition(".")
            self.table_named(at, table)
            self.column(at, (table,), column)

    def rule(self, rule: Rule, at: Marked) -> None:
        """One rule: its tables, columns, types, codes, constants, and that nothing needed is unset."""
        if rule.make not in REQUIRED:
            raise self.fail(
                _at(at, "make"), f"`{rule.make}` is not a table that a mapping makes.",
                allowed=", ".join(REQUIRED), mend=did_you_mean(rule.make, REQUIRED),
            )  # fmt: skip
        made = record_table(rule.make)
        for name in rule.tables:
            self.table_named(_at(at, "from"), name)
        self.joined(_at(at, "from"), rule)
        for name in (*rule.key, *(rule.parent.by if rule.parent else ())):
            self.column(_at(at, "key"), rule.tables, name)
        if rule.where:
            self.condition(_at(at, "where"), rule, rule.where)
        for name, value in rule.is_.items():
            self.constant(_at(at, "is", name), made, name, value)
        for name, text in rule.set.items():
            self.expression(
                _at(at, "set", name), rule, text, self.field(_at(at, "set", name), made, name)
            )
        for name, text in rule.attributes.items():
            if "attributes" not in made.names:
                raise self.fail(_at(at, "attributes"), f"The table {rule.make} has no attributes.")
            self.expression(_at(at, "attributes", name), rule, text, None)
        if rule.parent and rule.parent.make not in {
            "provision" if r.make == "provision" else r.is_.get("process")
            for r in self.mapping.rows
        }:
            raise self.fail(_at(at, "parent"), f"No rule makes the process {rule.parent.make}.")
        self.lost_day(rule, at)
        self.required(rule, at, made)

    def joined(self, at: Marked, rule: Rule) -> None:
        """Every column of a join stands in a table, and every further table shares one with those before."""
        for name in rule.by:
            self.column(at, rule.tables, name)
        for number, right in enumerate(rule.tables[1:], 1):
            before = {c for t in rule.tables[:number] for c in self.columns.get(t, {})}
            if not [c for c in rule.by if c in before and c in self.columns.get(right, {})]:
                raise self.fail(
                    at, f"`{rule.by[0] if rule.by else ''}` is not a column of {right}: nothing joins it.",
                    allowed=", ".join(sorted(before & set(self.columns.get(right, {})))),
                    mend="Name under `by` a column that it shares with a table before it.",
                )  # fmt: skip

    def lost_day(self, rule: Rule, at: Marked) -> None:
        """What is said of a lost day needs an end and a reason with a list of codes, a share and known codes."""
        if rule.lost_day is None:
            return
        at = _at(at, "lost_day")
        lists = lookups(rule).get("reason_out", ())
        if "valid_to" not in rule.set or not lists:
            raise self.fail(
                at, "lost_day needs an episode's valid_to, and a reason_out with a list of codes."
            )
        if not 0 <= rule.lost_day.at_most <= 1:
            raise self.fail(
                at, "at_most is a share of the rows without an end.",
                found=str(rule.lost_day.at_most), allowed="0 to 1",
            )  # fmt: skip
        known = sorted({c for codes in lists for c in common_codes(codes.codes)})
        for code in rule.lost_day.but_not:
            if code not in known:
                raise self.fail(
                    at, f"`{code}` is not a reason for ending.",
                    allowed=", ".join(known), mend=did_you_mean(code, known),
                )  # fmt: skip

    def required(self, rule: Rule, at: Marked, made: Table) -> None:
        """Fields the table cannot be without, and the child's key where the table holds persons."""
        given = set(rule.set) | set(rule.is_)
        if self.mapping.extract.shape == "snapshot":
            given |= {"valid_from"}
        unset = [f for f in REQUIRED[rule.make] if f not in given]
        if unset:
            raise self.fail(
                at, f"A rule that makes {rule.make} must set {', '.join(unset)}.",
                found=", ".join(sorted(given)) or "nothing",
            )  # fmt: skip
        for name in rule.if_missing:
            self.field(_at(at, "if_missing", name), made, name)
        if made.child_level and self.mapping.child is None:
            raise self.fail(at, f"{rule.make} is about persons, and the mapping names no child.")

    def field(self, at: Marked, made: Table, name: str) -> Field:
        """The record's field that a mapping sets."""
        allowed = [n for n in made.names if n not in MADE_HERE]
        if name not in allowed:
            raise self.fail(
                at, f"`{name}` is not a field of {made.name} that a mapping sets.",
                allowed=", ".join(allowed), mend=did_you_mean(name, allowed),
            )  # fmt: skip
        return made.column(name)

    def constant(self, at: Marked, made: Table, name: str, value: str) -> None:
        """A constant must be of the field's codes; a process must be known."""
        field = self.field(at, made, name)
        allowed = field.codes or (process_ids() if name == "process" else ())
        if allowed and value not in allowed:
            raise self.fail(
                at, f"`{value}` is not a value of {made.name}.{name}.",
                allowed=", ".join(allowed), mend=did_you_mean(value, allowed),
            )  # fmt: skip

    def condition(self, at: Marked, rule: Rule, text: str) -> Condition:
        """A condition that parses and reads declared columns."""
        try:
            found = parse_condition(text)
        except ValueError as error:
            raise self.fail(at, f"The condition cannot be read: {error}") from None
        for name in columns_of(found):
            self.column(at, rule.tables, name)
        return found

    def expression(self, at: Marked, rule: Rule, text: str, field: Field | None) -> None:
        """An expression that parses, reads declared columns and gives what the field holds."""
        try:
            found = parse_expression(text)
        except ValueError as error:
            raise self.fail(at, f"The expression cannot be read: {error}") from None
        for name in columns_of(found):
            self.column(at, rule.tables, name)
            self.personal(at, rule, name)
        for code in codes_of(found):
            try:
                check_list(code.codes)
            except DefinitionError as error:
                raise self.fail(at, error.what, allowed=error.allowed, mend=error.mend) from None
        kind = self.kind(at, rule, found)
        wanted = field.kind if field else "text"
        fits = {"date": kind == "date", "int": kind in ("number", "digits"),
                "float": kind in ("number", "digits"), "text": kind != "date" or field is None,
                "bool": False}.get(wanted, False)  # fmt: skip
        if not fits and field:
            raise self.fail(
                at, f"`{text}` gives {kind}, but {rule.make}.{field.name} holds {wanted}.",
                mend="Use date(column) for a date; a text field takes text or a code.",
            )  # fmt: skip

    def kind(self, at: Marked, rule: Rule, part: Expression) -> str:
        """What an expression gives: date, number, digits (a constant) or text."""
        if isinstance(part, (WindowEnd, DaysAfter)):
            return "date"
        if isinstance(part, Column):
            declared = self.column(at, rule.tables, part.name).type
            return "date" if declared in DATES else "number" if declared in NUMBERS else "text"
        if isinstance(part, Constant):
            return "digits" if part.value.lstrip("-").isdigit() else "text"
        inner = (
            (part.first, part.second) if isinstance(part, FirstOf)
            else (part.then, *((part.otherwise,) if part.otherwise else ()))
            if isinstance(part, When) else ()
        )  # fmt: skip
        kinds = {self.kind(at, rule, i) for i in inner}
        return kinds.pop() if len(kinds) == 1 else "text"

    def personal(self, at: Marked, rule: Rule, name: str) -> None:
        """Names, identifiers, addresses and birth dates stay in identity."""
        column = self.column(at, rule.tables, name)
        identifying = {
            n.rpartition(".")[2]
            for link in self.source.link
            for n in (link.date_of_birth, link.expected_birth, link.death, link.postcode, link.uprn)
        }
        if column.personal == "direct" or name in identifying:
            raise self.fail(
                at, f"`{name}` tells who somebody is and stays in identity.",
                mend="List it under not_carried with the reason `identity`.",
            )  # fmt: skip

    def column(self, at: Marked, tables: tuple[str, ...], name: str):  # type: ignore[no-untyped-def]
        """The declared column. Raises when no table of the rule has it."""
        for table in tables:
            if name in self.columns.get(table, {}):
                return self.columns[table][name]
        known = [c for t in tables for c in self.columns.get(t, {})]
        raise self.fail(
            at, f"`{name}` is not a column of {' or '.join(tables)}.",
            allowed=", ".join(known), mend=did_you_mean(name, known),
        )  # fmt: skip

    def table_named(self, at: Marked, name: str) -> None:
        """The source must have the table."""
        if name not in self.columns:
            raise self.fail(
                at, f"`{name}` is not a table of {self.source.id}.",
                allowed=", ".join(self.columns), mend=did_you_mean(name, self.columns),
            )  # fmt: skip

    def coverage(self) -> None:
        """Every column is carried by a rule or named under not_carried; no name there is unknown."""
        carried = carried_columns(self.mapping)
        at = _at(self.marked, "not_carried")
        for name in self.mapping.not_carried:
            table, dot, column = name.rpartition(".")
            tables = (table,) if dot else tuple(self.columns)
            if table and table not in self.columns:
                self.table_named(_at(at, name), table)
            if column != "*":
                self.column(_at(at, name), tables, column)
        for table, columns in self.columns.items():
            lost = [
                c for c in columns
                if (table, c) not in carried and why_not_carried(self.mapping, table, c) is None
            ]  # fmt: skip
            if lost:
                raise self.fail(
                    at, f"{table}: {', '.join(lost)} is neither carried nor under not_carried.",
                    mend="Name it in a rule, or give the reason why it is not carried.",
                )  # fmt: skip


def carried_columns(mapping: Mapping) -> set[tuple[str, str]]:
    """(table, column) of everything a mapping's rules read."""
    found: set[tuple[str, str]] = set()
    for rule in mapping.rows:
        used = [*rule.key, *rule.by, *(rule.parent.by if rule.parent else ())]
        used += [
            c
            for t in (*rule.set.values(), *rule.attributes.values())
            for c in columns_of(parse_expression(t))
        ]
        used += list(columns_of(parse_condition(rule.where))) if rule.where else []
        used += (*mapping.child.columns, mapping.child.tokens) if mapping.child else ()
        found |= {(table, c) for table in rule.tables for c in used}
        if rule.parent:
            owners = [r for r in mapping.rows if owns(r, rule.parent)]
            found |= {(o.table, c) for o in owners for c in rule.parent.by}
    if mapping.child:
        found |= {(mapping.child.table, c) for c in mapping.child.columns}
    if mapping.extract.as_of:
        table, _, column = mapping.extract.as_of.partition(".")
        found.add((table, column))
    return found


def owns(rule: Rule, parent: Parent) -> bool:
    """True when the rule makes the rows that `parent` points at."""
    if parent.make == "provision":
        return rule.make == "provision"
    return rule.make == "episode" and rule.is_.get("process") == parent.make


def why_not_carried(mapping: Mapping, table: str, column: str) -> str | None:
    """The reason a mapping gives for not carrying a column, or None."""
    for name in (f"{table}.{column}", column, f"{table}.*"):
        if name in mapping.not_carried:
            return mapping.not_carried[name]
    return None


def lookups(rule: Rule) -> dict[str, tuple[Code, ...]]:
    """The code look-ups of a rule by field or attribute."""
    texts = {**rule.set, **{f"attributes.{k}": v for k, v in rule.attributes.items()}}
    return {name: codes_of(parse_expression(text)) for name, text in texts.items()}


def shipped_sources(home: Path = HOME) -> tuple[str, ...]:
    """Ids of the sources that have a mapping."""
    return tuple(sorted(p.name for p in (home / "mappings").iterdir() if p.is_dir()))


@cache
def all_attribute_keys(table: str) -> tuple[str, ...]:
    """Every attribute key of a table over all shipped mappings, so that its shape is the same in every place."""
    return attribute_keys(tuple(m for s in shipped_sources() for m in mappings(s)), table)


def attribute_keys(mappings_: tuple[Mapping, ...], table: str) -> tuple[str, ...]:
    """Every attribute key that mappings declare for a table, raw columns of look-ups included, sorted."""
    keys: set[str] = set()
    for mapping in mappings_:
        for rule in mapping.rows:
            if rule.make == table:
                keys |= set(rule.attributes)
                keys |= {f"raw_{c.column}" for codes in lookups(rule).values() for c in codes}
    return tuple(sorted(keys))


def _at(marked: Marked, *path: str | int) -> Marked:
    """The marked value at a path, or the nearest one above it that exists."""
    for part in path:
        try:
            marked = marked.data[part]
        except (KeyError, IndexError, TypeError):
            break
    return marked
