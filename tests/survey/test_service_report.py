"""The report of a service: everybody who started, the lost among them, and no provider's name beside another's."""

import re
from datetime import date

import numpy as np
import polars as pl
import pytest
from tests.survey.made_up import write_record

from threecircles.cli.survey_run import write_service_reports
from threecircles.core.errors import UsageError
from threecircles.survey.service_study import read_cases, service_tables


def forms(sizes=None, seed=1):
    """Forms of providers: name -> (started, lost); those who are followed up gain about six points."""
    rng = np.random.default_rng(seed)
    rows = []
    for provider, (started, lost) in (
        sizes or {"Harbour": (100, 40), "Mill Lane": (80, 16)}
    ).items():
        for k in range(started):
            person = f"{provider[:2]}{k}"
            level = rng.integers(0, 3)
            head = {"provider": provider, "person": person, "started_on": "2026-01-05"}
            now = {f"hta{i}": int(np.clip(level + rng.integers(-1, 2), 0, 4)) for i in range(1, 6)}
            rows.append(head | {"occasion": "before", "on": "2026-01-10"} | now)
            if k < lost:
                rows[-1]["lost_reason"] = "moved" if k % 2 else "no_contact"
                continue
            later = {
                f"hta{i}": int(np.clip(now[f"hta{i}"] + rng.integers(0, 3), 0, 4))
                for i in range(1, 6)
            }
            said = {c: int(rng.integers(1, 6)) for c in ("svc1", "svc2", "svc3")}
            rows.append(head | {"occasion": "after", "on": "2026-04-10"} | later | said)
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """The reports of two providers, one of whom lost 40 of 100."""
    folder = tmp_path_factory.mktemp("service")
    study = write_record(folder, "help", kind="service", questionnaires="service, service_later")
    forms().write_csv(folder / "forms.csv")
    return folder, write_service_reports(
        study, folder / "forms.csv", folder / "out", date(2026, 5, 1)
    )


def test_no_page_shows_a_share_without_the_lost_and_both_bounds(reported):
    "A26: by page; the sentence and the row of every table with the share hold all of them."
    for folder in reported[1].values():
        text = (folder / "index.html").read_text()
        table = re.search(
            r"<table(?:(?!</table>).)*Of those followed up.*?</table>", text, re.S
        ).group()
        for row in re.findall(r"<tr>(?:(?!</tr>).)*</tr>", table, re.S)[1:]:
            assert len(re.findall(r"\d+(?:\.\d+)?%", row)) >= 3 and re.search(
                r"\b(40|16|56)\b", row
            )
        assert re.search(r"were lost, so of all who started between [\d.]+% and [\d.]+%", text)
        assert "this page does not show what the service caused" in text


def test_no_row_of_a_file_holds_a_share_without_the_lost_and_both_bounds(reported):
    "A26: by CSV."
    seen = 0
    for folder in reported[1].values():
        for path in folder.glob("data/*-result.csv"):
            rows = pl.read_csv(path, infer_schema_length=0)
            shares = rows.filter(pl.col("measure") == "share_better")
            seen += shares.height
            for row in shares.to_dicts():
                assert all(row[c] not in (None, "") for c in ("value", "least", "most", "lost"))
                assert float(row["least"]) <= float(row["value"])
    assert seen == 5


def test_the_counts_are_those_of_the_forms(reported):
    table = service_tables(read_cases(reported[0] / "forms.csv"), "help", "2026")["Harbour"][
        0
    ].frame
    own = {r["measure"]: r["value"] for r in table.filter(provider="Harbour").to_dicts()}
    assert (own["started"], own["paired"], own["gone"], own["lost:moved"]) == (100, 60, 40, 20)
    assert own["better"] + own["no_reliable_change"] + own["worse"] == 60
    share = table.filter(pl.col("measure") == "share_better", provider="Harbour").to_dicts()[0]
    better = own["better"]
    assert (share["least"], share["most"]) == (better / 100, (better + 40) / 100)


def test_a_provider_sees_itself_and_all_and_no_other(reported):
    "A27: no page orders or scores providers."
    for name, other in (("Harbour", "Mill Lane"), ("Mill Lane", "Harbour")):
        folder = reported[1][name]
        told = " ".join(
            p.read_text() for p in folder.rglob("*") if p.suffix in (".html", ".csv", ".json")
        )
        assert other not in told and "This provider" in told
        assert not re.search(
            r"\b(rank|league|best provider|score of)\b", told.lower().replace("no ranks", "")
        )
    whole = " ".join(p.read_text() for p in reported[1]["All providers"].glob("*.html"))
    assert "Harbour" not in whole and "Mill Lane" not in whole


def test_somebody_lost_for_no_reason_stops_the_report(tmp_path):
    "A26: refused at close."
    study = write_record(tmp_path, "help", kind="service", questionnaires="service, service_later")
    forms().with_columns(lost_reason=pl.lit(None, pl.String)).write_csv(tmp_path / "f.csv")
    with pytest.raises(UsageError, match="56 people have no later answer"):
        write_service_reports(study, tmp_path / "f.csv", tmp_path / "out", date(2026, 5, 1))


def test_no_share_is_told_before_the_scale_is_known_to_hold_together(tmp_path):
    tables = service_tables(_read(tmp_path, {"Small": (60, 20)}), "help", "2026")
    told = tables["All"][0].frame.filter(pl.col("measure") == "share_better").to_dicts()
    assert told[0]["value"] is None and told[0]["reason"] == "not_available"


def _read(folder, sizes):
    forms(sizes).write_csv(folder / "forms.csv")
    return read_cases(folder / "forms.csv")


def test_forms_that_lack_a_column_are_refused_by_name(tmp_path):
    forms().drop("hta3").write_csv(tmp_path / "f.csv")
    with pytest.raises(UsageError, match="lacks columns") as told:
        read_cases(tmp_path / "f.csv")
    assert told.value.found == "hta3"
