"""Commands of spend: read, map, reconcile, show, project, effect, panel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.formula import Csv, Json, say

Files = Annotated[
    list[Path], typer.Argument(metavar="FILES...", help="Section 251 Table A1 files.")
]
LaCode = Annotated[str, typer.Option(help="The authority's nine-character ONS code.")]
Year = Annotated[int, typer.Option(help="The financial year ending 31 March.")]
Data = Annotated[Path, typer.Option(help="The folder of published files.")]
Prices = Annotated[
    str | None, typer.Option("--deflator", help="A price series (YAML file or id); else cash.")
]
PriceYear = Annotated[int | None, typer.Option("--prices", help="The year whose prices are meant.")]


def register(app: typer.Typer) -> None:
    """Add the group spend."""
    group = typer.Typer(
        no_args_is_help=True, help="What is spent, by whom, on what, until when, and beside what."
    )
    group.command("read")(read_spend)
    group.command("map")(map_ledger)
    for command in (reconcile, show, project, effect, panel):
        group.command()(command)
    app.add_typer(group, name="spend")


def read_spend(files: Files, la: LaCode, year: Year, json_out: Json = None) -> None:
    """Read spend lines, check their sums, and list what does not add up (exit 1 when something does not)."""
    from threecircles.funding import spend, spend_show

    read = spend.read_spend(files, la_code=la, year=year)
    told = {"lines": read.lines.to_dicts(), "findings": read.findings.to_dicts()}
    say(told, json_out, spend_show.spend_text(read))
    if read.findings.filter(read.findings["check"] != "income-sign").height:
        raise SystemExit(1)


def map_ledger(
    ledger: Annotated[Path, typer.Argument(help="Any agency's ledger (CSV, xlsx, ods, Parquet).")],
    mapping: Annotated[Path, typer.Option(help="YAML that says which column holds what.")],
    la: LaCode,
    year: Year,
    json_out: Json = None,
    out: Csv = None,
) -> None:
    """Read a ledger by a mapping that is kept; unmapped money is unallocated, pools count once."""
    from threecircles.funding.formula_book import write_table
    from threecircles.funding.ledger import load_mapping, read_ledger
    from threecircles.funding.terms import check_terms, pooled, total_pence

    lines, findings = read_ledger(ledger, load_mapping(mapping), la_code=la, year=year)
    check_terms(lines)
    if out is not None:
        write_table(lines.with_columns(lines["ring_fence_area"].list.join(" ")), out)
    pools, booked = pooled(lines)
    unallocated = lines.filter(lines["budget_line"] == "unallocated")["net_pence"].sum()
    text = [
        f"{lines.height} rows, £{total_pence(lines) / 100:,.2f} net, of which £{unallocated / 100:,.2f} unallocated."
    ]
    text += [
        f"  pool {r['pool_id']}: £{r['pence'] / 100:,.2f} from {r['partners']} here, counted once"
        for r in pools.iter_rows(named=True)
    ]
    text += [f"  row {r['row']}: {r['sentence']}" for r in findings.iter_rows(named=True)]
    text += [f"  {sentence}" for sentence in booked["sentence"]]
    told = {"lines": lines.to_dicts(), "findings": findings.to_dicts()}
    told |= {"pools": pools.to_dicts(), "booked_whole": booked.to_dicts()}
    say(told, json_out, "\n".join(text))
    if findings.height or booked.height:
        raise SystemExit(1)


def reconcile(files: Files, la: LaCode, year: Year, data: Data, json_out: Json = None) -> None:
    """Set section 251, revenue outturn and the published tool beside each other, with known reasons."""
    from threecircles.funding import spend, spend_show
    from threecircles.funding.spend_reconcile import reconcile as beside

    lines = spend.read_spend(files, la_code=la, year=year).lines
    table = beside(lines, data, la, year)
    say(table.to_dicts(), json_out, spend_show.reconciliation_text(table))


def show(
    files: Files,
    la: LaCode,
    year: Year,
    children: Annotated[int | None, typer.Option(help="Children aged 0 to 17.")] = None,
    rules: Annotated[
        str | None, typer.Option(help="Share rules (YAML file or id) to split the money by.")
    ] = None,
    by: Annotated[str, typer.Option(help="What to split by.")] = "prevention_level",
    amounts: Annotated[
        Path | None,
        typer.Option(
            help="CSV activity, part, amount: what measured rules go by (children by area ...)."
        ),
    ] = None,
    flow: Annotated[
        Path | None, typer.Option(help="Draw who pays, how early, to what end (.svg).")
    ] = None,
    deflator: Prices = None,
    prices: PriceYear = None,
    json_out: Json = None,
) -> None:
    """Spend by line, by section and for each child; shared out, by area too, when rules are named."""
    from threecircles.funding import spend
    from threecircles.funding.spend_views import read_amounts, show_tables, show_text, to_draw

    lines = spend.read_spend(files, la_code=la, year=year).lines
    measured = read_amounts(amounts) if amounts else None
    shown = show_tables(lines, children, year, rules, by, deflator, prices, measured)
    text, told = show_text(shown), shown.as_dict()
    if flow is not None:
        from threecircles.funding.out import write_out
        from threecircles.report.pages.money_flow import flow_svg

        table, said = to_draw(lines, rules, measured, flow)
        write_out(flow, flow_svg(table).encode())
        text, told = f"{text}\n\n{said}", told | {"flow": table.to_dicts()}
    say(told, json_out, text)


def project(
    plan: Annotated[
        Path | None, typer.Argument(metavar="PLAN.yaml", help="Rates, children, prices, what-ifs.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder of published files, for the backtest.")
    ] = None,
    measure: Annotated[str, typer.Option(help="A spend measure.")] = "TotalLACFinance",
    known_to: Annotated[int, typer.Option(help="Last year the methods may see.")] = 2022,
    target: Annotated[int, typer.Option(help="The year they are judged by.")] = 2025,
    renew: Annotated[
        list[str] | None, typer.Option(help="A sum that ends, taken to go on (a what-if).")
    ] = None,
    json_out: Json = None,
) -> None:
    """What spend may come to in one to five years, and how wrong such sums have been over all authorities."""
    from dataclasses import asdict

    from threecircles.core.errors import UsageError
    from threecircles.funding.project import published_backtest
    from threecircles.funding.projection_file import project_file, projection_text

    if plan is None and data is None:
        raise UsageError("Nothing is asked for.", mend="Give PLAN.yaml, --data FOLDER, or both.")
    judged = published_backtest(data, measure, known_to, target) if data else None
    if plan is None:
        assert judged is not None
        say(asdict(judged), json_out, judged.text())
        return
    found = project_file(plan, tuple(renew or ()))
    told = found.as_dict() | {"backtest": asdict(judged) if judged else None}
    say(told, json_out, projection_text(found, judged))


def effect(
    services: Annotated[Path, typer.Argument(help="CSV or Parquet, one row a service.")],
    json_out: Json = None,
) -> None:
    """What services cost for each child reached and with an outcome; no ratio from a handful."""
    from threecircles.funding.value import value_file, value_text

    table = value_file(services)
    say(table.to_dicts(), json_out, value_text(table))


def panel(
    data: Data,
    outcome: Annotated[str, typer.Option(help="Measure of the outcome in the published tool.")],
    spend: Annotated[str, typer.Option(help="Measure of spend.")] = "TotalLACFinance",
    share: Annotated[bool, typer.Option(help="The outcome is a percentage.")] = False,
    control: Annotated[
        list[str] | None,
        typer.Option(
            help="A measure to hold level, such as children in low-income families; may be given again."
        ),
    ] = None,
    ages: Annotated[
        Path | None,
        typer.Option(help="Population by area, year and age: holds the ages of children level."),
    ] = None,
    band: Annotated[
        list[str] | None,
        typer.Option(help="A share of all children, such as 0-4; may be given again."),
    ] = None,
    lags: Annotated[str, typer.Option(help="Years, from:to.")] = "-2:5",
    every_row: Annotated[
        bool, typer.Option("--all", help="Each lag with every authority-year it has.")
    ] = False,
    deflator: Prices = None,
    prices: PriceYear = None,
    json_out: Json = None,
) -> None:
    """Spend beside an outcome over years, within authorities. Shows what moved together."""
    from threecircles.core.errors import UsageError
    from threecircles.funding.deflate import load_deflator
    from threecircles.funding.panel import as_dict, lag_range, panel_text
    from threecircles.funding.panel import panel as estimate
    from threecircles.funding.panel_ages import band_names
    from threecircles.funding.panel_data import panel_data

    controls, bands = tuple(control or ()), tuple(band or ())
    if bands and ages is None:
        raise UsageError(
            "Bands of age need a population by age.", mend="Name its file with --ages."
        )
    table, left_out = panel_data(
        data, spend, outcome, share=share, controls=controls, ages=ages, bands=bands
    )
    if ages is not None:
        controls = (*controls, *band_names(bands))
    found = estimate(
        table,
        controls=controls,
        kind="share" if share else "rate",
        lags=lag_range(lags),
        series=load_deflator(deflator) if deflator else None,
        base_year=prices,
        every_row=every_row,
        left_out=left_out,
    )
    say(as_dict(found), json_out, panel_text(found))
