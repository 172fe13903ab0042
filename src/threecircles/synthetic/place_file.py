"""The file that names what a place received: without it no run would know which file is which."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from threecircles import definitions
from threecircles.synthetic.export.attendance import file_of
from threecircles.synthetic.geography import dfe_number
from threecircles.synthetic.marks import marked
from threecircles.synthetic.world import World

_MAPPINGS = Path(definitions.__file__).parent / "mappings"
_NOT_RUN = {"service-outcome-form"}
"""Sources of a study: a place takes them up only when its ethics record says so."""

# kind of delivery: source, files, received in the year (or the one before), as it stood.
_SENT = {
    "cin": ("cin-census", "cin_{y}.xml", "{y}-05-29", "{y}-03-31"),
    "s903": ("ssda903", "ssda903_{y}/*.csv", "{y}-06-05", "{y}-03-31"),
    "school": ("school-census", "school_census_{y}_spring/*.csv", "{y}-02-20", "{y}-01-15"),
    "early_help": ("early-help", "early_help.csv", "{y}-04-20", "{y}-03-31"),
    "youth_justice": ("youth-justice", "youth_justice.csv", "{y}-04-22", "{y}-03-31"),
    "survey": ("survey-pupils", "survey_pupils_{y}.csv", "{y}-04-10", "{y}-03-31"),
    "survey_holder": ("survey-holder", "survey_holder_{y}.csv", "{y}-04-10", "{y}-03-31"),
    "eyfs": ("eyfs-profile", "eyfs_profile_{y}.csv", "{before}-10-30", "{before}-06-30"),
    "two_year_review": ("two-year-review", "two_year_review_{y}.csv", "{y}-04-24", "{y}-03-31"),
    "speech_therapy": ("speech-language-therapy", "speech_therapy_{y}.csv", "{y}-04-24", "{y}-03-31"),
    "early_years_census": ("early-years-census", "ey_census_{y}.csv", "{y}-02-27", "{y}-01-15"),
    "alternative_provision": ("alternative-provision-census", "ap_census_{y}.csv", "{y}-02-27", "{y}-01-15"),
    "two_year_place": ("two-year-place", "two_year_places_{y}.csv", "{y}-02-05", "{y}-01-15"),
    "s251": ("s251-outturn", "s251_outturn_{y}.csv", "{y}-08-28", "{y}-03-31"),
    "ledger": ("ledger", "ledger_{y}.csv", "{y}-08-28", "{y}-03-31"),
    "health_ledger": ("ledger", "partners/health_ledger_{y}.csv", "{y}-08-28", "{y}-03-31"),
    "joint_pool": ("ledger", "partners/joint_pool_{y}.csv", "{y}-08-28", "{y}-03-31"),
    "ro3": ("ro3", "ro3_{y}.csv", "{y}-08-28", "{y}-03-31"),
    "register": ("centre-register", "centre_register.csv", "{y}-04-30", "{y}-03-31"),
    "attendance": ("attendance-at-provision", "", "{y}-04-28", "{y}-03-31"),
    "service_outcome": ("service-outcome-form", "service_outcome_{y}/{provider}.csv", "{y}-04-28", "{y}-03-31"),
}  # fmt: skip


_REFERENCE = {
    "lsoa": "lsoa_lookup.csv", "population": "population_lsoa.csv", "deprivation": "deprivation_lsoa.csv",
    "postcodes": "postcodes.csv", "boundaries": "lsoa.geojson", "wards": "ward.geojson", "schools": "schools.csv",
    "providers": "providers.csv",
}  # fmt: skip


def place_yaml(world: World, deliveries: Iterable[str]) -> str:
    """The text of place.yaml: who the place is and what it received."""
    name, label = place_name(world)
    lines = [
        "# Every person, home, school and figure in this place is made up.",
        f"id: {name}", f'label: "{label}"', f"la_code: {world.land.la_code}",
        f'dfe_number: "{dfe_number(world.profile.number)}"',
        "fictitious: true", f"seed: {world.seed}", f"year: {world.year}", "deliveries:",
    ]  # fmt: skip
    lines += [_line(name) for name in sorted(deliveries, key=_order)]
    lines.append("reference:")
    lines += [f"  {name}: reference/{marked(file)}" for name, file in _REFERENCE.items()]
    lines.append("")
    return "\n".join(lines)


def place_name(world: World) -> tuple[str, str]:
    """Id and label of a place; adjoining places are numbered from 1."""
    name, label = world.profile.id, world.profile.label
    if world.across is None:
        return name, label
    return f"{name}-{world.profile.number + 1}", f"{label} {world.profile.number + 1}"


def _kind(delivery: str) -> tuple[str, str, int]:
    """Kind, provider (or nothing) and year of a delivery."""
    kind, year = delivery.rsplit("_", 1)
    provider = ""
    if kind not in _SENT:
        kind, provider = kind.rsplit("_", 1)
    return kind, provider, int(year)


def _order(delivery: str) -> tuple[int, int, str]:
    kind, provider, year = _kind(delivery)
    return list(_SENT).index(kind), -year, provider


def _line(delivery: str) -> str:
    kind, provider, y = _kind(delivery)
    source, file, received_on, as_of = (
        t.format(y=y, before=y - 1, provider=provider) for t in _SENT[kind]
    )
    file = marked(f"received/{file}" if file else file_of(provider.upper(), y))
    # Sources that the record cannot map yet are there to be read and checked, not run.
    run = (_MAPPINGS / source).is_dir() and source not in _NOT_RUN
    told = f'{{id: {delivery}, source: {source}, files: ["{file}"], received_on: {received_on}, as_of: {as_of}, year: {y}}}'
    return f"  {'- ' if run else '# - '}{told}"
