"""Files as analysts really have them, and designs with a stratum of one unit (survey A1, A4, section 5)."""

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.survey.estimate import estimate_file

DESIGN = "weight: w\nstratum: h\npsu: u\n"
ONE = DESIGN + "estimates: [{statistic: mean, variable: y}]"
ROWS = pl.DataFrame(
    {
        "h": [1, 1, 1, 2, 2, 2, 3, 3], "u": [1, 1, 2, 1, 2, 2, 1, 1], "w": [1.5, 2.0, 2.5, 1.0, 3.0, 2.0, 4.0, 1.0],
        "y": [3.0, 5.25, 4.0, None, 6.0, 7.5, 2.0, 1.0], "sex": ["F", "M", None, "F", "M", "F", "M", "F"],
        "N": [6, 6, 6, 5, 5, 5, 4, 4],
    }
)  # fmt: skip


R_ADJUST = [
    (4.1875, 1.061889473029),
    (67, 34.568772034887),
    (4.1875, 0.8719150474767),
    (67, 27.0336210424476),
]
"""Mean and total of y without fpc, then with it."""


def ask(folder, text, name, body=None):
    """Estimates of the rows, written as the file `name` by `body`."""
    if body is not None:
        (folder / name).write_bytes(body if isinstance(body, bytes) else body.encode())
    (folder / "spec.yaml").write_text(f"data: {name}\n{text}")
    return estimate_file(folder / "spec.yaml")["estimates"]


def mean(row):
    return (round(row["value"], 9), None if row["se"] is None else round(row["se"], 9), row["n"])


CSV = ROWS.write_csv()
SHAPES = {
    "plain.csv": CSV,
    "marked.csv": b"\xef\xbb\xbf" + CSV.encode(),
    "wide.csv": CSV.encode("utf-16"),
    "windows.csv": CSV.replace("\n", "\r\n"),
    "empty_rows.csv": CSV + "\n,,,,,\n,,,,,\n",
    "spaces.csv": "\n".join(", ".join(line.split(",")) for line in CSV.splitlines()) + "\n",
    "semicolons.csv": CSV.replace(",", ";").replace(".", ","),
    "semicolons_and_dots.csv": CSV.replace(",", ";"),
    "tabs.tsv": CSV.replace(",", "\t"),
    "rownames.csv": "\n".join(f'"{i}",{line}' for i, line in enumerate(CSV.splitlines())),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_answers_in_any_file_give_the_same_figures(tmp_path, name):
    text = (
        DESIGN
        + "lonely: centre\nestimates: [{statistic: mean, variable: y, by: [sex]}, {statistic: mean, variable: y}]"
    )
    told = [mean(r) for r in ask(tmp_path, text, name, SHAPES[name])]
    assert told == [mean(r) for r in ask(tmp_path, text, "first.csv", CSV)]
    assert len(told) == 4


def test_letters_of_an_older_windows_are_read(tmp_path):
    body = CSV.replace("F", "Mädchen").encode("cp1252")
    told = ask(tmp_path, "estimates: [{statistic: proportion, variable: sex}]", "old.csv", body)
    assert [r["answer"] for r in told] == ["M", "Mädchen"]


def test_spss_blanks_and_user_missing_codes_are_no_answers(tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    pandas = pytest.importorskip("pandas")
    table = ROWS.with_columns(pl.col("y").fill_null(-9)).to_dict(as_series=False)
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(
        pandas.DataFrame(table), str(path), missing_ranges={"y": [{"lo": -9, "hi": -1}]}
    )
    told = ask(tmp_path, "estimates: [{statistic: mean, variable: y, by: [sex]}]", "a.sav")
    assert [r["group"]["sex"] for r in told] == ["F", "M", None]
    assert [r["n"] for r in told] == [3, 3, 1] and told[0]["n_missing"] == 1


@pytest.mark.parametrize("word", ["centre", "center", "adjust"])
def test_a_lonely_unit_counts_as_in_r(tmp_path, word):
    """A4: R 4.1 survey with lonely.psu = "adjust" on the same rows, with and without fpc."""
    wanted = "estimates: [{statistic: mean, variable: y}, {statistic: total, variable: y}]"
    plain = ask(tmp_path, f"{DESIGN}lonely: {word}\n{wanted}", "d.csv", CSV)
    fpc = ask(tmp_path, f"{DESIGN}fpc: N\nlonely: {word}\n{wanted}", "d.csv")
    for row, (value, se) in zip([*plain, *fpc], R_ADJUST, strict=True):
        assert row["value"] == pytest.approx(value, rel=1e-8)
        assert row["se"] == pytest.approx(se, rel=1e-8)


def test_a_lonely_stratum_is_refused_until_it_is_named_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="one unit only"):
        ask(tmp_path, ONE, "d.csv", CSV)
    with pytest.raises(UsageError, match="merge names a stratum"):
        ask(tmp_path, "merge: {9: 1}\n" + ONE, "d.csv")


def test_a_merged_stratum_keeps_its_units_apart_and_adds_those_of_the_population(tmp_path):
    "Unit 1 of stratum 3 is not unit 1 of stratum 2; 5 and 4 units make 9."
    (merged,) = ask(tmp_path, "merge: {3: 2}\nfpc: N\n" + ONE, "d.csv", CSV)
    by_hand = ROWS.with_columns(
        u=pl.col("h") * 10 + pl.col("u"),
        N=pl.when(pl.col("h") == 1).then(6).otherwise(9),
        h=pl.col("h").clip(upper_bound=2),
    )
    (same,) = ask(tmp_path, "fpc: N\n" + ONE, "hand.csv", by_hand.write_csv())
    assert mean(merged) == mean(same) and merged["df"] == same["df"] == 3


def test_a_share_drawn_is_the_same_correction_as_units_in_the_population(tmp_path):
    share = ROWS.with_columns(N=pl.when(pl.col("h") == 1).then(2 / 6).otherwise(3 / 9))
    (one,) = ask(tmp_path, "merge: {3: 2}\nfpc: N\n" + ONE, "s.csv", share.write_csv())
    assert one["se"] is not None and one["se"] > 0


@pytest.mark.parametrize("word", ["means", "Mean", "average"])
def test_a_statistic_may_stand_in_the_plural(tmp_path, word):
    text = f"lonely: centre\n{DESIGN}estimates: [{{statistic: {word}, variable: y}}]"
    (row,) = ask(tmp_path, text, "d.csv", CSV)
    assert row["statistic"] == "mean"


def test_a_part_of_the_population_that_nobody_belongs_to_is_refused_with_what_there_is(tmp_path):
    text = ONE.replace("estimates", "lonely: centre\nwhere: {sex: Female}\nestimates")
    with pytest.raises(UsageError, match=r"(?s)No answer lies within.*Female.*sex: F, M"):
        ask(tmp_path, text, "a.csv", CSV)


def test_the_value_that_is_no_number_is_the_one_that_is_shown(tmp_path):
    wrong = CSV.replace("7.5", "n.k.")
    with pytest.raises(UsageError, match=r"'n\.k\.'"):
        ask(tmp_path, ONE.replace("estimates", "lonely: centre\nestimates"), "a.csv", wrong)


R_FREE, R_WHOLE = (4.625, 0.905471409), (4.625, 0.601655633)
"""Mean and its standard error without fpc, then with it: R's survey package, lonely units adjusted."""


def test_no_weight_a_lonely_stratum_and_a_stratum_drawn_whole_are_as_in_r(tmp_path):
    """survey A4: rows of weight nought stay in the design; a stratum drawn whole adds no variance (R survey, adjust)."""
    rows = [
        (h, u, w, y, n)
        for h, n, units in (("a", 2, ((1, 1, 3.0), (2, 4, 5.5))), ("b", 9, ((1, 2, 4.0), (2, 0, 8.0), (3, 3, 1.5))), ("c", 7, ((1, 2, 6.0),)))
        for u, w, y in units
        for y in (y, y + 1)
    ]  # fmt: skip
    body = pl.DataFrame(rows, schema=["h", "u", "w", "y", "N"], orient="row").write_csv()
    plain = ONE.replace("estimates", "lonely: centre\nestimates")
    (free,) = ask(tmp_path, plain, "a.csv", body)
    (whole,) = ask(tmp_path, plain.replace("lonely", "fpc: N\nlonely"), "a.csv", body)
    assert mean(free)[:2] == R_FREE and mean(whole)[:2] == R_WHOLE
