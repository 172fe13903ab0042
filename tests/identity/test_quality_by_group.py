"""Who is missed most: by group, from the scores or from a reviewed sample, in words and as a page."""

from __future__ import annotations

import json

import polars as pl
import pytest

from threecircles.core.errors import ThreeCirclesError
from threecircles.identity.blocking_recall import estimated
from threecircles.identity.by_group import by_group
from threecircles.identity.model import Model
from threecircles.identity.quality_page import coverage, headlines, unseen
from threecircles.identity.review import Answered
from threecircles.identity.telling import report_text


def _linkage(missed: dict[str, int], links: int = 400):
    """Links of each group, and pairs of each that were not joined although they may be one child."""
    pairs, groups, number = [], [], 0
    for name, left_out in missed.items():
        for i in range(links + left_out):
            joined, number = i < links, number + 1
            pairs.append(
                (
                    "school",
                    f"s{number}",
                    "health",
                    f"h{number}",
                    0.999 if joined else 0.2,
                    "linked" if joined else "unlinked",
                )
            )
            groups += [
                (s, f"{s[0]}{number}", 2015, "F", name, "born alone") for s in ("school", "health")
            ]
    edges = pl.DataFrame(
        pairs, schema=["source_l", "record_l", "source_r", "record_r", "p", "band"], orient="row"
    )
    told = pl.DataFrame(
        groups,
        schema=["source", "record_id", "birth_year", "sex", "ethnic_group", "birth"],
        orient="row",
    )
    return edges, told  # fmt: skip


def test_the_group_that_is_missed_more_is_named_with_its_interval():
    """identity A5, A14: a recall gap over one point is headlined with its interval."""
    edges, groups = _linkage({"WBRI": 0, "APKN": 120, "BAFR": 0})
    whole, found = by_group(edges, groups, [], 2026)
    assert (found[0].kind, found[0].group) == ("ethnic group", "APKN") and found[0].headline
    assert not any(g.headline for g in found[1:] if g.kind == "ethnic group")
    text = " ".join(headlines(whole, found, reviewed=False))
    assert "Missed more than others: ethnic group, APKN." in text and "95% interval" in text
    assert "three circles" in text


def test_no_group_is_named_where_all_are_missed_alike():
    edges, groups = _linkage({"WBRI": 5, "APKN": 5})
    whole, found = by_group(edges, groups, [], 2026)
    assert not [g for g in found if g.headline]
    assert "No group is missed by more than 1 point" in " ".join(headlines(whole, found, True))


def test_a_reviewed_sample_stands_above_the_scores():
    """identity 5: strata of the sample give precision and recall, by group as well."""
    edges, groups = _linkage({"WBRI": 60, "APKN": 60})
    answers = [
        Answered(f"school|{r['record_l']}", f"health|{r['record_r']}", "same" if r["band"] == "linked" or int(r["record_l"][1:]) > 460 else "different", "", "anna", "")
        for r in edges.iter_rows(named=True)
    ]  # fmt: skip
    whole, found = by_group(edges, groups, answers, 2026)
    assert whole.recall == pytest.approx(800 / 860) and whole.recall_se == 0
    recall = {g.group: g.quality.recall for g in found if g.kind == "ethnic group"}
    assert recall == {"WBRI": 1.0, "APKN": pytest.approx(400 / 460)}


def test_the_rival_of_a_link_that_was_made_is_no_link_missed():
    edges, groups = _linkage({"WBRI": 0})
    rival = edges.head(200).with_columns(record_r=pl.lit("h399"), p=pl.lit(0.9), band=pl.lit("unlinked"))  # fmt: skip
    whole, _ = by_group(pl.concat([edges, rival]), groups, [], 2026)
    assert whole.recall == 1.0


def test_the_page_says_who_is_not_seen_at_all(tmp_path):
    """identity A14 and section 5: coverage against the population by single year of age."""
    edges, groups = _linkage({"WBRI": 1}, links=30)
    edges.write_parquet(tmp_path / "link_edge.parquet")
    groups.write_parquet(tmp_path / "record_group.parquet")
    groups.select("source", "record_id", person_id=pl.col("record_id").str.slice(1)).write_parquet(tmp_path / "person_record.parquet")  # fmt: skip
    told = {
        "records": 62, "persons": 31, "threshold": "generous", "expected_wrong_links": 0.1, "year": 2026, "blocking_recall_estimated": 0.99,
        "pairs": {"accepted": 30, "for_review": 0, "ties": 0, "twin_swap_alerts": 0}, "linked_by_age": [],
        "sources": [{"source": "school", "records": 31, "bands": {"linked": 30}, "present": {"dob": 1.0}}],
    }  # fmt: skip
    (tmp_path / "quality.json").write_text(json.dumps(told))
    (tmp_path / "p.csv").write_text('Age,Population\n0,"1,000"\n11,62\n')
    text = report_text(tmp_path, [], tmp_path / "p.csv", tmp_path / "page")
    assert "Nobody is seen at all at ages: 0." in text
    assert "about 99.0% were compared at all" in text
    page = (tmp_path / "page" / "quality.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "<caption>Links by group</caption>" in page
    table = pl.read_csv(tmp_path / "page" / "quality-by-group.csv")
    assert {"kind", "group", "recall_low", "gap_points"} <= set(table.columns)


def test_a_population_without_its_columns_is_refused(tmp_path):
    (tmp_path / "p.csv").write_text("year,people\n2026,5\n")
    records = pl.DataFrame({"person_id": ["a"], "birth_year": [2015]})
    with pytest.raises(ThreeCirclesError, match="age and population"):
        coverage(records, tmp_path / "p.csv", 2026)
    (tmp_path / "p.csv").write_text("age,population\n11,5\n")
    assert unseen(coverage(records, tmp_path / "p.csv", 2026)).startswith("Of children aged 11")


def test_links_that_met_in_one_block_only_tell_how_many_met_in_none():
    records = pl.DataFrame({"rid": range(200), "a": [i // 2 if i < 40 else i for i in range(200)], "b": [i // 2 for i in range(200)]})  # fmt: skip
    edges = pl.DataFrame({"rid_l": range(0, 200, 2), "rid_r": range(1, 200, 2), "accepted": [True] * 100})  # fmt: skip
    model = Model((), (("a",), ("b",)), (), {})
    # 20 links met twice, 80 once: 80 x 79 / (2 x 21) are thought unseen.
    assert estimated(edges, records, model) == pytest.approx(100 / (100 + 80 * 79 / 42), abs=1e-4)
    assert estimated(edges, records, Model((), ((),), (), {})) == 1.0


def test_of_two_records_as_good_for_a_third_one_link_is_missing_and_not_two():
    edges, groups = _linkage({"WBRI": 0})
    rivals = edges.head(2).with_columns(record_l=pl.lit("s999"), record_r=pl.Series(["h998", "h999"]), p=pl.lit(0.99), band=pl.lit("review"))  # fmt: skip
    whole, _ = by_group(pl.concat([edges, rivals]), groups, [], 2026)
    assert whole.true_links == pytest.approx(400 * 0.999 + 1.0)


def test_a_pair_that_a_rule_calls_two_children_is_no_link_missed():
    edges, groups = _linkage({"WBRI": 20})
    edges = edges.with_columns(why=pl.when(pl.col("band") == "unlinked").then(pl.lit("alert")), rule=pl.lit("score"))  # fmt: skip
    whole, _ = by_group(edges, groups, [], 2026)
    assert whole.recall == 1.0
