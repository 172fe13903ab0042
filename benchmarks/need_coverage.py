"""Do intervals for need, service and overlap hold the truth? (issue: the spine, S3; synthetic A8)

Many made-up boroughs, each with its own children, schools, answers and gaps; for each the survey is read,
scored, weighted and estimated by the product's own functions, and the interval compared with what the
generator knows. --ways says whose links: `right` (who got help is known), `error` (help is missed or
wrongly found at random at a known rate, and the corrected figures are judged) and `own` (the place's
files with all their mistakes go through reading, linkage and the record, up to the step need.circles).

    python benchmarks/need_coverage.py --seeds 60 [--first 1] [--ways right,error] --out FOLDER [--minutes 9]

Each place is written to FOLDER as it is done; the same command again goes on where it was stopped.

Two truths: "asked of all" is the share of pupils who meet the definition had everyone answered in full,
which is what a survey can estimate; "latent" is the generator's need, which answers only point at.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import narwhals as nw
import numpy as np
import polars as pl

from threecircles.core import keys
from threecircles.core.engines import collect
from threecircles.core.seeds import rng
from threecircles.definitions.place import Place
from threecircles.need.calibrated import calibrated_circles
from threecircles.need.ground import directions, grounded
from threecircles.need.high_need import classify, frozen_cuts, high_need
from threecircles.need.judged import judged
from threecircles.need.linkage import LinkQuality, correct
from threecircles.need.respondents import respondents, with_service
from threecircles.pipeline import build
from threecircles.survey.census_pupils import TABLES
from threecircles.survey.measures import measures, scoring
from threecircles.survey.steps import measure_rows
from threecircles.synthetic.days import as_dates, day_of
from threecircles.synthetic.export.reference import reference_tables
from threecircles.synthetic.make import make, received_tables
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.truth import service_flags
from threecircles.synthetic.world import World, build_world

NEED = high_need("high_need_9_16_demo")
SCALES = [c.scale for c in NEED.criteria]
SOCIAL = ("cin", "cin_plan", "cpp", "cla", "early_help", "youth_justice")
JUDGED = ("need", "service", "both", "coverage", "targeting")
LINKS = LinkQuality(0.95, 0.002)
READ = (
    "cin", "s903", "school", "early_help", "youth_justice", "survey", "reference", "truth"
)  # fmt: skip
Told = dict[str, dict[str, float]]
SURVEY = {
    "delivery": "survey_2026",
    "holder": "survey_holder_2026",
    "roll": "school_2026",
    "roll_as_of": "2026-01-15",
    "as_of": "2026-03-31",
}


def trial(seed: int, ways: list[str]) -> dict[str, Told]:
    """One place: for each way and judged figure the estimate, its interval and both truths."""
    world = build_world(load_profile("borough"), seed, 2026)
    told: dict[str, Told] = {}
    table = answered(world) if set(ways) - {"own"} else pl.DataFrame()
    for way in ways:
        served = helped(world, asked_until(world) if way == "own" else None)
        full, latent = truths(world, served)
        rows = linked_by_us(seed) if way == "own" else known_links(world, served, table, way)
        told[way] = {m: rows[m] | {"full": full[m], "latent": latent[m]} for m in JUDGED}
    return told


def helped(world: World, between: tuple[int, int] | None) -> np.ndarray:
    """Who got help of the council or of youth justice between two days; else in the year to 31 March."""
    flags = service_flags(world, between)
    return np.any([flags[name] for name in SOCIAL], axis=0)


def asked_until(world: World) -> tuple[int, int]:
    """The twelve months to the day on which the last pupil answered: those that a run looks at."""
    s = world.survey
    last = as_dates(s.day[s.asked & (s.status == "completed")]).max()
    return day_of(last.year - 1, last.month, last.day), day_of(last.year, last.month, last.day)


def known_links(world: World, served: np.ndarray, table: pl.DataFrame, way: str) -> Told:
    """Figures where who got help is known, or known but for mistakes of a known rate."""
    everyone = roll(world, served)
    if way == "error":
        draw = rng(world.seed, "links").random(world.people.n)
        observed = np.where(served, draw < LINKS.sensitivity, draw < LINKS.false_match)
        everyone = everyone.with_columns(
            service=pl.Series(observed[world.survey.child].astype(int))
        )
    contact = everyone.filter(pl.col("service") == 1).select(
        "person_id", "service", n_services=pl.lit(1)
    )
    table = judged(with_service(table, contact), NEED, frozen_cuts(NEED, table))
    ground = grounded(table, everyone, directions([(c.scale, c.cut) for c in NEED.criteria]))
    assert ground is not None
    figures = calibrated_circles(ground)
    if way == "error":
        figures = correct(figures, LINKS, these_pupils=True)
    return {r["measure"]: {k: r[k] for k in ("value", "low", "high")} for r in figures.to_dicts()}


def linked_by_us(seed: int) -> Told:
    """Figures of the run itself: files with mistakes, our reading, our links, our record."""
    with TemporaryDirectory() as folder:
        os.environ[keys.HOME] = folder  # The key of a place that is thrown away goes with it.
        place, workspace = Path(folder) / "place", Path(folder) / "workspace"
        make("borough", place, seed=seed, only=READ)
        build(place, workspace, lambda step: step.name == "need.circles")
        found = next(workspace.glob("steps/need.circles/**/need.circles-place.parquet"))
        rows = pl.read_parquet(found).to_dicts()
    return {r["measure"]: {k: r[k] for k in ("value", "low", "high")} for r in rows}


def answered(world: World) -> pl.DataFrame:
    """One row a pupil asked, as the product reads and scores the survey's files."""
    tables = received_tables(world, {"survey_2026", "survey_holder_2026", "school_2026"})
    pupils = tables["survey_2026"]["survey_pupils"].with_columns(
        completed_on__date=pl.col("completed_on").str.to_date("%Y-%m-%d", strict=False)
    )
    holder = tables["survey_holder_2026"]["survey_holder"]
    codes = dict(zip(world.ids.survey.tolist(), world.ids.person_id.tolist(), strict=True))
    record = holder.select(
        delivery=pl.lit("survey_holder_2026"),
        source_key="code",
        source_record_id=pl.col("code"),
        person_id=pl.col("code").replace_strict(codes),
    )
    census = {name: dated(frame) for name, frame in tables["school_2026"].items()}
    with TemporaryDirectory() as folder:
        place = Place(
            Path(folder), "b", "b", "E1", "999", True, 1, 2026, (), lookups(world, Path(folder)), {}
        )
        rows = measure_rows(
            record,
            pupils,
            holder,
            *(census[name] for name in TABLES),
            surveys=[SURVEY],
            place=place,
        )
    return respondents(nw.from_native(rows.lazy()), SCALES)


def dated(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its dates as reading leaves them: a column beside each text."""
    texts = [c for c in frame.columns if c.endswith("date") and frame.schema[c] == pl.String]
    return frame.with_columns(
        pl.col(c).str.to_date("%Y-%b-%d %H:%M:%S", strict=False).alias(f"{c}__date") for c in texts
    )


def lookups(world: World, folder: Path) -> dict[str, Path]:
    """The place's own lookups as files: schools, postcodes and deprivation."""
    phases = np.array(["primary", "secondary", "special", "other"])[world.schools.phase]
    made = reference_tables(world)
    frames = {
        "schools": pl.DataFrame({"URN": world.schools.urn.astype(str), "phase": phases}),
        "postcodes": made["postcodes"],
        "deprivation": made["deprivation_lsoa"],
    }
    paths = {name: folder / f"{name}.csv" for name in frames}
    for name, frame in frames.items():
        frame.write_csv(paths[name])
    return paths


def roll(world: World, served: np.ndarray) -> pl.DataFrame:
    """Everyone on roll, as the record would hold them."""
    child = world.survey.child
    family = world.people.family[child]
    area = np.where(family >= 0, world.people.fam_lsoa[np.maximum(family, 0)], 0)
    return pl.DataFrame(
        {
            "person_id": world.ids.person_id[child],
            "school": world.schools.urn[world.enrolment.school[child]].astype(str),
            "nc_year": world.enrolment.nc_year[child].astype(int),
            "female": (world.people.sex[child] == 0).astype(int),
            "sen_support": (world.education.sen[child] == "K").astype(int),
            "ehc_plan": (world.education.sen[child] == "E").astype(int),
            "fsm": world.education.fsm[child].astype(int),
            "absence": world.education.missed[child]
            / np.maximum(world.education.possible[child], 1),
            "deprivation": world.land.d[area],
            "service": served[child].astype(int),
        }
    )


def truths(world: World, served: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """Shares of all pupils: by the definition had all answered in full, and by latent need."""
    s = world.survey
    answers = pl.DataFrame({name: s.full[:, k].astype(float) for k, name in enumerate(s.items)})
    # Measures that this survey did not ask take no part.
    scales = [x for m in measures() for x in scoring(m) if set(x.items) <= set(s.items)]
    scored = answers.select(
        pl.mean_horizontal([pl.col(i) for i in scale.items]).alias(scale.id) for scale in scales
    ).with_columns(
        [
            pl.lit(None, dtype=pl.Float64).alias(f"{x.id}_{e}")
            for x in scales
            for e in ("lowest", "highest")
        ],
        wave=pl.lit("1"),
        weight=pl.lit(1.0),
    )
    told = collect(classify(nw.from_native(scored.lazy()), NEED, frozen_cuts(NEED, scored)))
    high = (told["need"] == "high").to_numpy()
    return shares(high, served[s.child]), shares(world.need.high[-1][s.child], served[s.child])


def shares(high: np.ndarray, served: np.ndarray) -> dict[str, float]:
    """need, service, both, coverage and targeting."""
    both = float((high & served).mean())
    return {
        "need": float(high.mean()),
        "service": float(served.mean()),
        "both": both,
        "coverage": both / float(high.mean()),
        "targeting": both / float(served.mean()),
    }


def run_parts(asked: argparse.Namespace, ways: list[str]) -> list[dict[str, Told]]:
    """Each place once, kept in its own file; stops in good time when minutes are given."""
    began, done = time.time(), []
    asked.out.mkdir(parents=True, exist_ok=True)
    for seed in range(asked.first, asked.first + asked.seeds):
        kept = asked.out / f"{'-'.join(ways)}-{seed}.json"
        if not kept.exists():
            if asked.minutes and time.time() - began > 60 * asked.minutes:
                print(f"stopped before seed {seed}; run again to go on")
                break
            part = kept.with_suffix(".part")
            part.write_text(json.dumps(trial(seed, ways)), encoding="utf-8")
            part.rename(kept)
        done.append(json.loads(kept.read_text(encoding="utf-8")))
    return done


def show(done: list[dict[str, Told]], way: str) -> None:
    """The table of one way: bias, spread, and how often the interval held each truth."""
    print(f"{date.today():%d %B %Y}: {len(done)} made-up boroughs, links {way}")
    print(
        f"{'figure':10} {'truth':>7} {'mean':>7} {'bias':>7} {'sd':>6} {'width':>6} {'covers':>7} | latent {'bias':>7} {'covers':>7}"
    )
    for m in JUDGED:
        v, low, high, full, latent = (
            np.array([d[way][m][k] for d in done], dtype=float)
            for k in ("value", "low", "high", "full", "latent")
        )
        held, held_latent = ((low - 1e-9 <= t) & (t <= high + 1e-9) for t in (full, latent))
        print(
            f"{m:10} {full.mean():7.4f} {v.mean():7.4f} {(v - full).mean():7.4f} {(v - full).std():6.4f}"
            f" {(high - low).mean():6.4f} {held.mean():7.1%} | {latent.mean():6.4f} {(v - latent).mean():7.4f} {held_latent.mean():7.1%}"
        )


def main() -> None:
    """Run the trials that are not yet there and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--ways", default="right,error")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=0)
    asked = parser.parse_args()
    ways = asked.ways.split(",")
    done = run_parts(asked, ways)
    for way in ways if done else []:
        show(done, way)


if __name__ == "__main__":
    main()
