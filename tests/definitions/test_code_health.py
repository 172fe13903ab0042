"""Every shipped definition says what it is and where it comes from."""

import csv
import re

import pytest

from threecircles.definitions import HOME
from threecircles.definitions.yaml12 import parse

YAML = sorted(HOME.rglob("*.yaml"))
CSV = sorted(HOME.rglob("*.csv"))


def name(path):
    return str(path.relative_to(HOME))


def test_every_yaml_definition_reads_and_names_its_source():
    """An argued number without a source cannot be argued about."""
    lacking = []
    for path in YAML:
        content = parse(path.read_text(encoding="utf-8"), name(path)).plain()
        if not isinstance(content, dict) or not (content.get("source") or content.get("reference")):
            lacking.append(name(path))
    assert lacking == []


def test_every_csv_definition_is_utf8_with_one_header_and_even_rows():
    for path in CSV:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert len(set(rows[0])) == len(rows[0]), name(path)
        assert {len(r) for r in rows if r} == {len(rows[0])}, name(path)


def test_no_definition_names_a_path_of_one_machine():
    pattern = re.compile(r"(^|[\s\"'])/(home|root|tmp|work)/")
    assert [name(p) for p in [*YAML, *CSV] if pattern.search(p.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("folder", sorted({p.parent for p in YAML}), ids=name)
def test_ids_are_unique_within_a_folder(folder):
    ids = [
        str(parse(p.read_text(encoding="utf-8"), name(p)).plain().get("id", p.stem))
        for p in sorted(folder.glob("*.yaml"))
    ]
    assert sorted(ids) == sorted(set(ids))
