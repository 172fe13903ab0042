"""disclosure A1: totals that no file prints are believed only as far as they may be."""

from __future__ import annotations

from pathlib import Path

from threecircles.disclosure.attack_files import IF, attack_files

SERVICES = ["ward,service,count", "a,hub,10", "a,club,c", "b,hub,12", "b,club,9", "c,hub,8", "c,club,11"]  # fmt: skip
SEXES = ["ward,sex,count", "a,F,8", "a,M,9", "b,F,8", "b,M,7", "c,F,9", "c,M,6"]


def attacked(folder: Path, *tables: list[str]):
    paths = []
    for number, lines in enumerate(tables):
        paths.append(folder / f"t{number}.csv")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return attack_files(paths)


def test_a_finding_that_rests_on_a_total_in_no_file_says_so(tmp_path):
    """7 in the club of ward a follows from the sexes only if no child is in both services."""
    report = attacked(tmp_path, SERVICES, SEXES)
    (found,) = [f for f in report.hidden if f.exact]
    assert found.low == 7 and found.sentence.endswith(IF)


def test_a_finding_from_printed_totals_is_said_without_an_if(tmp_path):
    """With the ward's total printed the club follows, whatever else is in no file."""
    report = attacked(tmp_path, [*SERVICES, "a,All,17", "b,All,21", "c,All,19"], SEXES[:3])
    (found,) = [f for f in report.hidden if f.exact]
    assert found.low == 7 and IF not in found.sentence


def test_children_counted_twice_do_not_blind_the_attacker(tmp_path):
    """Services add up to more than the sexes in ward a; its printed total still gives the club away."""
    more = ["ward,service,count", "a,hub,10", "a,club,c", "a,walk,14", "a,All,31", "b,hub,12", "b,club,9", "b,walk,9", "b,All,30"]  # fmt: skip
    report = attacked(tmp_path, more, ["ward,sex,count", "a,F,8", "a,M,9", "b,F,8", "b,M,7"])
    (found,) = [f for f in report.hidden if f.exact]
    assert found.low == 7
