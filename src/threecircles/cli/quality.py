"""Commands of the rooms sources and quality: check files, look at rules and sources."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threecircles.cli import quality_after
from threecircles.core.errors import FINDINGS, RULE_FAILED, UNREADABLE

if TYPE_CHECKING:
    from threecircles.quality.ruleset import RuleDiff


def register(app: typer.Typer) -> None:
    """Add check, what comes after it, and the groups rules and source."""
    app.command()(check)
    quality_after.register(app)
    rules = typer.Typer(
        no_args_is_help=True, help="The rules of a year: list, show, compare, count."
    )
    for command in (list_rules, show, diff, coverage):
        rules.command(command.__name__.removesuffix("_rules"))(command)
    app.add_typer(rules, name="rules")
    source = typer.Typer(
        no_args_is_help=True, help="Declared sources: list them, try a declaration, make a form."
    )
    source.command("list")(list_sources)
    source.command("check")(check_source)
    source.command("template")(template)
    source.command("crosswalk")(crosswalk)
    app.add_typer(source, name="source")


def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="Files, folders or zips of one authority."),
    ],
    return_name: Annotated[
        str, typer.Option("--return", help="cin, 903, cross, or auto.")
    ] = "auto",
    year: Annotated[int | None, typer.Option(help="The year ending 31 March.")] = None,
    previous: Annotated[Path | None, typer.Option(help="Last year's files.")] = None,
    reference: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Postcodes, providers, published figures; any file name."),
    ] = None,
    authority: Annotated[
        str, typer.Option("--la", help="The authority's code, E10000020 or 926.")
    ] = "",
    children: Annotated[
        int | None, typer.Option(help="Children aged 0 to 17 in the authority, for rates.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for findings (holds personal data).")
    ] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Machine output (- = screen).")
    ] = None,
    mode: Annotated[str, typer.Option(help="stated or compatible.")] = "stated",
    local: Annotated[Path | None, typer.Option("--rules", help="Folder of local rules.")] = None,
    select: Annotated[str | None, typer.Option(help="Only these codes, by comma.")] = None,
    waivers: Annotated[Path | None, typer.Option(help="Waivers, as YAML.")] = None,
    teams: Annotated[Path | None, typer.Option(help="File with child, team and worker.")] = None,
    since: Annotated[
        Path | None, typer.Option(metavar="RUN", help="What an earlier check wrote.")
    ] = None,
    xsd: Annotated[Path | None, typer.Option(help="Schema of the CIN census.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option("--not", metavar="FILE", help="A file to leave out.")
    ] = None,
    merge: Annotated[
        list[str] | None, typer.Option(metavar="TABLE", help="Join the files of this table.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="html, xlsx, csv, json, parquet; by comma.")
    ] = "html,xlsx,csv",
    force_years: Annotated[
        bool, typer.Option(help="Go on although the two years look swapped.")
    ] = False,
    fit: Annotated[
        bool,
        typer.Option(
            "--fit", help="Also say which questions the data can answer, and keep the trend."
        ),
    ] = False,
    received: Annotated[
        str | None,
        typer.Option(help="With --fit: yyyy-mm-dd, the day the files came."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Read a return and run every rule of the year; say what ran, what was skipped and why, and
    what the return already tells you."""
    from threecircles import checking
    from threecircles.checking.written import Besides
    from threecircles.quality.runs import check_comparable
    from threecircles.quality.waivers import load_waivers
    from threecircles.quality.window import read_day
    from threecircles.sources import Options

    day = read_day(received) if received else None
    asked = checking.Asked(
        return_name=return_name,
        year=year,
        previous=previous,
        reference=reference,
        authority=authority,
        mode=mode,
        local=local,
        codes=select.split(",") if select else None,
        xsd=xsd,
        options=Options(frozenset(merge or ()), frozenset(leave_out or ()), force_years),
        progress=None if quiet else _progress,
    )
    if since is not None:
        check_comparable(since)
    besides = Besides(
        waivers=load_waivers(waivers) if waivers else (),
        holders=checking.load_holders(teams) if teams else None,
        since=since,
    )
    done = checking.check_files(files, asked)
    told = {} if select else checking.pictures(done, asked, children)
    fitted = checking.judge_checked(done, day) if fit and out and not select else None
    to_screen = json_out is not None and str(json_out) == "-"
    paths, outputs = checking.write(
        done,
        out,
        None if to_screen else json_out,
        formats.split(","),
        besides=besides,
        pictures=told,
        fitted=fitted,
    )
    if to_screen:
        print(checking.to_json(done))
    else:
        print(checking.screen(done, told, {name: o.summary for name, o in outputs.items()}))
        for path in paths:
            print(f"Written: {path}")
    raise typer.Exit(
        RULE_FAILED
        if done.failed
        else UNREADABLE
        if done.unread
        else FINDINGS
        if done.errors
        else 0
    )


def _progress(stage: str, done: int, of: int) -> None:
    """One line a stage on a terminal; nothing where nobody looks."""
    if sys.stderr.isatty():
        end = "\n" if done >= of else "\r"
        print(f"{stage} {done:,} of {of:,}", end=end, file=sys.stderr, flush=True)


def list_rules(
    return_name: Annotated[str, typer.Option("--return", help="cin or 903.")],
    year: Annotated[int, typer.Option(help="The year ending 31 March.")] = 2026,
    dimension: Annotated[str, typer.Option(help="Only this dimension of quality.")] = "",
) -> None:
    """The rules in force in a year."""
    from threecircles.quality.ruleset import list_rules as listed

    for rule in listed(return_name, year, dimension):
        print(f"{rule.code:7} {rule.severity:12} {rule.dimension:12} {rule.title}")


def show(
    code: Annotated[str, typer.Argument(help="For example 8565 or 356.")],
    return_name: Annotated[
        str, typer.Option("--return", help="cin or 903, when a code is in both.")
    ] = "",
    year: Annotated[int | None, typer.Option(help="The version of this year.")] = None,
) -> None:
    """One rule on one screen: what breaks it, what it looks at, its examples."""
    from threecircles.quality.ruleset import find_rule, rule_page

    print(rule_page(find_rule(code, return_name, year)))


def diff(
    return_name: Annotated[str, typer.Argument(metavar="RETURN")],
    year: Annotated[int, typer.Argument()],
    other: Annotated[int, typer.Argument()],
    run: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="A check of yours: how much these rules found in it."),
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option(help="Files of yours: what the new rules win and lose in them."),
    ] = None,
    previous: Annotated[
        Path | None, typer.Option(help="Last year's files, beside --files.")
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="Show what changed rules said and say.")
    ] = False,
) -> None:
    """Rules added, changed and withdrawn between two years, and what that does to a check or files of yours."""
    from threecircles.quality.ruleset import diff_rules

    found = diff_rules(return_name, year, other)
    print(found.sentence())
    counted = _findings_by_rule(run)
    turned = _won_and_lost(found, files, previous) if files else None
    for word, rules in (("added", found.added), ("withdrawn", found.withdrawn)):
        for rule in rules:
            yours = _of_yours(counted, turned, rule.code)
            print(f"  {word:9} {rule.code:7} {rule.title}{yours}")
    for change in found.changed:
        what = ", ".join(change.fields) or "said again"
        print(f"  changed   {change.code:7} {what}{_of_yours(counted, turned, change.code)}")
        for name, (was, now) in change.fields.items() if text else ():
            print(f"      {name} was: {' '.join(was.split()) or 'nothing'}")
            print(f"      {name} is:  {' '.join(now.split()) or 'nothing'}")


def _won_and_lost(
    found: RuleDiff, files: list[Path], previous: Path | None
) -> dict[str, tuple[int, int] | None]:
    """What the change does to files, both years' rules asked over the year that the files speak of."""
    from threecircles.core.errors import UsageError
    from threecircles.quality.rule_change import won_and_lost
    from threecircles.sources import read

    reading = read(files, return_name=found.return_name, previous=previous)
    if reading.year is None:
        raise UsageError(
            "The files do not say which year they are of.",
            mend="Give the whole return, so that its dates can tell.",
        )
    return won_and_lost(found, reading.tables, {"reference_date": f"{reading.year}-03-31"})


def _findings_by_rule(run: Path | None) -> dict[str, int] | None:
    """Places found by each rule in a stored check."""
    if run is None:
        return None
    from threecircles.quality.runs import open_run

    places = open_run(run).findings.unique(["rule", "table", "row"])
    return dict(places.group_by("rule").len().iter_rows())


def _of_yours(
    counted: dict[str, int] | None, turned: dict[str, tuple[int, int] | None] | None, code: str
) -> str:
    told = [] if counted is None else [f"{counted.get(code, 0):,} found in your check"]
    if turned is not None:
        change = turned[code]
        told.append("not tested on your files" if change is None else f"{change[0]:,} won, {change[1]:,} lost")  # fmt: skip
    return f" ({'; '.join(told)})" if told else ""


def coverage(
    return_name: Annotated[
        str | None, typer.Option("--return", help="cin, 903, cross ...; all when left out.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="A folder of references: says which rules lack one.")
    ] = None,
) -> None:
    """How many of the stated rules are built, with how many examples, and which references rules need."""
    from threecircles.quality.references import WORDS
    from threecircles.quality.rulebook import LAST_YEAR, rules_in_force
    from threecircles.quality.ruleset import coverage as covered
    from threecircles.sources.reference_files import read_references

    held = set(read_references(reference)) if reference else set()
    for name in (return_name,) if return_name else ("cin", "903", "cross"):
        found = covered(name)
        newest = rules_in_force(name, LAST_YEAR)
        built = f"{found.built} of {found.statements} statements built ({found.percent:.0f}%)"
        if not found.statements:
            built = f"{len(newest)} checks"
        print(f"{name}: {built}, {found.cases} examples.")
        if found.lacking:
            print(f"Lacking: {', '.join(found.lacking)}")
        for wanted, words in WORDS.items():
            needing = [rule.code for rule in newest if wanted in rule.references]
            if needing and wanted not in ("window", "own_authority") and wanted not in held:
                count = "1 rule needs" if len(needing) == 1 else f"{len(needing)} rules need"
                print(f"  {count} {words}: {', '.join(needing[:8])}{' ...' if len(needing) > 8 else ''}")  # fmt: skip


def list_sources() -> None:
    """The sources that are recognised, with their ids."""
    from threecircles.sources import all_sources

    for item in all_sources():
        print(f"{item.id:28} {item.label}")


def check_source(
    declaration: Annotated[
        Path, typer.Argument(metavar="FILE.yaml", help="A source's declaration.")
    ],
    sample: Annotated[
        list[Path], typer.Option("--sample", metavar="DATA", help="Files as they come.")
    ],
) -> None:
    """Try a declaration on real files: which columns matched, which did not."""
    from threecircles.sources.check_declaration import check_declaration

    found = check_declaration(declaration, sample)
    print("\n".join(found.lines))
    if not found.good:
        raise typer.Exit(FINDINGS)


def template(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="See `source list`.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR")],
    form: Annotated[str, typer.Option(help="xlsx or csv.")] = "xlsx",
    table: Annotated[list[str] | None, typer.Option(help="Only these tables.")] = None,
) -> None:
    """An empty form of a source, with headings, allowed words and a page of guidance, to hand out."""
    from threecircles.core.errors import UsageError
    from threecircles.sources import all_sources, source
    from threecircles.sources.template import write_template

    if form not in ("csv", "xlsx"):
        raise UsageError("The form is not known.", found=form, allowed="csv, xlsx")
    _known("source", source_id, [s.id for s in all_sources()], "threecircles source list")
    for path in write_template(
        source(source_id), out, "csv" if form == "csv" else "xlsx", tuple(table or ())
    ):
        print(f"Written: {path}")


def crosswalk(
    codes: Annotated[str, typer.Option(help="Only this list of codes, with every column.")] = "",
) -> None:
    """Which columns of different sources share one list of codes."""
    from threecircles.sources.crosswalk import crosswalk as columns_of
    from threecircles.sources.crosswalk import shared

    every = columns_of()
    if codes:
        names = shared()["codes"].to_list()
        _known("shared list of codes", codes, names, "threecircles source crosswalk")
    for name, sources, columns in shared().iter_rows():
        if codes not in ("", name):
            continue
        print(f"{name}: {columns} columns of {sources} sources")
        own = every.filter(every["codes"] == name)
        for row in (own if codes else own.head(3)).iter_rows(named=True):
            print(f"    {row['source']:28} {row['table']}.{row['column']}  ({row['label']})")
        if not codes and columns > 3:
            print(f"    and {columns - 3} more: --codes {name}")


def _known(what: str, word: str, known: list[str], command: str) -> None:
    """Raise UsageError, with the nearest word and the command that lists them all, for one that is not known."""
    from threecircles.core.errors import UsageError, did_you_mean

    if word not in known:
        near = did_you_mean(word, known)
        mend = f"{near} {command} lists all." if near else f"{command} lists all."
        raise UsageError(f"There is no {what} {word}.", mend=mend)
