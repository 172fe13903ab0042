"""One extract through its mapping: each row of the source becomes record rows, is left out by a rule, or refused."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from threecircles.record.mapping.codes import UNMAPPED, nearest
from threecircles.record.mapping.compile import Setting, condition, origin, text, value
from threecircles.record.mapping.expression import parse_condition, parse_expression
from threecircles.record.mapping.keys import row_ids, with_ordinal
from threecircles.record.mapping.load import (
    REQUIRED,
    attribute_keys,
    lookups,
    owns,
    why_not_carried,
)
from threecircles.record.mapping.model import Mapping, Rule
from threecircles.record.tables import table as record_table
from threecircles.sources.declared import Source

STARTS = {"episode": "valid_from", "event": "on_date", "measure": "on_date", "factor": "on_date",
          "provision": "valid_from", "organisation": "valid_from"}  # fmt: skip
"""The field that says when a row's state began, by table."""

AGES = {"age_in": "valid_from", "age_out": "valid_to", "age_at": "on_date"}
"""Fields of age, with the field of the day on which it is reckoned."""


PARENTS = {"provision": "provision_row_id"}
"""Field that points at what is no episode."""

Opaque = Callable[[pl.Series], pl.Series]
"""Record ids of keys, the same in every run and not to be undone without the place's key."""


@dataclass(frozen=True)
class Extract:
    """One delivery: what it describes, when it was received, and what its rows claim."""

    id: str
    source_id: str
    la_code: str
    as_of: date
    received_on: date
    period_start: date
    period_end: date
    shape: str
    absence: str
    expected_lag_days: int
    received_assumed: bool = False

    @property
    def order(self) -> tuple[date, date, str]:
        """Order in which extracts became known."""
        return (self.received_on, self.as_of, self.id)


@dataclass
class Mapped:
    """What an extract became: record rows by table, and one line for every row it held."""

    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    source_rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    unmapped: pl.DataFrame = field(default_factory=pl.DataFrame)


def apply_mapping(
    mapping: Mapping,
    source: Source,
    extract: Extract,
    tables: MappingOf[str, pl.DataFrame],
    records: pl.DataFrame | None,
    ages: pl.DataFrame | None = None,
    opaque: Opaque | None = None,
) -> Mapped:
    """Every row of an extract through the mapping's rules.

    tables: the source's tables by name, with `_row`, `_file` and typed companions. records: source_key,
    source_record_id of the source's records (None where the mapping is about no persons). ages: table,
    row, column, age as identity reckons them from exact births. opaque: makes record ids of tokens that
    identity holds no record of; without it their rows are refused.
    Raises nothing for a bad row: it is refused with its reason in source_rows.
    """
    made: list[_Made] = []
    for index, rule in enumerate(mapping.rows):
        if tables.get(rule.table) is not None and tables[rule.table].height:
            made.append(_make(mapping, source, extract, tables, records, rule, index, opaque))
    _parents(made, tables)
    for one in made:
        one.rows = _aged(one.rows, ages)
    return Mapped(
        rows=_by_table(made),
        source_rows=_outcomes(mapping, source, extract, tables, made),
        unmapped=_unmapped(extract, made),
    )


@dataclass
class _Made:
    rule: Rule
    rows: pl.DataFrame
    refused: pl.DataFrame
    unknown: list[pl.DataFrame]


def _make(
    mapping: Mapping,
    source: Source,
    extract: Extract,
    tables: MappingOf[str, pl.DataFrame],
    records: pl.DataFrame | None,
    rule: Rule,
    index: int,
    opaque: Opaque | None,
) -> _Made:
    frame = _joined(rule, tables)
    types = {c.name: c.type for t in reversed(rule.tables) for c in source.table(t).columns}
    setting = Setting(frame.columns, types, extract.period_start, extract.period_end)
    if rule.where:
        # Made a column first: of absent columns alone it is one value, which a filter of many rows refuses.
        holds = condition(parse_condition(rule.where), setting)
        frame = frame.with_columns(_where=holds).filter("_where").drop("_where")
    personal = {
        c.name for t in rule.tables for c in source.table(t).columns if c.personal == "direct"
    }
    hidden = personal | (set(mapping.child.columns) if mapping.child else set())
    table = record_table(rule.make)
    columns = [
        pl.col("_row").cast(pl.Int64).alias("source_row"),
        _held("_file", setting).alias("source_file"),
        pl.lit(rule.table).alias("source_table"),
        *(pl.lit(v).alias(k) for k, v in rule.is_.items()),
        *(
            value(parse_expression(v), table.column(k).kind, setting, table.column(k).unit).alias(k)
            for k, v in rule.set.items()
        ),
        *(text(k, setting).alias(f"_key_{k}") for k in rule.key if k not in hidden),
    ]
    if mapping.child and table.child_level:
        parts = [text(c, setting) for c in mapping.child.columns]
        columns.append(pl.concat_str(parts, separator="|").alias("_source_key"))
        if mapping.child.tokens:
            columns.append(text(mapping.child.tokens, setting).alias("_within"))
    for age, day in AGES.items():
        if age in table.names and day in rule.set:
            columns.append(origin(parse_expression(rule.set[day]), setting).alias(f"_{age}"))
    if "attributes" in table.names:
        keys = attribute_keys((mapping,), rule.make) or ("none",)
        columns.append(_attributes(rule, setting, keys))
    rows = frame.select(columns).with_columns(
        flags=pl.lit(
            ["known_from_assumed"] if extract.received_assumed else [], dtype=pl.List(pl.String)
        )
    )
    unknown = _unknown(rule, frame, setting, extract)
    rows, refused = _persons(rows, records, opaque)
    rows, missing = _dates(rows, rule, extract)
    rows = _keyed(_ends(rows, rule, extract), rule, extract, index)
    rows = rows.with_columns(
        source_id=pl.lit(extract.source_id),
        extract_id=pl.lit(extract.id),
        mapping_id=pl.lit(mapping.id),
        mapping_version=pl.lit(str(mapping.version)),
    )
    if "year" in table.names:
        rows = rows.with_columns(
            year=pl.lit(extract.period_end.year, dtype=pl.Int64),
            period_start=pl.lit(extract.period_start),
            period_end=pl.lit(extract.period_end),
        )
    if rule.make in ("spend_line", "activity"):
        rows = rows.with_columns(la_code=pl.lit(extract.la_code))
    return _Made(rule, rows, pl.concat([refused, missing]), unknown)


def _joined(rule: Rule, tables: MappingOf[str, pl.DataFrame]) -> pl.DataFrame:
    frame = tables[rule.table]
    for name in rule.tables[1:]:
        right = tables.get(name)
        if right is None:
            continue
        new = [c for c in right.columns if c not in frame.columns]
        by = [c for c in rule.by if c in frame.columns and c in right.columns]
        if not by:
            continue
        # One row of the left table stays one row, whatever the right one repeats.
        once = right.select(*by, *new).unique(subset=by, keep="first", maintain_order=True)
        frame = frame.join(once, on=by, how="left", maintain_order="left")
    return frame


def _attributes(rule: Rule, setting: Setting, keys: tuple[str, ...]) -> pl.Expr:
    """A struct of every key that the mapping declares for the table; codes nobody knows keep their raw form."""
    fields = {k: value(parse_expression(v), "text", setting) for k, v in rule.attributes.items()}
    for codes in lookups(rule).values():
        for code in codes:
            unknown = value(code, "text", setting) == UNMAPPED
            fields[f"raw_{code.column}"] = pl.when(unknown).then(text(code.column, setting))
    nothing = pl.lit(None, dtype=pl.String)
    return pl.struct([fields.get(k, nothing).alias(k) for k in keys]).alias("attributes")


def _held(name: str, setting: Setting) -> pl.Expr:
    return pl.col(name).cast(pl.String) if name in setting.held else pl.lit(None, dtype=pl.String)


def _unknown(
    rule: Rule, frame: pl.DataFrame, setting: Setting, extract: Extract
) -> list[pl.DataFrame]:
    found = []
    for codes in lookups(rule).values():
        for code in codes:
            missed = frame.filter(value(code, "text", setting) == UNMAPPED)
            if not missed.height:
                continue
            child = next((c for c in missed.columns if c in rule.key), "_row")
            counted = (
                missed.with_columns(raw=text(code.column, setting))
                .group_by("raw")
                .agg(
                    n_rows=pl.len().cast(pl.Int64),
                    n_children=pl.col(child).n_unique().cast(pl.Int64),
                    first_row=pl.col("_row").min().cast(pl.Int64),
                )
                .with_columns(
                    source_id=pl.lit(extract.source_id),
                    table=pl.lit(rule.table),
                    column=pl.lit(code.column),
                    codes=pl.lit(code.codes),
                    extract_id=pl.lit(extract.id),
                    year=pl.lit(str(extract.period_end.year)),
                )
            )
            near = [nearest(code.codes, r, setting.first, setting.last) for r in counted["raw"]]
            found.append(counted.with_columns(pl.Series("nearest", near, dtype=pl.String)))
    return found


def _persons(
    rows: pl.DataFrame, records: pl.DataFrame | None, opaque: Opaque | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with their opaque record id; those of no known record are refused, or are tokens."""
    if "_source_key" not in rows.columns:
        return rows, _refused(rows.clear(), "")
    known = pl.DataFrame(schema={"source_key": pl.String, "source_record_id": pl.String})
    held = (
        known
        if records is None
        else records.select("source_key", "source_record_id").unique("source_key")
    )
    rows = rows.join(
        held, left_on="_source_key", right_on="source_key", how="left", maintain_order="left"
    )
    if "_within" in rows.columns and opaque is not None:
        rows = _tokens(rows, opaque)
    nobody = pl.col("source_record_id").is_null()
    kept = rows.filter(~nobody).drop("_source_key", "_within", strict=False)
    return kept, _refused(rows.filter(nobody), "no person")


def _tokens(rows: pl.DataFrame, opaque: Opaque) -> pl.DataFrame:
    """A key that identity knows nobody by is a person of its own inside its provider, and nowhere else."""
    loose = pl.col("source_record_id").is_null() & pl.col("_source_key").is_not_null()
    keys = rows.filter(loose).select(_token=_TOKEN).unique(maintain_order=True).drop_nulls()
    named = keys.with_columns(_own=opaque(keys["_token"]))
    rows = rows.with_columns(_token=_TOKEN).join(
        named, on="_token", how="left", maintain_order="left"
    )
    return rows.with_columns(
        source_record_id=pl.coalesce("source_record_id", "_own"),
        flags=_flag(loose, "token_only"),
    ).drop("_token", "_own")


_TOKEN = pl.concat_str("_within", "_source_key", separator="|")


def _dates(rows: pl.DataFrame, rule: Rule, extract: Extract) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fills a snapshot's start, and refuses, flags or keeps rows without a field they need."""
    start = STARTS.get(rule.make)
    if start == "valid_from" and extract.shape == "snapshot":
        if start not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype=pl.Date).alias(start))
        unknown = pl.col(start).is_null()
        rows = rows.with_columns(
            pl.col(start).fill_null(extract.as_of), flags=_flag(unknown, "start_unknown")
        )
    refused = []
    for name in dict.fromkeys((*REQUIRED[rule.make], *rule.if_missing)):
        if name not in rows.columns:
            continue
        absent = pl.col(name).is_null()
        verdict = rule.if_missing.get(name, "refuse")
        if verdict == "flag":
            rows = rows.with_columns(flags=_flag(absent, f"no_{name}"))
        elif verdict == "refuse":
            refused.append(_refused(rows.filter(absent), f"{name} is missing"))
            rows = rows.filter(~absent)
    return rows, pl.concat(refused) if refused else _refused(rows.clear(), "")


def _ends(rows: pl.DataFrame, rule: Rule, extract: Extract) -> pl.DataFrame:
    """An end before the start: the state did begin, so the start stays and the end is unknown.

    A reason for ending without a day is an end too, on a day that is lost, where the rule's `lost_day`
    says so of this extract; else it is only flagged, since returns count such a child as still there.
    """
    if "valid_from" not in rows.columns or "valid_to" not in rows.columns:
        return rows
    early = (pl.col("valid_to") < pl.col("valid_from")).fill_null(False)
    reasoned = pl.col("reason_out").is_not_null() if "reason_out" in rows.columns else pl.lit(False)
    undated = reasoned & pl.col("valid_to").is_null()
    over = undated & _day_lost(rows, rule)
    basis = pl.when(early | over).then(pl.lit("unknown")).when(pl.col("valid_to").is_not_null())
    # A window shows what stood in its year: a row of it was there when the year began.
    since = extract.period_start if extract.shape == "window" else None
    flagged = rows.with_columns(flags=_flag(undated & ~over, "reason_without_end")).with_columns(
        flags=_flag(over, "end_day_lost"),
        ended_from=pl.when(over).then(pl.max_horizontal("valid_from", pl.lit(since, pl.Date))),
    )
    return flagged.with_columns(
        end_basis=basis.then(pl.lit("stated")),
        valid_to=pl.when(~early).then(pl.col("valid_to")),
        flags=_flag(early, "end_before_start"),
    )


def _day_lost(rows: pl.DataFrame, rule: Rule) -> pl.Expr:
    """True for rows whose reason for ending, if any, says that they have ended."""
    if rule.lost_day is None or "reason_out" not in rows.columns:
        return pl.lit(False)
    without_end = rows.filter(pl.col("valid_to").is_null())["reason_out"]
    with_reason = without_end.len() - without_end.null_count()
    if with_reason > rule.lost_day.at_most * without_end.len():
        return pl.lit(False)
    return ~pl.col("reason_out").is_in(rule.lost_day.but_not)


def _keyed(rows: pl.DataFrame, rule: Rule, extract: Extract, index: int) -> pl.DataFrame:
    keys = [c for c in rows.columns if c.startswith("_key_")]
    record = ["source_record_id"] if "source_record_id" in rows.columns else []
    said = rule.is_.get("process") or rule.is_.get("measure_id") or rule.is_.get("factor_id") or ""
    event = rule.is_.get("event") or rule.is_.get("item_or_scale") or ""
    rows = rows.with_columns(
        _table=pl.lit(rule.make),
        _source=pl.lit(extract.source_id),
        _process=pl.lit(f"{said}.{event}"),
        _rule=pl.lit(index, dtype=pl.Int32),
    )
    parts = ["_table", "_source", *record, "_process", *keys]
    start = rule.set.get(STARTS.get(rule.make, ""), "")
    if start.replace(" ", "") == "window_end()":
        # A statement of the year, not of a day: next year's is another fact, not a correction.
        rows = rows.with_columns(_key_period=pl.lit(str(extract.period_end)))
        keys = [*keys, "_key_period"]
        parts = [*parts, "_key_period"]
    if rule.once:
        rows = rows.sort("source_row").unique(parts, keep="first", maintain_order=True)
    rows = with_ordinal(rows, parts)
    return rows.with_columns(row_ids(rows, [*parts, "_ordinal"])).drop(
        *keys, "_table", "_source", "_process", "_ordinal"
    )


def _parents(made: list[_Made], tables: MappingOf[str, pl.DataFrame]) -> None:
    """Points rows at the episode or provision they lie in, by the columns both source rows share."""
    for one in made:
        parent = one.rule.parent
        if parent is None:
            continue
        by = list(parent.by)
        field_name = PARENTS.get(
            parent.make, "parent_row_id" if one.rule.make == "episode" else "episode_row_id"
        )
        owners = [
            tables[p.rule.table]
            .select(*by, source_row=pl.col("_row").cast(pl.Int64))
            .join(p.rows.select("source_row", _owner="row_id"), on="source_row")
            for p in made
            if owns(p.rule, parent)
        ]
        mine = tables[one.rule.table].select(*by, source_row=pl.col("_row").cast(pl.Int64))
        if owners:
            found = pl.concat(owners).unique(subset=by, keep="first", maintain_order=True)
            mine = mine.join(found.select(*by, "_owner"), on=by, how="left", maintain_order="left")
        else:
            mine = mine.with_columns(_owner=pl.lit(None, dtype=pl.String))
        one.rows = one.rows.join(
            mine.select("source_row", pl.col("_owner").alias(field_name)),
            on="source_row", how="left", maintain_order="left",
        )  # fmt: skip


def _aged(rows: pl.DataFrame, ages: pl.DataFrame | None) -> pl.DataFrame:
    """Whole years on the row's days, looked up by the source's date column; identity keeps the births."""
    for age in AGES:
        if f"_{age}" not in rows.columns:
            continue
        if ages is None:
            rows = rows.with_columns(pl.lit(None, dtype=pl.Int64).alias(age))
        else:
            known = ages.select(
                pl.col("table").alias("source_table"),
                pl.col("row").cast(pl.Int64).alias("source_row"),
                pl.col("column").alias(f"_{age}"),
                pl.col("age").cast(pl.Int64).alias(age),
            )
            by = ["source_table", "source_row", f"_{age}"]
            rows = rows.join(known, on=by, how="left", maintain_order="left")
        rows = rows.drop(f"_{age}")
    return rows


def _by_table(made: list[_Made]) -> dict[str, pl.DataFrame]:
    names = dict.fromkeys(one.rule.make for one in made)
    return {
        name: pl.concat(
            [one.rows.drop("_rule") for one in made if one.rule.make == name], how="diagonal"
        )
        for name in names
    }


def _outcomes(
    mapping: Mapping,
    source: Source,
    extract: Extract,
    tables: MappingOf[str, pl.DataFrame],
    made: list[_Made],
) -> pl.DataFrame:
    """One line for every row: mapped, refused with its reason, or left out by a rule."""
    lines = []
    for name, table in tables.items():
        if not table.height:
            continue
        mine = [one for one in made if one.rule.table == name]
        rows = table.select(
            source_row=pl.col("_row").cast(pl.Int64),
            source_file=pl.col("_file").cast(pl.String)
            if "_file" in table.columns
            else pl.lit(None, dtype=pl.String),
        )
        ids = (
            pl.concat(
                [one.rows.select("source_row", "row_id") for one in mine]
                or [pl.DataFrame(schema={"source_row": pl.Int64, "row_id": pl.String})]
            )
            .group_by("source_row")
            .agg(row_ids=pl.col("row_id").sort())
        )
        why = (
            pl.concat(
                [one.refused for one in mine]
                or [pl.DataFrame(schema={"source_row": pl.Int64, "_why": pl.String})]
            )
            .group_by("source_row")
            .agg(_why=pl.col("_why").unique().sort().str.join("; "))
        )
        left_out = _left_out(mapping, source, name, bool(mine))
        mapped, refused = pl.col("row_ids").is_not_null(), pl.col("_why").is_not_null()
        lines.append(
            rows.join(ids, on="source_row", how="left", maintain_order="left")
            .join(why, on="source_row", how="left", maintain_order="left")
            .select(
                extract_id=pl.lit(extract.id),
                source_table=pl.lit(name),
                source_row="source_row",
                source_file="source_file",
                outcome=pl.when(mapped).then(pl.lit("mapped")).when(refused).then(pl.lit("refused")).otherwise(pl.lit("by_rule")),
                reason=pl.when(refused).then(pl.col("_why")).when(~mapped).then(pl.lit(left_out)),
                row_ids="row_ids",
            )
        )  # fmt: skip
    return pl.concat(lines) if lines else pl.DataFrame()


def _left_out(mapping: Mapping, source: Source, table: str, has_rules: bool) -> str | None:
    if has_rules:
        return "no rule of the mapping takes it"
    left = {r.table for r in mapping.rows if table in r.tables[1:]}
    if left:
        return f"read beside {', '.join(sorted(left))}"
    names = [c.name for t in source.tables if t.name == table for c in t.columns]
    reasons = {why_not_carried(mapping, table, name) for name in names} - {None}
    return "; ".join(sorted(r for r in reasons if r)) or None


def _unmapped(extract: Extract, made: list[_Made]) -> pl.DataFrame:
    found = [frame for one in made for frame in one.unknown]
    return pl.concat(found, how="diagonal") if found else pl.DataFrame()


def _flag(when: pl.Expr, name: str) -> pl.Expr:
    return (
        pl.when(when.fill_null(False))
        .then(pl.concat_list(pl.col("flags"), pl.lit([name])))
        .otherwise(pl.col("flags"))
    )


def _refused(rows: pl.DataFrame, why: str) -> pl.DataFrame:
    return rows.select("source_row", _why=pl.lit(why, dtype=pl.String))
