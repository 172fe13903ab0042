"""Do intervals for need, service and overlap hold the truth? (issue: the spine, S3; synthetic A8)

Many made-up boroughs, each with its own children, schools, answers and gaps; for each the survey is read,
scored, weighted and estimated by the product's own functions, and the interval compared with what the
generator knows. Links are right unless --links is given, then help is missed or wrongly found at
random at a known rate, and the corrected figures are judged.

    python benchmarks/need_coverage.py --seeds 60 [--first 1] [--links]

Two truths: "asked of all" is the share of pupils who meet the definition had everyone answered in full,
which is what a survey can estimate; "latent" is the generator's need, which answers only point at.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import narwhals as nw
import numpy as np
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.seeds import rng
from threecircles.definitions.place import Place
from threecircles.need.calibrated import calibrated_circles
from threecircles.need.ground import directions, grounded
from threecircles.need.high_need import classify, frozen_cuts, high_need
from threecircles.need.judged import judged
from threecircles.need.linkage import LinkQuality, correct
from threecircles.need.respondents import respondents, with_service
from threecircles.survey.measures import measures, scoring
from threecircles.survey.steps import measure_rows
from threecircles.synthetic.make import received_tables
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.truth import service_flags
from threecircles.synthetic.world import World, build_world

NEED = high_need("high_need_9_16_demo")
SCALES = [c.scale for c in NEED.criteria]
SOCIAL = ("cin", "cin_plan", "cpp", "cla", "early_help", "youth_justice")
JUDGED = ("need", "service", "both", "coverage", "targeting")
LINKS = LinkQuality(0.95, 0.002)
SURVEY = {
    "delivery": "survey_2026",
    "holder": "survey_holder_2026",
    "roll": "school_2026",
    "as_of": "2026-03-31",
}


def trial(seed: int, links: LinkQuality | None) -> dict[str, dict[str, float]]:
    """One place: for each judged figure the estimate, its interval and both truths."""
    world = build_world(load_profile("borough"), seed, 2026)
    served = np.any([service_flags(world)[k] for k in SOCIAL], axis=0)
    table, everyone = answered(world), roll(world, served)
    observed = served.copy()
    if links:
        draw = rng(seed, "links").random(world.people.n)
        observed = np.where(served, draw < links.sensitivity, draw < links.false_match)
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
    if links:
        figures = correct(figures, links, pupils=ground.pupils)
    rows = {r["measure"]: r for r in figures.to_dicts()}
    full, latent = truths(world, served)
    return {
        m: {k: rows[m][k] for k in ("value", "low", "high")}
        | {"full": full[m], "latent": latent[m]}
        for m in JUDGED
    } | {
        "lean": {
            "value": ground.lean[0] if ground.lean else float("nan"),
            "se": ground.lean[1] if ground.lean else 0,
        }
    }


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
    with TemporaryDirectory() as folder:
        schools = Path(folder) / "schools.csv"
        phases = np.array(["primary", "secondary", "special", "other"])[world.schools.phase]
        pl.DataFrame({"URN": world.schools.urn.astype(str), "phase": phases}).write_csv(schools)
        place = Place(
            Path(folder), "b", "b", "E1", "999", True, 1, 2026, (), {"schools": schools}, {}
        )
        rows = measure_rows(
            record,
            pupils,
            holder,
            tables["school_2026"]["pupilonroll"],
            surveys=[SURVEY],
            place=place,
        )
    return respondents(nw.from_native(rows.lazy()), SCALES)


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


def main() -> None:
    """Run the trials and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--links", action="store_true")
    asked = parser.parse_args()
    began = time.time()
    done = [
        trial(seed, LINKS if asked.links else None)
        for seed in range(asked.first, asked.first + asked.seeds)
    ]
    print(f"{date.today():%d %B %Y}: {len(done)} made-up boroughs, {time.time() - began:.0f} s")
    print(
        f"{'figure':10} {'truth':>7} {'mean':>7} {'bias':>7} {'sd':>6} {'width':>6} {'covers':>7} | latent {'bias':>7} {'covers':>7}"
    )
    for m in JUDGED:
        v, low, high, full, latent = (
            np.array([d[m][k] for d in done]) for k in ("value", "low", "high", "full", "latent")
        )
        held, held_latent = ((low - 1e-9 <= t) & (t <= high + 1e-9) for t in (full, latent))
        print(
            f"{m:10} {full.mean():7.4f} {v.mean():7.4f} {(v - full).mean():7.4f} {(v - full).std():6.4f}"
            f" {(high - low).mean():6.4f} {held.mean():7.1%} | {latent.mean():6.4f} {(v - latent).mean():7.4f} {held_latent.mean():7.1%}"
        )
    lean = np.array([d["lean"]["value"] for d in done])
    print(
        f"log-odds of answering for one sd of heavier answers: {np.nanmean(lean):.2f} (sd {np.nanstd(lean):.2f}), by model in {np.isfinite(lean).mean():.0%}"
    )


if __name__ == "__main__":
    main()
