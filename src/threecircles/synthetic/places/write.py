"""Writes several adjoining places, one folder each: without it what lies between authorities could not be rehearsed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.synthetic.folder import fresh, refuse_others
from threecircles.synthetic.make import (
    Received,
    check_asked,
    parquet,
    profile_hash,
    received_tables,
    write_place,
    written_tables,
)
from threecircles.synthetic.parts import is_wanted, parts
from threecircles.synthetic.place_file import place_name
from threecircles.synthetic.places.build import Places, build_worlds
from threecircles.synthetic.places.pool import statement
from threecircles.synthetic.places.study import item_table, with_bolt_on
from threecircles.synthetic.places.truth import shared_truth
from threecircles.synthetic.profile import HOME, load_profile
from threecircles.synthetic.world import World

MOST = 4
"""Places that can lie side by side: what their postcodes have room for."""
PRESETS = ("borough", "hamlet")


def make_places(
    preset: str,
    out: Path | str,
    number: int,
    seed: int = 1,
    year: int = 2026,
    years: int = 5,
    errors: str = "realistic",
    only: Iterable[str] | None = None,
    profile: Path | None = None,
) -> Path:
    """Write so many places side by side, each a folder of its own (borough-1, borough-2, ...), and what is true between them.

    Below OUT/truth: crossing (children known to two places), border, straddling_need, pool. The other arguments
    are those of `make`. Returns the folder. Raises UsageError or DefinitionError before anything is written.
    Source: specification of this project, page synthetic, section 1 (--places).
    """
    check_asked(seed, year, years, errors)
    refuse_others(Path(out))
    if preset not in PRESETS:
        raise UsageError(
            "Only boroughs can lie side by side.", found=preset, allowed="borough (or hamlet, to try it out)",
            mend="Leave --places out.",
        )  # fmt: skip
    if not 2 <= number <= MOST:
        raise UsageError(
            "So many places cannot lie side by side.", found=str(number), allowed=f"2 to {MOST}"
        )
    own = [] if errors in ("realistic", "none") else [Path(errors)]
    laid = [HOME / "adjoining.yaml", *([] if profile is None else [profile]), *own]
    places = build_worlds(load_profile(preset, *laid), seed, year, number)
    wanted = parts(only)
    with fresh(out) as aside:
        for world in places.worlds:
            _write_one(aside / place_name(world)[0], world, places, wanted, years, errors)
        if is_wanted("truth", wanted):
            (aside / "truth").mkdir()
            for name, frame in shared_truth(places).items():
                parquet(frame, aside / "truth" / f"{name}.parquet")
        _manifest(aside, places, preset, seed)
    return Path(out)


def _write_one(
    folder: Path,
    world: World,
    places: Places,
    wanted: set[str] | None,
    years: int,
    errors: str,
) -> None:
    folder.mkdir()
    clean = place_tables(world, places, wanted)
    received, made_errors, identity = written_tables(world, clean, errors)
    if is_wanted("reference", wanted):
        (folder / "reference").mkdir()
        item_table(world).write_csv(folder / "reference" / "survey_items.csv")
    write_place(folder, world, (received, clean, made_errors, identity), wanted, years)


def place_tables(world: World, places: Places, wanted: set[str] | None = None) -> Received:
    """A place's deliveries before errors, with its own part of the survey and the statement of the joint budget."""
    made = received_tables(world, wanted)
    survey = f"survey_{world.year}"
    if survey in made:
        made[survey] = {"survey_pupils": with_bolt_on(world, made[survey]["survey_pupils"])}
    if is_wanted("joint_pool", wanted):
        made[f"joint_pool_{world.year}"] = {"ledger": statement(world, places.worlds)}
    return made


def _manifest(folder: Path, places: Places, preset: str, seed: int) -> None:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    first = places.worlds[0]
    record = {
        "note": "made-up data", "preset": preset, "seed": seed, "year": first.year,
        "places": [place_name(w)[0] for w in places.worlds], "seeds": [w.seed for w in places.worlds],
        "profile": profile_hash(replace(first.profile, number=0)),
        "files": {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def places_of(folder: Path | str) -> list[Path]:
    """The places in a folder that `make_places` wrote; the folder itself when it is one place."""
    path = Path(folder)
    try:
        told = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [path]
    return [path / name for name in told["places"]] if "places" in told else [path]
