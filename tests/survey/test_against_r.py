"""Estimates of files held against R's package survey, where R is installed (survey A4)."""

import json
import shutil
import subprocess

import numpy as np
import polars as pl
import pytest

from threecircles.survey.estimate import estimate_file

HAS_R = shutil.which("Rscript") is not None
SCRIPT = """
suppressMessages(library(survey)); options(digits = 15)
show <- function(name, x) cat(name, paste(format(as.numeric(x), digits = 15), collapse = " "), "\\n")
"""


def r(script, tmp_path):
    """What an R script shows, as name -> numbers; skips when R or its survey package is absent."""
    if not HAS_R:
        pytest.skip("R is absent: apt-get install r-base-core r-cran-survey")
    (tmp_path / "oracle.R").write_text(SCRIPT + script)
    done = subprocess.run(
        ["Rscript", "--vanilla", "oracle.R"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if "no package called" in done.stderr:
        pytest.skip("R's package survey is absent: apt-get install r-cran-survey")
    assert done.returncode == 0, done.stderr[-800:]
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()]
    return {
        name: [float("nan") if v == "NA" else float(v) for v in values] for name, *values in lines
    }


def ask(tmp_path, text):
    """Estimates of a specification, in order."""
    (tmp_path / "spec.yaml").write_text(text)
    return estimate_file(tmp_path / "spec.yaml")["estimates"]


def random_design(seed):
    """A file with strata, units of unequal size and weight, blanks, words and two domains."""
    rng = np.random.default_rng(seed)
    rows = []
    for h in range(int(rng.integers(3, 7))):
        units = int(rng.integers(2, 6))
        for u in range(units):
            for _ in range(int(rng.integers(3, 15))):
                rows.append(
                    (
                        f"s{h}", u + 1, float(rng.uniform(0.5, 9)), units + int(h * 3) + 2,
                        None if rng.random() < 0.08 else round(float(rng.normal(h + u, 3)), 3),
                        float(rng.integers(1, 20)),
                        None if rng.random() < 0.05 else str(rng.choice(["yes", "no", "unsure"])),
                        str(rng.choice(["F", "M"])), int(rng.integers(7, 10)),
                    )
                )  # fmt: skip
    names = ["h", "u", "w", "N", "y", "x", "c", "sex", "year"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


RANDOM = """
d <- read.csv("d.csv", stringsAsFactors = FALSE, na.strings = c("", "NA"))
for (with in c("plain", "fpc")) {
  s <- svydesign(~u, strata = ~h, weights = ~w, fpc = if (with == "fpc") ~N else NULL, data = d, nest = TRUE)
  m <- svymean(~y, s, na.rm = TRUE); ci <- confint(m, df = degf(s))
  show(paste0(with, ".mean"), c(coef(m), SE(m), ci))
  show(paste0(with, ".total"), { t <- svytotal(~x, s); c(coef(t), SE(t)) })
  show(paste0(with, ".ratio"), { q <- svyratio(~y, ~x, subset(s, !is.na(y))); c(coef(q), SE(q)) })
  b <- svyby(~y, ~sex + year, s, svymean, na.rm = TRUE); b <- b[order(b$sex, b$year), ]
  show(paste0(with, ".by"), c(b$y, b$se))
  yes <- svymean(~as.numeric(c == "yes"), s, na.rm = TRUE); show(paste0(with, ".share"), c(coef(yes), SE(yes)))
  q <- svyquantile(~y, s, quantiles = c(.25, .5, .9), na.rm = TRUE, ci = TRUE)
  show(paste0(with, ".quantile"), t(q$y[, 1:3]))
  show(paste0(with, ".deff"), deff(svymean(~x, s, deff = TRUE)))
  part <- svymean(~x, subset(s, year == 8)); show(paste0(with, ".where"), c(coef(part), SE(part)))
}
j <- as.svrepdesign(svydesign(~u, strata = ~h, weights = ~w, data = d, nest = TRUE), type = "JKn")
m <- svymean(~y, j, na.rm = TRUE); show("jkn", c(coef(m), SE(m)))
rk <- rake(svydesign(~u, strata = ~h, weights = ~w, data = d, nest = TRUE), list(~sex, ~year),
  list(data.frame(sex = c("F", "M"), Freq = c(520, 480)), data.frame(year = 7:9, Freq = c(300, 350, 350))),
  control = list(maxit = 100, epsilon = 1e-12))
m <- svymean(~x, rk); t <- svytotal(~x, rk); show("raked", c(coef(m), SE(m), coef(t), SE(t)))
b <- svyby(~x, ~sex, rk, svymean); show("raked.by", c(b$x, b$se))
"""
BODY = """
data: d.csv
weight: w
stratum: h
psu: u
{fpc}
estimates:
  - {{statistic: mean, variable: y}}
  - {{statistic: total, variable: x}}
  - {{statistic: ratio, numerator: y, denominator: x}}
  - {{statistic: proportion, variable: c, value: "yes"}}
  - {{statistic: quantile, variable: y, q: [0.25, 0.5, 0.9]}}
  - {{statistic: mean, variable: x}}
  - {{statistic: mean, variable: y, by: [sex, year]}}
"""


def pair(row):
    return [row["value"], row["se"]]


@pytest.mark.parametrize("seed", range(2))
def test_a_random_design_gives_the_figures_of_r(tmp_path, seed):
    "A4: means, totals, ratios, shares of words, quantiles, domains, fpc, jackknife and raking."
    random_design(seed).write_csv(tmp_path / "d.csv")
    oracle = r(RANDOM, tmp_path)
    near = lambda wanted: pytest.approx(wanted, rel=1e-7, nan_ok=True)  # noqa: E731
    for name, line in (("plain", ""), ("fpc", "fpc: N")):
        mean, total, ratio, share, q1, q2, q3, x, *by = ask(tmp_path, BODY.format(fpc=line))
        assert [*pair(mean), mean["low"], mean["high"]] == near(oracle[f"{name}.mean"])
        assert pair(total) == near(oracle[f"{name}.total"])
        assert pair(ratio) == near(oracle[f"{name}.ratio"])
        assert pair(share) == near(oracle[f"{name}.share"])
        assert [v for q in (q1, q2, q3) for v in (q["value"], q["low"], q["high"])] == near(
            oracle[f"{name}.quantile"]
        )
        assert [x["deff"]] == near(oracle[f"{name}.deff"])
        assert [*(b["value"] for b in by), *(b["se"] for b in by)] == near(oracle[f"{name}.by"])
        head = "where: {year: 8}\n" + BODY.format(fpc=line)
        assert pair(ask(tmp_path, head)[7]) == near(oracle[f"{name}.where"])
    jackknife = ask(tmp_path, "replicates: {method: jackknife}\n" + BODY.format(fpc=""). split("  - {statistic: total")[0])  # fmt: skip
    assert pair(jackknife[0]) == near(oracle["jkn"])
    rake = "rake: {sex: {F: 520, M: 480}, year: {7: 300, 8: 350, 9: 350}}\n"
    design = BODY.format(fpc="").split("estimates:")[0]
    x, total, girls, boys = ask(
        tmp_path,
        rake
        + design
        + "estimates: [{statistic: mean, variable: x}, {statistic: total, variable: x}, "
        "{statistic: mean, variable: x, by: sex}]",
    )
    assert [*pair(x), *pair(total)] == pytest.approx(oracle["raked"], rel=1e-6)
    assert [girls["value"], boys["value"], girls["se"], boys["se"]] == pytest.approx(
        oracle["raked.by"], rel=1e-6
    )


API = """
data(api)
write.csv(apiclus1, "clus1.csv", row.names = FALSE); write.csv(apistrat, "strat.csv", row.names = FALSE)
write.csv(apiclus2, "clus2.csv", row.names = FALSE)
t <- svydesign(id = ~dnum + snum, fpc = ~fpc1 + fpc2, weights = ~pw, data = apiclus2)
show("two", { m <- svymean(~api00, t); c(coef(m), SE(m)) })
show("two.total", { m <- svytotal(~api.stu, t, na.rm = TRUE); c(coef(m), SE(m)) })
show("two.by", { b <- svyby(~api00, ~stype, t, svymean); c(b$api00, b$se) })
show("rows", nrow(apiclus1))
"""


def test_the_schools_of_r_give_the_known_figures(tmp_path):
    "A4: the data that R's survey package brings along, one stage with and without fpc."
    r(API, tmp_path)
    head = "data: clus1.csv\nweight: pw\npsu: dnum\n"
    want = """
estimates:
  - {statistic: mean, variable: api00}
  - {statistic: mean, variable: api00, by: stype}
  - {statistic: proportion, variable: awards, value: "Yes"}
  - {statistic: ratio, numerator: api.stu, denominator: enroll}
"""
    mean, e, h, m, awards, ratio = ask(tmp_path, head + want)
    assert pair(mean) == pytest.approx([644.1693989, 23.77901], abs=1e-5)
    assert mean["deff"] == pytest.approx(9.5348, abs=1e-4)
    assert [e["se"], h["se"], m["se"]] == pytest.approx([22.5873, 38.4026, 31.9274], abs=1e-4)
    assert awards["value"] == pytest.approx(0.71038251, abs=1e-8)
    assert awards["intervals"]["logit"] == pytest.approx([0.634036, 0.776418], abs=1e-6)
    assert pair(ratio) == pytest.approx([0.849708742, 0.008470640], abs=1e-9)
    assert ask(tmp_path, head + "fpc: fpc\n" + want)[0]["se"] == pytest.approx(23.54224, abs=1e-5)
    rake = "rake: {stype: {E: 4421, H: 755, M: 1018}, sch.wide: {'No': 1072, 'Yes': 5122}}\n"
    raked, total = ask(
        tmp_path,
        rake
        + head
        + "estimates: [{statistic: mean, variable: api00}, {statistic: total, variable: enroll}]",
    )
    assert pair(raked) == pytest.approx([641.2303209, 23.94201], abs=1e-5)
    assert total["se"] == pytest.approx(404632.221, abs=1e-2)
    jackknife = ask(tmp_path, head + "replicates: {method: jackknife}\n" + want)[0]
    assert jackknife["se"] == pytest.approx(26.59416, abs=1e-5)
    strat = "data: strat.csv\nweight: pw\nstratum: stype\nfpc: fpc\nestimates:\n"
    (mean,) = ask(tmp_path, strat + "  - {statistic: mean, variable: api00}\n")
    assert pair(mean) == pytest.approx([662.2873632, 9.40894], abs=1e-5)


def test_a_design_of_two_stages_gives_the_figures_of_r(tmp_path):
    "A4: districts drawn, then schools within them, each with its correction."
    oracle = r(API, tmp_path)
    mean, total, e, h, m = ask(
        tmp_path,
        """data: clus2.csv
weight: pw
psu: dnum
fpc: fpc1
fpc_within: fpc2
estimates:
  - {statistic: mean, variable: api00}
  - {statistic: total, variable: api.stu}
  - {statistic: mean, variable: api00, by: stype}
""",
    )
    assert pair(mean) == pytest.approx([670.8118, 30.09903], abs=1e-4)
    assert pair(mean) == pytest.approx(oracle["two"], rel=1e-8)
    assert pair(total) == pytest.approx(oracle["two.total"], rel=1e-8)
    by = [row["value"] for row in (e, h, m)] + [row["se"] for row in (e, h, m)]
    assert by == pytest.approx(oracle["two.by"], rel=1e-8)


def test_replicate_weights_that_a_file_brings_are_used(tmp_path):
    "A1: the jackknife by hand and by columns are one, and a wrong number of factors is named."
    frame = random_design(9).with_columns(w=pl.lit(1.0), key=pl.concat_str("h", "u"))
    units = sorted(frame["key"].unique())
    n = len(units)
    for i, unit in enumerate(units):
        factor = pl.when(pl.col("key") == unit).then(0.0).otherwise(n / (n - 1))
        frame = frame.with_columns(factor.alias(f"rw{i}"))
    frame.write_csv(tmp_path / "d.csv")
    wanted = "estimates: [{statistic: mean, variable: y, by: sex}]"
    given = ask(
        tmp_path,
        f"data: d.csv\nweight: w\nreplicates: {{columns: rw*, scale: {(n - 1) / n}}}\n{wanted}",
    )
    made = ask(tmp_path, f"data: d.csv\nweight: w\npsu: key\nreplicates: {{method: jackknife}}\n{wanted}")  # fmt: skip
    assert [pair(g) for g in given] == [pytest.approx(pair(m)) for m in made]
    assert json.dumps(given)
