"""A made-up place on one page: without it nobody would know what was planted in what they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.synthetic.effects.hurried import planted_lines


def describe(path: Path | str) -> str:
    """One screen of text about a place written by `make`: sizes, rates, errors by kind.

    The first line says that every person is made up. Raises UsageError when the folder has no manifest.
    """
    folder = Path(path)
    if not (folder / "manifest.json").exists():
        raise UsageError("The folder is no made-up place: it has no manifest.", where=folder.name)
    head = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if head.get("preset") == "nation":
        return _nation(folder, head)
    if "places" in head:
        return _side_by_side(folder, head)
    lines = [
        f"Made-up data: every person, home and school in this {head['preset']} is invented.",
        f"Preset {head['preset']}, seed {head['seed']}, year to 31 March {head['year']}, {len(head['files'])} files.",
    ]
    lines += [f"Laid over it: {label}." for label in head.get("laid_over", [])]
    truth = folder / "truth"
    if (truth / "person.parquet").exists():
        lines += _people(truth) + _circles(truth) + _spells(truth)
    if (truth / "errors.parquet").exists():
        lines += _errors(truth)
    if (truth / "effects.parquet").exists():
        lines += planted_lines(truth)
    return "\n".join(lines)


def _nation(folder: Path, head: dict[str, Any]) -> str:
    lines = [
        "Made-up data: every authority in this nation is invented.",
        f"Preset nation, seed {head['seed']}, year to 31 March {head['year']}: {head['authorities']} authorities, "
        f"{head['children']:,} children.",
        "Read it with: threecircles spend panel --data " + str(folder / "published") + " --spend EarlyHelpSpend --outcome CIN",
        "Planted, 1% more spend on an outcome so many years later:",
    ]  # fmt: skip
    for row in pl.read_parquet(folder / "truth" / "elasticity.parquet").iter_rows(named=True):
        lines.append(
            f"  {row['spend']} on {row['outcome']}, {row['lag']} years: {row['elasticity']:+.2f}%"
        )
        feedback = row["feedback"]
    lines.append(f"Spend follows the need of the year before by {feedback:.2f}.")
    return "\n".join(lines)


def _side_by_side(folder: Path, head: dict[str, Any]) -> str:
    """Several adjoining places: each in a line, then what crosses their borders."""
    lines = [
        f"Made-up data: every person, home and school in these {len(head['places'])} places is invented.",
        f"Preset {head['preset']}, seed {head['seed']}, year to 31 March {head['year']}, from west to east:",
    ]
    for name in head["places"]:
        person = folder / name / "truth" / "person.parquet"
        if person.exists():
            here = pl.read_parquet(person).filter("resident")
            lines.append(
                f"  {name}: {here.height:,} children in {here.filter(pl.col('lsoa21') != '')['lsoa21'].n_unique()} small areas"
            )
    if not (folder / "truth" / "crossing.parquet").exists():
        return "\n".join(lines)
    crossing, need, pool = (
        pl.read_parquet(folder / "truth" / f"{n}.parquet")
        for n in ("crossing", "straddling_need", "pool")
    )
    words = {"moved": "moved from one to another", "school": "live in one, go to school in another", "placed": "looked after by one, living in another"}  # fmt: skip
    lines.append("Children known to two of them (truth/crossing.parquet):")
    kinds = crossing.group_by("kind").agg(pl.col("person_id").n_unique().alias("n")).sort("kind")
    lines += [
        f"  {row['n']:,} {words[row['kind']]} ({row['kind']})"
        for row in kinds.iter_rows(named=True)
    ]
    lines += [
        f"  {row['pocket']} on the border, in {row['place']}: {row['share']:.0%} of {row['children']:,} children have high need ({row['place_share']:.0%} in the place)"
        for row in need.iter_rows(named=True)
    ]
    parts = ", ".join(f"{row['place']} {row['pounds']:,}" for row in pool.iter_rows(named=True))
    lines.append(
        f"One budget in every place's books, {pool['pool_id'][0]}: {pool['pounds'].sum():,} pounds ({parts})."
    )
    return "\n".join(lines)


def _people(truth: Path) -> list[str]:
    person = pl.read_parquet(truth / "person.parquet")
    here = person.filter("resident")
    areas, wards = (
        here.filter(pl.col("lsoa21") != "")["lsoa21"].n_unique(),
        here.filter(pl.col("ward") != "")["ward"].n_unique(),
    )
    return [
        "",
        f"Children aged 0 to 17 living here: {here.height:,} in {areas} small areas and {wards} wards; "
        f"{int(here['multiple_birth'].sum()):,} of them twins or triplets.",
        f"Pupils on census day: {person.filter(pl.col('urn') != '').height:,} in {person['urn'].n_unique() - 1} schools.",
    ]


def _circles(truth: Path) -> list[str]:
    table = pl.read_parquet(truth / "circles.parquet").filter(pl.col("service") == "social")
    names = {
        "all": "all children",
        "pupils": "pupils of the survey's years",
        "asked": "pupils asked",
    }
    return [
        "The three circles, in truth (services without special needs):",
        *(
            f"  {names[r['population']]}: {r['need']:.1%} high need, {r['in_service']:.1%} in a service, "
            f"{r['both']:.1%} both; coverage {r['coverage']:.1%}, targeting {r['targeting']:.1%}"
            for r in table.iter_rows(named=True)
        ),
    ]


def _spells(truth: Path) -> list[str]:
    spells = pl.read_parquet(truth / "spell.parquet")
    end = spells["start"].max()
    now = (
        spells.filter(pl.col("stop") > end)
        .group_by("process")
        .agg(pl.col("person_id").n_unique().alias("n"))
        .sort("process")
    )
    words = ", ".join(f"{r['process']} {r['n']:,}" for r in now.iter_rows(named=True))
    return [f"Open on the last day: {words}."]


def _errors(truth: Path) -> list[str]:
    errors = pl.read_parquet(truth / "errors.parquet")
    if errors.height == 0:
        return ["", "No errors were planted."]
    lines = ["", f"Errors planted: {errors.height:,} changes, each in truth/errors.parquet."]
    for source, own in errors.group_by("source", maintain_order=True):
        kinds = own.group_by("kind").len().sort("len", "kind", descending=[True, False])
        words = ", ".join(f"{r['kind']} {r['len']:,}" for r in kinds.iter_rows(named=True))
        lines.append(f"  {source[0]}: {words}")
    return lines
