"""disclosure A5: what schools get, read back from page, drawing, its text, document, CSV and JSON, and attacked as one."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import date
from pathlib import Path

import pytest
from tests.survey.made_up import GRANT
from tests.survey.test_from_close_to_report import answered

from threecircles.cli.survey_run import school_salt, write_reports
from threecircles.disclosure.attack_release import attack_safe
from threecircles.disclosure.release import load_safe
from threecircles.report.context import Context
from threecircles.report.open_formats import write_pack_json
from threecircles.report.survey_packs import school_pack
from threecircles.survey.closing import close
from threecircles.survey.study import folder_of
from threecircles.survey.tables import school_mark

READER = Path(__file__).parents[2] / "benchmarks" / "attack_pack.py"
DAY = date(2026, 12, 2)


def reader():
    "The benchmark that reads packs back."
    spec = importlib.util.spec_from_file_location("benchmarks_attack_pack_schools", READER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def reported(folder, schools):
    "The folders of all schools' reports, each with its page model beside it, and the safe tables they came from."
    study, _, _ = answered(folder, schools=schools)
    close(folder, study, GRANT, date(2026, 12, 1))
    done = write_reports(folder, study, folder / "out", DAY, tell=lambda _: None)
    safe = load_safe(folder_of(folder, study.id) / "released")
    salt = school_salt(folder, study)
    for urn, place in done.schools.items():
        about = Context(place=urn, la_code="", period="p", made_on=DAY, edition="school")
        write_pack_json(school_pack(safe, school_mark(study, urn, salt), about, {}), place / "model.json")  # fmt: skip
    return list(done.schools.values()), safe


def read_back(module, places):
    "Everything that anybody with all the reports in hand knows."
    seen = module.Seen()
    for place in places:
        model = json.loads((place / "model.json").read_text(encoding="utf-8"))
        cells = module._released(place)
        seen.count("CSV", sum(v is not None for v in cells.values()))
        tables = module._from_json(model, cells, seen)
        module._from_pages(place, tables, seen)
        module._from_document(place / "report.pdf", tables, seen)
    return seen


def judged(folder, schools):
    module = reader()
    places, safe = reported(folder, schools)
    seen = read_back(module, places)
    told = {cell: value for cell, (value, _) in seen.told.items()}
    return places, safe, seen, attack_safe(safe, told)


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    return judged(tmp_path_factory.mktemp("four"), 4)


def test_every_kind_of_file_of_a_school_is_read(four):
    """disclosure A5: no kind is passed over."""
    places, _, seen, _ = four
    assert len(places) == 4
    assert {"CSV", "JSON", "HTML", "PDF", "SVG and text alternatives"} <= set(seen.counted)
    assert all(n > 20 for n in seen.counted.values()), seen.counted


def test_no_file_of_a_school_shows_what_another_hides(four):
    """disclosure A5: and nothing follows from all of them together."""
    _, safe, seen, leaks = four
    assert sum(int((t.frame["symbol"] == "[c]").sum()) for t in safe) > 0
    assert seen.told == {} and seen.differing == []
    assert leaks == []


@pytest.mark.parametrize("kind", ["page", "drawing", "model", "data"])
def test_a_figure_planted_in_one_kind_of_file_is_found(four, kind, tmp_path):
    """disclosure A5: the reading bites, kind by kind."""
    import shutil

    module = reader()
    source = next(p for p in four[0] if "[c]" in (p / "model.json").read_text())
    place = tmp_path / "school"
    shutil.copytree(source, place)
    planted = plant(place, kind)
    seen = read_back(module, [place])
    assert planted(seen), kind


def plant(place, kind):
    "Put a figure where one is hidden; returns how to see that it was found."
    if kind == "model":
        path = place / "model.json"
        model = json.loads(path.read_text())
        value = next(v for v in reader()._of_kind(model, "Value") if "number" not in v and v.get("symbol") == "[c]")  # fmt: skip
        value["number"] = 4321.0
        path.write_text(json.dumps(model))
        return lambda seen: 4321.0 in [v for v, _ in seen.told.values()]
    if kind == "data":
        path = next(p for p in (place / "data").glob("*.csv") if ",[c]," in p.read_text())
        lines = path.read_text().splitlines()
        at = lines[0].split(",").index("n")
        row = next(i for i, line in enumerate(lines) if ",[c]," in line)
        before = read_back(reader(), [place]).counted["CSV"]
        cells = lines[row].split(",")
        cells[at] = "4321"
        path.write_text("\n".join([*lines[:row], ",".join(cells), *lines[row + 1 :]]) + "\n")
        return lambda seen: seen.counted["CSV"] == before + 1
    pages = [p for p in place.rglob("*.html") if "<svg" in p.read_text()]
    if kind == "drawing":
        text = pages[0].read_text()
        pages[0].write_text(text.replace("</title>", " 4321</title>", 2) if "<title" in text.split("<svg", 1)[1] else text.replace("</svg>", "<text>4321</text></svg>", 1))  # fmt: skip
        return lambda seen: any("4321" in told for told in seen.loose)
    page = next(p for p in place.rglob("*.html") if "[c]" in p.read_text() and "<td" in p.read_text())  # fmt: skip
    text = page.read_text()
    head, _, rest = text.partition("<td")
    body, at = rest, rest.index("[c]")
    page.write_text(f"{head}<td{body[:at]}4321{body[at + 3 :]}")
    return lambda seen: 4321.0 in [v for v, _ in seen.told.values()]


@pytest.mark.slow
def test_nothing_comes_back_from_all_files_of_sixty_schools(tmp_path):
    """disclosure A5: 60 schools; run by hand."""
    places, _, seen, leaks = judged(tmp_path, 60)
    assert len(places) == 60
    assert seen.told == {} and seen.differing == [] and leaks == []
