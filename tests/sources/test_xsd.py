"""A return against the department's schema: places and plain sentences, no value quoted (quality 1.5)."""

import pytest

from threecircles.core.errors import ThreeCirclesError
from threecircles.sources import write_cin_xml
from threecircles.sources.xsd import schema_findings

from .samples import write
from .test_round_trip import CENSUS, HEAD

pytestmark = pytest.mark.reference


@pytest.fixture
def schema(reference_data):
    return reference_data("returns/cin/CIN_schema_2026.xsd")


def test_a_written_census_follows_the_schema(tmp_path, schema):
    tables = {k: v for k, v in CENSUS.items() if k != "PreProceedings"}
    plans = [p for p in tables["Reviews"] if p.get("CPPreviewDate")]
    assert (
        schema_findings(
            write_cin_xml(tables | {"Reviews": plans}, tmp_path / "a.xml", HEAD), schema
        )
        == []
    )


def test_pre_proceedings_are_not_in_the_schema_held_which_is_not_wrong(reference_data, schema):
    path = reference_data("returns/cin/CIN_Census_2026.xml")
    found = schema_findings(path, schema, frozenset({"PreProceedingsandFGDM"}))
    told = {f.element: f.sentence for f in found}
    assert "not in the schema held" in told["PreProceedingsandFGDM"]
    assert all(f.line > 0 and "DfEX0000001" not in f.sentence for f in found)


def test_a_broken_file_is_an_error_and_not_a_crash(tmp_path, schema):
    with pytest.raises(ThreeCirclesError, match="well-formed"):
        schema_findings(write(tmp_path, "a.xml", "<Message>"), schema)
