"""Tools at the desk, review files and draws."""

from __future__ import annotations

import polars as pl
import pytest

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.identity import LinkRequest, LinkSource, link_tables
from threecircles.identity.commands import check, explain, tokenise
from threecircles.identity.draws import bounds, link_draws
from threecircles.identity.retrain import retrained
from threecircles.identity.review import Answered, export, kappa, queue, read_answers, sampled
from threecircles.synthetic.linkage import generate


@pytest.fixture(scope="module")
def linked():
    made = generate(2_500, seed=4)
    named = {
        "first_name": "first_name",
        "surname": "surname",
        "date_of_birth": "date_of_birth",
        "sex": "sex",
        "postcode": "postcode",
    }
    sources = tuple(
        LinkSource(
            name=n,
            file="",
            record_id="record_id",
            identifiers={c: c for c in ("upn", "nhs") if c in t.columns},
            **named,
        )
        for n, t in made.sources.items()
    )
    return made, link_tables(LinkRequest(sources=sources, fictitious=True), made.sources, seed=1)


def test_check_counts_bad_numbers_by_reason_and_shows_no_value(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("NHS number,Name\n4505577104,A\n9999999999,B\n4505577105,C\n,D\n")
    found = check(path)
    assert found.select("status", "records", "first_row").rows() == [
        ("invalid", 1, 3), ("missing", 1, 4), ("placeholder", 1, 2), ("valid", 1, 1),
    ]  # fmt: skip
    assert "450557" not in str(found)


def test_check_of_a_file_without_identifiers_says_how_to_name_one(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    with pytest.raises(UsageError, match="--column"):
        check(tmp_path / "a.csv")


def test_tokens_hold_no_number_and_are_equal_between_holders_of_the_key(tmp_path):
    for name, written in (("a", "450 557 7104"), ("b", "4505577104")):
        (tmp_path / f"{name}.csv").write_text(f"nhs,score\n{written},3\n4505577105,4\n")
        tokenise(tmp_path / f"{name}.csv", tmp_path / f"{name}.out", project="alpha", master=bytes(32), workspace="w",
                 identifiers={"nhs": "nhs"}, keep=("score",))  # fmt: skip
    one, two = (pl.read_csv(tmp_path / f"{n}.out") for n in "ab")
    assert one.equals(two)
    assert one["token_nhs"].to_list()[1] is None
    assert "4505577104" not in (tmp_path / "a.out").read_text()
    with pytest.raises(UsageError, match="who somebody is"):
        tokenise(
            tmp_path / "a.csv",
            tmp_path / "x",
            project="alpha",
            master=bytes(32),
            workspace="w",
            identifiers={"nhs": "nhs"},
            keep=("nhs",),
        )


def test_a_pair_is_explained_bit_by_bit_without_values(linked):
    _, result = linked
    edge = result.link_edge.filter(pl.col("rule") == "co-twin-cap").row(0, named=True)
    text = explain(
        result.link_edge, (edge["source_l"], edge["record_l"]), (edge["source_r"], edge["record_r"])
    )
    assert "against a co-twin" in text
    assert "probability" in text
    with pytest.raises(UsageError, match="not compared"):
        explain(result.link_edge, ("school", "S0000001"), ("school", "S0000002"))


def test_the_bits_of_the_fields_and_the_prior_add_up_to_the_weight(linked):
    _, result = linked
    edges = result.link_edge
    fields = edges.select(pl.sum_horizontal(pl.selectors.starts_with("bits_")))
    start = (edges["w"] - fields.to_series()).round(3)
    assert start.n_unique() <= 3


def test_draws_keep_one_to_one_and_bounds_lie_apart(linked):
    _, result = linked
    draws = link_draws(result.ladder, draws=4, seed=2)
    source = result.ladder.records.sort("rid")["src"]
    for name in draws.columns[1:]:
        per_person = pl.DataFrame({"c": draws[name], "s": source}).group_by("c", "s").len()
        assert per_person["len"].max() == 1
    ends = bounds(result.ladder)
    assert ends["careful"].n_unique() >= ends["generous"].n_unique()
    assert len({draws[c].n_unique() for c in draws.columns[1:]}) > 1


def test_a_review_goes_out_and_comes_back(linked, tmp_path):
    _, result = linked
    chosen = queue(result.ladder.edges, 10)
    path = tmp_path / "review.csv"
    assert export(result.ladder.records, chosen, path) == len(chosen)
    table = pl.read_csv(path, infer_schema=False)
    table.with_columns(answer=pl.lit("same"), reviewer=pl.lit("anna")).write_csv(path)
    answers = read_answers(path)
    assert len(answers) == len(chosen)
    assert answers[0].by == "anna"
    table.with_columns(answer=pl.lit("perhaps"), reviewer=pl.lit("anna")).write_csv(path)
    with pytest.raises(ThreeCirclesError, match="row 1, column answer"):
        read_answers(path)


def test_each_group_gets_its_turn_in_the_queue(linked):
    _, result = linked
    groups = result.ladder.records.select("rid", (pl.col("rid") % 3).cast(pl.String).alias("group"))
    chosen = queue(result.ladder.edges, 9, groups=groups)
    assert chosen.join(groups, left_on="rid_l", right_on="rid")["group"].n_unique() == 3


def test_kappa_of_two_reviewers():
    assert kappa(["same"] * 4, ["same"] * 4) == 1.0
    assert (
        kappa(
            ["same", "same", "different", "different"],
            ["same", "different", "different", "different"],
        )
        == 0.5
    )


def _answered(linked, size):
    """Reviewers' answers, right ones, to a sample by strata."""
    made, result = linked
    person = dict(made.truth.select(pl.col("source") + "|" + pl.col("record_id"), "person").iter_rows())  # fmt: skip
    names = result.ladder.records.sort("rid").select(pl.col("source") + "|" + pl.col("record_id"))
    name = names.to_series().to_list()
    chosen = sampled(result.ladder.edges, size).select("rid_l", "rid_r").iter_rows()
    return [
        Answered(name[a], name[b], "same" if person[name[a]] == person[name[b]] else "different", "", "anna", "")
        for a, b in chosen
    ]  # fmt: skip


def test_what_reviewers_answer_is_learnt_only_when_asked_and_told_level_by_level(linked):
    """identity 5: each batch can retrain m and f with a before/after report; nothing retrains silently."""
    answers = _answered(linked, 400)
    _, result = linked
    taught = retrained(result.ladder, answers, 0.3)
    assert {"comparison", "level", "before", "after"} == set(taught.changes.columns)
    assert "first name against a co-twin (bits)" in set(taught.changes["comparison"])
    assert f"links before {taught.links[0]:,}, after {taught.links[1]:,}" in taught.said
    assert abs(taught.links[0] - taught.links[1]) < 0.02 * taught.links[0]
    bits = pl.sum_horizontal(pl.selectors.starts_with("mw_"))
    scored = taught.ladder.edges.filter(pl.col("rule") != "must-link")
    start = scored.select((pl.col("w") - bits).round(2)).to_series()
    assert start.n_unique() <= 3, "the fields' bits still add up to the weight"


def test_a_handful_of_answers_teaches_nothing(linked):
    _, result = linked
    few = retrained(result.ladder, _answered(linked, 40)[:20], 0.3)
    assert few.changes.is_empty() and few.ladder is result.ladder
    assert "too few" in few.said
