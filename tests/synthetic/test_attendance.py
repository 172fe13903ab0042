"""Centres, hubs and clubs of a made-up place: who came, whom nobody reached, and what their files give away."""

from datetime import date, timedelta

import polars as pl
import pytest

from threecircles.quality import check_tables
from threecircles.sources import read
from threecircles.synthetic.export.attendance import provider_tables, providers, write_provider
from threecircles.synthetic.make import received_tables, written_tables
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.reach import reach_table
from threecircles.synthetic.world import build_world


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A hamlet with so many clubs that eight trusts report, its clean files and those with mistakes."""
    more = tmp_path_factory.mktemp("profile") / "more.yaml"
    more.write_text("centres:\n  source: more clubs\n  youth_club: 16\npeople: {children: 6000}\nland: {lsoas: 60, wards: 12, msoas: 8}\n", encoding="utf-8")  # fmt: skip
    world = build_world(load_profile("hamlet", more), 5, 2026)
    clean = received_tables(world, {"attendance"})
    spoilt, errors, known = written_tables(world, clean, "realistic")
    return world, clean, spoilt, errors, known


def test_reach_equals_a_count_of_the_files(borough):
    """A15: registered, attended and regular of a service equal a count of the providers' own lists."""
    made = borough.attendance
    truth = reach_table(borough, made).filter(pl.col("ward") == "all", pl.col("group") == "all")
    here = set(made.eligible["family_hub"].tolist())
    kind = made.venue["kind"].to_list()
    members = zip(made.member_child.tolist(), made.member_venue.tolist(), strict=True)
    registered = {c for c, v in members if kind[v] == "family_hub"}
    child, venue = made.member_child.tolist(), made.session_venue.tolist()
    days = {}
    for m, s in zip(made.visit_member.tolist(), made.visit_session.tolist(), strict=True):
        if kind[venue[s]] == "family_hub":
            days.setdefault(child[m], set()).add(int(made.session_day[s]))
    row = truth.filter(pl.col("service") == "family_hub").row(0, named=True)
    assert row["eligible"] == len(here) and row["registered"] == len(registered & here)
    assert row["attended"] == len(here & days.keys())
    assert row["eligible_not_using"] == len(here - days.keys())
    often = [d for c, d in days.items() if c in here and len(d) >= 6]
    assert row["regular"] == sum(len({_term(x) for x in d}) >= 2 for d in often)
    assert truth["regular"].sum() > 1000


def _term(day):
    month = (date(1970, 1, 1) + timedelta(days=day)).month
    return 0 if month >= 9 else 1 if month <= 3 else 2


def test_reach_is_the_same_to_the_last_digit_however_often_it_is_counted(borough):
    """A2 and A15: no sum depends on which thread came first."""
    first = reach_table(borough, borough.attendance)
    assert all(reach_table(borough, borough.attendance).equals(first) for _ in range(5))


def test_wards_and_groups_add_up_to_all(borough):
    """A15."""
    truth = reach_table(borough, borough.attendance)
    for service in truth["service"].unique():
        own = truth.filter(pl.col("service") == service)
        whole = own.filter(pl.col("ward") == "all", pl.col("group") == "all").drop("service", "ward", "group")  # fmt: skip
        cells = own.filter(pl.col("ward") != "all", pl.col("group") != "all")
        parts = cells.select(whole.columns).sum()
        assert parts.drop("fair").equals(whole.drop("fair"))
        assert parts["fair"][0] == pytest.approx(whole["fair"][0])


def test_two_groups_are_reached_at_half_the_rate(borough):
    """A15: .5 within .05, beside children as near and as much in need."""
    rows = reach_table(borough, borough.attendance).filter(pl.col("ward") == "all")
    sums = rows.filter(pl.col("group") != "all").group_by("group").agg(pl.col("registered", "fair").sum())  # fmt: skip
    rate = {r["group"]: r["registered"] / r["fair"] for r in sums.to_dicts()}
    assert set(rate) == {"asian", "other_white", "other"}
    for group in ("asian", "other_white"):
        assert rate[group] / rate["other"] == pytest.approx(0.5, abs=0.05)


def test_files_of_level_one_hold_no_key_of_any_person(busy, tmp_path):
    """A15: not a member's number, token, name or postcode of a home, byte for byte."""
    world, clean, *_ = busy
    made = world.attendance
    level_one = set(made.venue.filter(pl.col("level") == 1)["provider_id"]) & set(providers(made))
    assert len(level_one) >= 4
    keys = {k for t in clean.values() if "registration" in t for k in t["registration"]["person_key"]}  # fmt: skip
    keys |= set(world.people.surname[made.member_child].tolist())
    for provider in level_one:
        write_provider(provider_tables(world, made, provider), tmp_path, provider)
    raw = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()]
    text = "".join(b.decode("utf-16" if b[:2] == b"\xff\xfe" else "utf-8") for b in raw)
    assert len(text) > 1000 and not [k for k in keys if k in text]


def test_twelve_providers_files_read_back_as_they_were_made(busy, tmp_path):
    """A15, and quality A32: 4 council and 8 voluntary; two flat, one workbook, one UTF-16; levels 1 to 3."""
    clean = busy[1]
    assert len(clean) == 12
    for delivery, tables in clean.items():
        provider = delivery.split("_")[1].upper()
        write_provider(tables, tmp_path, provider)
        own = tmp_path / provider.lower()
        files = sorted(own.iterdir()) if own.is_dir() else list(tmp_path.glob(f"{provider.lower()}.*"))  # fmt: skip
        reading = read(files, return_name="attendance-at-provision")
        assert reading.rejects.height == 0
        for name, frame in tables.items():
            told = reading.tables[name].select(frame.columns).cast(pl.String)
            assert told.fill_null("").equals(frame.cast(pl.String).fill_null("")), (delivery, name)


def test_every_planted_mistake_is_found_and_the_clean_files_are_silent(busy, tmp_path):
    """quality A32: each mistake of section 1.9 gives its finding; the clean copy gives none."""
    _, clean, spoilt, errors, _ = busy
    planted = set()
    for delivery, tables in clean.items():
        assert _found(tables, tmp_path / "clean", delivery) == set()
        expected = set(errors.filter(pl.col("file") == delivery)["rule_ids_expected"]) - {"", "X43"}
        assert _found(spoilt[delivery], tmp_path / "spoilt", delivery) == expected
        planted |= expected
    assert planted == {"AT1", "AT2", "AT3", "AT4", "AT5", "AT6"}


def _found(tables, folder, delivery):
    folder.mkdir(exist_ok=True)
    provider = delivery.split("_")[1].upper()
    write_provider(tables, folder, provider)
    own = folder / provider.lower()
    files = sorted(own.iterdir()) if own.is_dir() else list(folder.glob(f"{provider.lower()}.*"))
    reading = read(files, return_name="attendance-at-provision")
    findings = check_tables("attendance", 2026, reading.tables).findings
    return {f.rule for f in findings}


def test_whoever_is_in_a_list_with_keys_is_known_in_truth(busy):
    """Every key of a registration stands for one child in the table of who is who."""
    _, clean, _, _, known = busy
    own = known.filter(pl.col("source") == "attendance-at-provision")
    keys = {(d, k) for d, t in clean.items() if "registration" in t for k in t["registration"]["person_key"]}  # fmt: skip
    assert set(own.select("file", "local_id").iter_rows()) == keys
    assert own["person_id"].null_count() == 0 and len(keys) == own.height
