"""Makes a whole place on disk: without it the demonstration and every test would have nothing to read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.sources.write_903 import write_903
from threecircles.sources.write_cin_xml import write_cin_xml
from threecircles.synthetic.bait import bait_table
from threecircles.synthetic.centres import register_table
from threecircles.synthetic.effects.truth import world_effects
from threecircles.synthetic.errors.apply import apply_errors, identity_table
from threecircles.synthetic.errors.log import Log
from threecircles.synthetic.export.attendance import (
    provider_tables,
    providers,
    write_provider,
)
from threecircles.synthetic.export.cin import cin_tables
from threecircles.synthetic.export.early_years import profile_table, review_table, therapy_table
from threecircles.synthetic.export.extracts import (
    early_help_table,
    survey_holder_table,
    survey_pupils_table,
    youth_justice_table,
)
from threecircles.synthetic.export.nurseries import (
    alternative_provision_table,
    early_years_census_table,
    two_year_place_table,
)
from threecircles.synthetic.export.reference import reference_tables, write_boundaries
from threecircles.synthetic.export.school_census import school_census_tables
from threecircles.synthetic.export.ssda903 import ssda903_tables
from threecircles.synthetic.folder import fresh, refuse_others
from threecircles.synthetic.funds import council_ledger, fund_table, health_ledger
from threecircles.synthetic.ledgers import write_partner, write_statement
from threecircles.synthetic.marks import mark_files
from threecircles.synthetic.money import ledger, s251_table
from threecircles.synthetic.names import pools
from threecircles.synthetic.nation import write_nation
from threecircles.synthetic.parts import is_wanted, parts
from threecircles.synthetic.place_file import place_yaml
from threecircles.synthetic.profile import Profile, effect_files, load_profile
from threecircles.synthetic.ro3 import ro3_table
from threecircles.synthetic.service_form import form_table, form_truth
from threecircles.synthetic.truth import truth_tables
from threecircles.synthetic.truth_more import more_truth
from threecircles.synthetic.world import World, build_world

Received = dict[str, dict[str, pl.DataFrame]]
"""Delivery id -> table name -> frame, as the files will hold them."""


def make(
    preset: str,
    out: Path | str,
    seed: int = 1,
    year: int = 2026,
    years: int = 5,
    errors: str = "realistic",
    only: Iterable[str] | None = None,
    profile: Path | None = None,
    effects: str | None = None,
) -> Path:
    """Write a made-up place: place.yaml, received/, reference/, truth/ and manifest.json.

    preset: county, borough, hamlet or nation (tables by authority only). year: ends 31 March. years: years of history that truth keeps.
    errors: realistic, none, or a YAML file with a section `errors` laid over the profile's rates.
    effects: planted, none (the services are there, their effects are not) or a YAML file with a section
    `effects`; without it no service has an effect to find.
    only: names of parts (synthetic.parts) to write instead of all; the bytes are the same.
    Returns the folder. Raises UsageError or DefinitionError before anything is written.
    Source: specification of this project, page synthetic, sections 1 and 7.
    """
    check_asked(seed, year, years, errors)
    refuse_others(Path(out))
    own_rates = None if errors in ("realistic", "none") else Path(errors)
    if preset == "nation":
        return _nation(Path(out), seed, year, profile, (errors, only, effects))
    planted = () if effects is None else effect_files(effects, preset)
    chosen = load_profile(preset, *(p for p in (*planted, profile, own_rates) if p is not None))
    wanted = parts(only)
    world = build_world(chosen, seed, year)
    clean = received_tables(world, wanted)
    received, made_errors, identity = written_tables(world, clean, errors)
    with fresh(out) as aside:
        write_place(aside, world, (received, clean, made_errors, identity), wanted, years)
    return Path(out)


def write_place(
    folder: Path,
    world: World,
    tables: tuple[Received, Received, pl.DataFrame, pl.DataFrame],
    wanted: set[str] | None,
    years: int,
) -> None:
    """Write everything of one place into a folder: what it received, its lookups, truth and manifest.

    tables: as the files hold them, without errors, the register of errors, who is who. wanted: names of
    deliveries (or truth, reference), None for all.
    """
    received, clean, made_errors, identity = tables
    _write(folder, world, received, clean, wanted, years)
    if is_wanted("truth", wanted):
        parquet(made_errors, folder / "truth" / "errors.parquet")
        parquet(identity, folder / "truth" / "identity.parquet")
    _manifest(folder, world)


def _nation(
    out: Path, seed: int, year: int, profile: Path | None, asked: tuple[object, ...]
) -> Path:
    if asked != ("realistic", None, None):
        raise UsageError(
            "The nation is tables by authority: it holds no files to choose or spoil, and no services.",
            mend="Leave --errors, --only and --effects out.",
        )
    return write_nation(
        load_profile("nation", *([] if profile is None else [profile])), out, seed, year
    )


def written_tables(
    world: World, clean: Received, errors: str
) -> tuple[Received, pl.DataFrame, pl.DataFrame]:
    """The tables as the files hold them, the register of errors and who is who."""
    if errors == "none":
        return clean, Log().frame(), identity_table(world, clean)
    return apply_errors(world, clean)


def check_asked(seed: int, year: int, years: int, errors: str) -> None:
    """Raise UsageError for a seed, year, length of history or error model that cannot be."""
    if seed < 0:
        raise UsageError("The seed must not be negative.", found=str(seed), allowed="0 or more")
    if not 2020 <= year <= 2035:
        raise UsageError(
            "The year is outside the calendar held.", found=str(year), allowed="2020 to 2035"
        )
    if not 1 <= years <= 5:
        raise UsageError(
            "The history must be 1 to 5 years long.", found=str(years), allowed="1 to 5"
        )
    if errors not in ("realistic", "none") and not Path(errors).suffix:
        raise UsageError(
            "There is no such error model.", found=errors, allowed="realistic, none, or a YAML file"
        )


def received_tables(world: World, wanted: set[str] | None = None) -> Received:
    """Every delivery's tables as they are in truth, before errors."""
    year = world.year
    makers = {
        f"cin_{year}": lambda: cin_tables(world, year),
        f"cin_{year - 1}": lambda: cin_tables(world, year - 1),
        f"s903_{year}": lambda: ssda903_tables(world, year),
        f"s903_{year - 1}": lambda: ssda903_tables(world, year - 1),
        f"school_{year}": lambda: school_census_tables(world),
        f"early_help_{year}": lambda: {"early_help": early_help_table(world)},
        f"youth_justice_{year}": lambda: {"youth_justice": youth_justice_table(world)},
        f"survey_{year}": lambda: {"survey_pupils": survey_pupils_table(world)},
        f"survey_holder_{year}": lambda: {"survey_holder": survey_holder_table(world)},
        f"eyfs_{year}": lambda: {"eyfs_profile": profile_table(world)},
        f"two_year_review_{year}": lambda: {"two_year_review": review_table(world)},
        f"speech_therapy_{year}": lambda: {"speech_therapy": therapy_table(world)},
        f"early_years_census_{year}": lambda: {
            "early_years_census": early_years_census_table(world)
        },
        f"two_year_place_{year}": lambda: {"two_year_place": two_year_place_table(world)},
        f"alternative_provision_{year}": lambda: {
            "alternative_provision": alternative_provision_table(world)
        },
        f"s251_{year}": lambda: {"s251_outturn": s251_table(world, ledger(world))},
        f"ledger_{year}": lambda: {"ledger": council_ledger(world, ledger(world))},
        f"health_ledger_{year}": lambda: {"ledger": health_ledger(world, ledger(world))},
        f"ro3_{year}": lambda: {"ro3": ro3_table(world, ledger(world))},
        f"register_{year}": lambda: {"centre_register": register_table(world)},
    }
    made = {name: make_one() for name, make_one in makers.items() if is_wanted(name, wanted)}
    if is_wanted("service_outcome", wanted):
        for provider in world.profile["service_form"]["providers"]:
            name = f"service_outcome_{provider.lower()}_{year}"
            made[name] = {"service_outcome": form_table(world, world.service_forms, provider)}
    if is_wanted("attendance", wanted):
        for provider in providers(world.attendance):
            name = f"attendance_{provider.lower()}_{year}"
            made[name] = provider_tables(world, world.attendance, provider)
    return made


def _write(
    folder: Path,
    world: World,
    received: Received,
    clean: Received,
    wanted: set[str] | None,
    years: int,
) -> None:
    for name in ("received", "reference", "truth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for delivery, tables in received.items():
        _write_delivery(folder / "received", world, delivery, tables)
    if is_wanted("reference", wanted):
        for name, frame in reference_tables(world).items():
            frame.write_csv(folder / "reference" / f"{name}.csv")
        write_boundaries(world.profile, world.land, folder / "reference")
    if is_wanted("truth", wanted):
        for name, frame in (truth_tables(world, years) | more_truth(world)).items():
            parquet(frame, folder / "truth" / f"{name}.parquet")
        parquet(ledger(world), folder / "truth" / "ledger.parquet")
        parquet(fund_table(world, ledger(world)), folder / "truth" / "fund.parquet")
        parquet(bait_table(world), folder / "truth" / "bait.parquet")
        parquet(form_truth(world.service_forms), folder / "truth" / "service_form.parquet")
        for name, frame in world_effects(world).items():
            parquet(frame, folder / "truth" / f"{name}.parquet")
        _write_returns(folder / "truth" / "returns", clean)
    for name in ("received", "reference"):
        mark_files(folder / name)
    (folder / "place.yaml").write_text(place_yaml(world, set(received)), encoding="utf-8")


def _write_delivery(
    folder: Path, world: World, delivery: str, tables: dict[str, pl.DataFrame]
) -> None:
    kind, year = delivery.rsplit("_", 1)
    if kind == "cin":
        write_cin_xml(tables, folder / f"cin_{year}.xml")
    elif kind == "s903":
        write_903(tables, folder / f"ssda903_{year}")
    elif kind == "school":
        (folder / f"school_census_{year}_spring").mkdir()
        for name, frame in tables.items():
            frame.write_csv(folder / f"school_census_{year}_spring" / f"{name}.csv")
    elif kind == "health_ledger":
        write_partner(tables["ledger"], folder, int(year))
    elif kind == "joint_pool":
        write_statement(tables["ledger"], folder, int(year))
    elif kind.startswith("service_outcome_"):
        (folder / f"service_outcome_{year}").mkdir(exist_ok=True)
        name = kind.removeprefix("service_outcome_")
        tables["service_outcome"].write_csv(folder / f"service_outcome_{year}" / f"{name}.csv")
    elif kind.startswith("attendance_"):
        (folder / f"attendance_{year}").mkdir(exist_ok=True)
        provider = kind.removeprefix("attendance_").upper()
        write_provider(tables, folder / f"attendance_{year}", provider)
    else:
        for frame in tables.values():
            frame.write_csv(folder / FILES[kind].format(year=year))


FILES = {
    "early_help": "early_help.csv", "youth_justice": "youth_justice.csv", "survey": "survey_pupils_{year}.csv",
    "survey_holder": "survey_holder_{year}.csv", "s251": "s251_outturn_{year}.csv", "ro3": "ro3_{year}.csv", "ledger": "ledger_{year}.csv", "register": "centre_register.csv",
    "early_years_census": "ey_census_{year}.csv", "alternative_provision": "ap_census_{year}.csv",
    "two_year_place": "two_year_places_{year}.csv", "eyfs": "eyfs_profile_{year}.csv", "two_year_review": "two_year_review_{year}.csv", "speech_therapy": "speech_therapy_{year}.csv",
}  # fmt: skip


def _write_returns(folder: Path, received: Received) -> None:
    """The error-free returns as tables: what a check or a test compares with."""
    for delivery, tables in received.items():
        (folder / delivery).mkdir(parents=True)
        for name, frame in tables.items():
            parquet(frame, folder / delivery / f"{name}.parquet")


def parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a table of the truth, in equal bytes for equal tables."""
    # In how many pieces a frame lies depends on the threads that sorted it, and the file would show it.
    whole = frame.rechunk()
    whole.write_parquet(path, compression="zstd", compression_level=3, statistics=False)


def _manifest(folder: Path, world: World) -> None:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    record = {
        "note": "made-up data", "preset": world.profile.id, "seed": world.seed, "year": world.year,
        "profile": profile_hash(world.profile), "laid_over": list(world.profile.laid), "name_pools": pools().digest,
        "name_pool_sizes": {k: list(v) for k, v in pools().sizes().items()},
        "files": {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def profile_hash(profile: Profile) -> str:
    """SHA-256 of the values of a profile."""
    return hashlib.sha256(json.dumps(profile.values, sort_keys=True).encode()).hexdigest()
