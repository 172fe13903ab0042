"""Commands of relative-needs formulas: fit, predict, compare, explain, test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from threecircles.funding.vintage import Vintage

Json = Annotated[
    Path | None, typer.Option("--json", metavar="OUT", help="Write the result here (- = screen).")
]
Inputs = Annotated[Path, typer.Option("--inputs", help="CSV or Parquet of the formula's terms.")]
La = Annotated[str, typer.Option(help="Column of the authority.")]
Children = Annotated[str, typer.Option(help="Column of the number of children.")]
Rule = Annotated[str | None, typer.Option(help="at_zero or marginal; else what the formula says.")]
Budget = Annotated[float | None, typer.Option(help="Pounds to share, to the penny.")]
Csv = Annotated[Path | None, typer.Option("--out", help="Write a table (.csv or .xlsx) here.")]


def register(app: typer.Typer) -> None:
    """Add the group formula."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Relative-needs formulas: fit, evaluate, predict, compare, explain, test.",
    )
    for command in (check, fit, evaluate, predict, compare, explain, collection, rare):
        group.command()(command)
    group.command("test")(test_formula)
    group.command("demo-england")(demo_england)
    group.command("demo-country")(demo_country)
    app.add_typer(group, name="formula")


def check(formula: Annotated[Path, typer.Argument(metavar="FORMULA.yaml")]) -> None:
    """Read a formula file, say what it holds, work its examples; a fault is named with its line."""
    from threecircles.funding.evaluate import worked
    from threecircles.funding.formula import load_formula
    from threecircles.funding.formula_show import formula_text

    read = load_formula(formula)
    print(formula_text(read, worked(read)))


def fit(
    spec: Annotated[
        Path,
        typer.Argument(metavar="SPEC.yaml", help="Names file, outcome, terms, groups and family."),
    ],
    json_out: Json = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the fit as a formula that predict reads.")
    ] = None,
) -> None:
    """Fit nested random intercepts (children in areas in authorities) by Laplace maximum likelihood.

    A SPEC.yaml that names `received` instead of `file` is fitted from what authorities sent; one that names
    `cost` is fitted in two parts, any cost and how much.
    """
    from threecircles.funding.fit_file import fit_file, load_spec, names_received
    from threecircles.funding.formula_show import fit_text
    from threecircles.funding.write_formula import formula_of, write_formula

    if names_received(spec):
        _fit_received(spec, json_out, out)
        return
    if load_spec(spec).cost is not None:
        _fit_two_part(spec, json_out, out)
        return
    fitted = fit_file(spec)
    if out is not None:
        write_formula(formula_of(load_spec(spec), fitted), out)
    say(fitted.as_dict(), json_out, fit_text(fitted))


def _fit_received(spec: Path, json_out: Path | None, out: Path | None) -> None:
    from threecircles.funding.area_based import fit_received, received_text
    from threecircles.funding.write_formula import formula_of_areas, write_formula

    found = fit_received(spec)
    if out is not None:
        write_formula(formula_of_areas(spec, found), out)
    say(found.as_dict(), json_out, received_text(found))
    if not found.answers["taken"].all():
        raise SystemExit(1)


def _fit_two_part(spec: Path, json_out: Path | None, out: Path | None) -> None:
    from threecircles.funding.two_part import fit_two_part, two_part_text
    from threecircles.funding.write_formula import write_formula

    found = fit_two_part(spec)
    if out is not None:
        write_formula(found.formula, out)
    say(found.as_dict(), json_out, two_part_text(found))


def collection(
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC.yaml", help="An area-based fit (received).")
    ],
    half_width: Annotated[
        float, typer.Option(help="Wanted: how far a share may be off, as a part of it.")
    ] = 0.02,
    json_out: Json = None,
) -> None:
    """How many authorities would have to send their activity for shares of a stated precision."""
    from dataclasses import asdict

    from threecircles.funding.area_based import fit_received, load_area_spec
    from threecircles.funding.collection import collection as ask

    found = ask(fit_received(spec), load_area_spec(spec).numeric, half_width)
    say(asdict(found) | {"tried": found.tried.to_dicts()}, json_out, found.text())


def rare(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.yaml", help="The fit of the rare outcome.")],
    parent: Annotated[str, typer.Option(help="Column of the outcome it is part of.")],
    weight: Annotated[float, typer.Option(help="Its part of all cost, 0 to 1.")],
    year: Annotated[str, typer.Option(help="Column of the year.")] = "year",
    json_out: Json = None,
    out: Csv = None,
) -> None:
    """Shares with and without a service few children use, pooled over years; says which way was taken."""
    from threecircles.funding.formula_book import write_rare, write_table
    from threecircles.funding.formula_show import rare_text
    from threecircles.funding.rare_file import rare_file

    table, found = rare_file(spec, parent=parent, weight=weight, year=year)
    if out is not None and out.suffix.lower() == ".xlsx":
        write_rare(table, out, found.said, weight)
    elif out is not None:
        write_table(table, out)
    told = {
        "road": found.road,
        "said": found.said,
        "events": found.events,
        "authorities": table.to_dicts(),
    }
    say(told, json_out, rare_text(table, found.said, weight))


def demo_country(
    out: Annotated[Path, typer.Option(help="A new folder to write the country into.")],
    authorities: Annotated[int, typer.Option(min=2, help="How many authorities answer.")] = 8,
    seed: Annotated[int, typer.Option(help="Another number gives another country.")] = 1,
) -> None:
    """Write a made-up country: received/ of several authorities, tables beside it and fit.yaml."""
    from threecircles.core.errors import UsageError
    from threecircles.synthetic.country import write_country

    if out.exists() and any(out.iterdir()):
        raise UsageError("The folder is not empty.", where=str(out), mend="Name a new one.")
    out.mkdir(parents=True, exist_ok=True)
    spec = write_country(out, authorities=authorities, seed=seed)
    print(f"Wrote {authorities} authorities. Now: threecircles formula fit {spec}")


def evaluate(
    formula: Annotated[
        Path,
        typer.Argument(metavar="FORMULA.yaml", help="A published, fitted or fictitious formula."),
    ],
    inputs: Inputs,
    json_out: Json = None,
    rule: Rule = None,
    budget: Budget = None,
    la: La = "la",
    children: Children = "n",
) -> None:
    """Apply a formula without fitting anything."""
    from threecircles.funding.evaluate import evaluate as apply

    rows = apply(
        formula, inputs, rule=_rule(rule), budget_pence=_pence(budget), la=la, children=children
    )
    say(rows, json_out, json.dumps(rows, indent=1), f"Wrote {len(rows)} rows to {json_out}")


def predict(
    formula: Annotated[Path, typer.Argument(metavar="FORMULA.yaml")],
    inputs: Inputs,
    json_out: Json = None,
    out: Csv = None,
    rule: Rule = None,
    budget: Budget = None,
    la: La = "la",
    children: Children = "n",
    prior: Annotated[
        Path | None, typer.Option(help="CSV with la and pounds of last year, for damping.")
    ] = None,
    floor: Annotated[float, typer.Option(help="No less than this part of last year.")] = 0.0,
    ceiling: Annotated[
        float | None, typer.Option(help="No more than this part of last year.")
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option(help="Mid-year estimate (strata, children): covered children stand for all."),
    ] = None,
    strata: Annotated[
        str, typer.Option(help="Columns of the estimate, authority first.")
    ] = "la,age,sex",
    uncovered: Annotated[
        str,
        typer.Option(
            help="What uncovered children need: same, area_only or user_rates (a column rate)."
        ),
    ] = "same",
    layer_off: Annotated[
        list[str] | None, typer.Option(help="Leave out a layer: area_cost or damping.")
    ] = None,
) -> None:
    """Each authority's share and pounds, before and after each layer."""
    from threecircles.funding.coverage import read_coverage
    from threecircles.funding.evaluate import read_cells, read_prior
    from threecircles.funding.formula import load_formula
    from threecircles.funding.formula_book import write_shares
    from threecircles.funding.formula_show import shares_text
    from threecircles.funding.predict import predicted

    read = load_formula(formula)
    table = predicted(
        read,
        read_cells(inputs, read, la=la, children=children),
        la=la,
        children=children,
        rule=_rule(rule),
        budget_pence=_pence(budget),
        prior_pence=read_prior(prior) if prior else None,
        floor=floor,
        ceiling=ceiling,
        layers_off=tuple(layer_off or ()),
        coverage=read_coverage(population, strata, uncovered) if population else None,
    )
    if out is not None:
        write_shares(table, out, _pence(budget))
    say(table.to_dicts(), json_out, shares_text(table))


def compare(
    base: Annotated[Path, typer.Argument(metavar="A.yaml", help="A fit (SPEC.yaml) or a formula.")],
    other: Annotated[
        Path | None, typer.Argument(metavar="B.yaml", help="The other one; or change A below.")
    ] = None,
    swap: Annotated[
        list[str] | None, typer.Option(help="term=other: refit with another column.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Refit without a term.")] = None,
    vintage: Annotated[
        str | None,
        typer.Option(help="term=FILE: refit with another vintage of it (columns area, term)."),
    ] = None,
    crosswalk: Annotated[
        Path | None,
        typer.Option(help="Areas of that vintage and of the fit: from, to and, if cut, weight."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            help="A formula beside itself: effect_rule=at_zero, layer_off=area_cost, cost.OUTCOME=2."
        ),
    ] = None,
    inputs: Annotated[Path | None, typer.Option(help="Cells, when A and B are formulas.")] = None,
    rule: Rule = None,
    budget: Budget = None,
    la: La = "la",
    children: Children = "n",
    intervals: Annotated[bool, typer.Option(help="Paired jackknife of each difference.")] = True,
    json_out: Json = None,
    out: Csv = None,
) -> None:
    """What would change, and for whom: two formulas, or one with a term swapped or dropped."""
    from threecircles.funding.compare_files import compare_files
    from threecircles.funding.formula_book import write_table
    from threecircles.funding.formula_show import compared_text

    found = compare_files(
        base,
        other,
        swap=_pairs(swap),
        drop=tuple(drop or ()),
        change=_pairs(change),
        vintage=_vintage(vintage, crosswalk),
        inputs=inputs,
        rule=_rule(rule),
        budget_pence=_pence(budget),
        la=la,
        children=children,
        intervals=intervals,
    )
    if out is not None:
        write_table(found.table, out)
    told = {"authorities": found.table.to_dicts(), "moved": found.moved, "fits": list(found.fits)}
    say(told, json_out, compared_text(found))


def explain(
    la_code: Annotated[str, typer.Argument(metavar="LA", help="The authority's code.")],
    formula: Annotated[Path, typer.Option(help="The formula.")],
    inputs: Inputs,
    group: Annotated[
        list[str] | None,
        typer.Option(help="name=term,term: terms explained together; else each term alone."),
    ] = None,
    rule: Rule = None,
    la: La = "la",
    children: Children = "n",
    json_out: Json = None,
) -> None:
    """Why a place gets what it gets: its share against its children, split over groups of terms."""
    from threecircles.funding.evaluate import read_cells
    from threecircles.funding.explain import explain as split
    from threecircles.funding.formula import load_formula
    from threecircles.funding.formula_show import explained_text

    read = load_formula(formula)
    groups = {k: v.split(",") for k, v in _pairs(group).items()} or {
        t.name: [t.name] for o in read.outcomes for t in o.terms
    }
    cells = read_cells(inputs, read, la=la, children=children)
    parts = split(read, cells, la_code, groups, la=la, children=children, rule=_rule(rule))
    say({"la": la_code, "parts": parts}, json_out, explained_text(la_code, parts))


def test_formula(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.yaml", help="As for fit.")],
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column to set observed beside expected for, a term or not."),
    ] = None,
    held: Annotated[
        bool,
        typer.Option("--held-out/--no-held-out", help="Judge by children and places not seen."),
    ] = True,
    areas: Annotated[
        bool, typer.Option("--areas", help="Fit the same events by areas too and compare.")
    ] = False,
    json_out: Json = None,
    out: Csv = None,
) -> None:
    """Can it be trusted: each authority left out in turn, a fifth held out, observed beside expected."""
    from threecircles.funding.formula_book import write_table
    from threecircles.funding.formula_show import trial_text
    from threecircles.funding.held_out import held_out_text
    from threecircles.funding.trial import try_areas, try_held_out, try_out

    found, table, holds = try_out(spec)
    if out is not None:
        write_table(table, out)
    judged = try_held_out(spec, tuple(by or ())) if held else None
    told = {"authorities": table.to_dicts(), "holds": holds}
    text = trial_text(found)
    if judged is not None:
        told |= judged.as_dict()
        text += "\n" + held_out_text(judged)
    if areas:
        beside = try_areas(spec)
        told |= {
            "persons_and_areas": beside.coefficients.to_dicts(),
            "shares_by_both": beside.shares.to_dicts(),
        }
        text += "\n" + beside.text()
    say(told, json_out, text)
    if not holds:
        raise SystemExit(1)


def demo_england(
    data: Annotated[
        Path | None, typer.Option(help="Folder of published files; else THREECIRCLES_DATA.")
    ] = None,
    json_out: Json = None,
) -> None:
    """An area model of England's 153 authorities on published figures. Illustrative only."""
    from threecircles.funding.england import as_dict, published_folder
    from threecircles.funding.england import demo_england as fit_england
    from threecircles.funding.formula_show import england_text

    found = fit_england(published_folder(data))
    say(as_dict(found), json_out, england_text(found))


def say(told: Any, json_out: Path | None, text: str, written: str = "") -> None:
    """Write a result as JSON where it was asked for, else print its text ("-" = JSON on the screen)."""
    from threecircles.funding.out import write_out

    if json_out is not None and str(json_out) == "-":
        print(json.dumps(told, indent=1, default=str))
        return
    if json_out is not None:
        write_out(json_out, json.dumps(told, indent=1, default=str).encode())
    print(written if written and json_out is not None else text)


def _rule(rule: str | None) -> Any:
    from threecircles.core.errors import UsageError

    if rule not in (None, "at_zero", "marginal"):
        raise UsageError("The rule is not known.", found=str(rule), allowed="at_zero, marginal")
    return rule


def _pence(pounds: float | None) -> int | None:
    from threecircles.core.errors import UsageError

    if pounds is None:
        return None
    if not 0 < pounds < 1e13:
        raise UsageError("The budget must be above nought.", found=f"{pounds:g}", allowed="pounds")
    return round(pounds * 100)


def _vintage(text: str | None, crosswalk: Path | None) -> Vintage | None:
    from threecircles.funding.vintage import Vintage

    if text is None:
        return None
    ((term, file),) = _pairs([text]).items()
    return Vintage(term, Path(file), crosswalk)


def _pairs(texts: list[str] | None) -> dict[str, str]:
    from threecircles.core.errors import UsageError

    made = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign or not name or not value:
            raise UsageError("An option must read name=value.", found=text)
        made[name] = value
    return made
