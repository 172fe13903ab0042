"""The whole run, on a hamlet: a pack comes out, only what changed runs, nothing is lost on the way."""

import csv
import hashlib

import polars as pl
from tests.pipeline.runs import change_one_answer

from threecircles import pipeline
from threecircles.core.workspace import open_workspace
from threecircles.definitions.place import load_place

PARTS = ("index.html", "pack.xlsx", "pack.pdf")


def test_received_files_become_a_pack_of_pages_workbook_document_and_data(hamlet):
    """Spine 1: one run leads from messy files to the finished pack."""
    assert [p for p in PARTS if not (hamlet.pack() / p).is_file()] == []
    assert len(list(hamlet.pack().rglob("*.html"))) >= 8
    assert list(hamlet.pack().rglob("data/*.csv"))


def test_the_pack_of_a_made_up_place_is_released_byte_for_byte(hamlet):
    """Spine 11: what viewers read is what the release desk let out, and it says that it is made up."""
    site = hamlet.workspace / "release" / "site"
    for path in (p for p in hamlet.pack().rglob("*") if p.is_file()):
        assert (site / path.relative_to(hamlet.pack())).read_bytes() == path.read_bytes()
    assert "made-up place for demonstration" in (site / "index.html").read_text(encoding="utf-8")


def test_an_unchanged_rerun_runs_nothing(hamlet):
    """S2: nothing has changed, so no step runs. Its time is in docs/benchmarks.md."""
    assert hamlet.again() == []


def test_the_plan_of_an_unchanged_place_keeps_every_step_and_says_why(hamlet):
    """S2: `--plan` gives a reason for each step."""
    planned = pipeline.plan(hamlet.place, hamlet.workspace)
    assert len(planned) > 40
    assert {p.reason for p in planned if not p.will_run} == {"nothing it depends on has changed"}
    assert [p.step.name for p in planned if p.will_run] == []


def test_the_plan_names_the_step_asked_for_and_what_hangs_on_it(hamlet):
    """S2: `--from` runs a step again, and the plan says what follows from it."""
    planned = {
        p.step.name: p for p in pipeline.plan(hamlet.place, hamlet.workspace, start="need.circles")
    }
    assert planned["need.circles"].reason == "asked for with --from"
    assert planned["disclosure.protect"].reason == "depends on need.circles"
    assert not planned["identity.link"].will_run


def test_a_changed_survey_file_redoes_only_what_depends_on_it(hamlet, tmp_path):
    """S2: one answer changes; returns, links and journeys of the other sources are not made again."""
    changed = hamlet.copy(tmp_path)
    change_one_answer(changed.place)
    plan = {p.step.name: p.reason for p in pipeline.plan(changed.place, changed.workspace)}
    assert plan["sources.survey_2026"].startswith("file changed: survey_pupils_2026")
    ran = changed.again()
    assert {
        "sources.survey_2026",
        "survey.measure",
        "need.circles",
        "disclosure.protect",
        "report.pack",
    } <= set(ran)
    of_others = [s for s in ran if s.startswith("sources.") and s != "sources.survey_2026"]
    of_others += [
        s for s in ran if s.startswith("record.map-") and not s.startswith("record.map-survey")
    ]
    assert of_others == []
    # Linkage and checks read all sources, so they run; what they find is the same, so it ends there.
    assert not {"record.episode", "record.event", "record.spell", "funding.spend"} & set(ran)
    assert changed.again() == []


def test_every_row_received_is_kept_or_rejected(hamlet):
    """S7: rows in = rows kept + rows rejected, for every file of every delivery."""
    opened = open_workspace(hamlet.workspace, "identity")
    seen = 0
    for step, entry in hamlet.entries().items():
        if step.startswith("sources."):
            folder = opened.steps("identity") / step / entry.key[:16]
            files = opened.read_table(folder / f"{step}._files.parquet", "identity")
            lost = files.filter(pl.col("rows_in") != pl.col("rows_kept") + pl.col("rows_rejected"))
            assert lost.is_empty(), step
            seen += files["rows_in"].sum()
    assert seen > 1_000


def test_every_row_kept_has_one_outcome_in_the_record(hamlet):
    """S11, record A2: each row of each source is mapped, or left out for a reason that is told."""
    entries = hamlet.entries()
    for step in (s for s in entries if s.startswith("record.map-")):
        table = next(t for t in entries[step].outputs if t.endswith(".source_row"))
        rows = pl.read_parquet(hamlet.output(step) / f"{table}.parquet")
        key = ["extract_id", "source_table", "source_row"]
        assert rows.select(key).is_unique().all(), step
        assert rows.filter(
            (pl.col("outcome") != "mapped") & pl.col("reason").is_null()
        ).is_empty(), step
        kept = sum(
            o.rows
            for e in set(rows["extract_id"])
            for t, o in entries[f"sources.{e}"].outputs.items()
            if t.split(".")[2] in set(rows["source_table"].unique())
        )
        assert rows.height == kept, step


def test_no_difference_between_returns_and_record_is_left_unexplained(hamlet):
    """S11, record A6: the census and SSDA903 reconcile with the record."""
    table = pl.read_parquet(
        hamlet.output("record.reconciliation") / "record.reconciliation.parquet"
    )
    assert table.height > 10
    assert table["unexplained"].abs().sum() == 0


def test_what_people_read_is_made_on_the_side_without_the_key(hamlet):
    """Spine 10: what people will read is made without the key of the identity side."""
    sides = {line["step"]: line["side"] for line in hamlet.lines()}
    assert {sides["need.circles"], sides["disclosure.protect"], sides["report.pack"]} == {"payload"}


def test_what_was_received_is_kept_under_its_hash_and_sealed(hamlet):
    """Spine 10: raw files stay as they came, and open only with the key."""
    raw = hamlet.workspace / "identity" / "raw"
    opened = open_workspace(hamlet.workspace, "identity")
    for path in (p for d in load_place(hamlet.place).deliveries for p in d.files):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert (raw / digest).read_bytes() != path.read_bytes()
        assert opened.read_raw(digest) == path.read_bytes()


def test_every_published_figure_has_an_id_of_its_own(hamlet):
    """Spine 2: an id leads to one figure only."""
    ids = [r["number_id"] for r in published(hamlet)]
    assert len(ids) > 100
    assert len(ids) == len(set(ids))


def published(run) -> list[dict[str, str]]:
    """Every row of every CSV file of the pack."""
    rows = []
    for path in sorted(run.pack().rglob("data/*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows
