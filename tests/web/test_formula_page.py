"""The formula in the browser: choose, swap, see what moves, take the spreadsheet away (funding A25)."""

import io
import os
import re
import socket
import threading
import time
from pathlib import Path

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from threecircles.core import workspace as workspaces
from threecircles.web import create_app

CHROMIUM = Path("/usr/bin/chromium")
SWAP = "la=X03&pounds=1000000&for_low_income_2025=low_income_2019"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formula")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREECIRCLES_KEYS", str(folder / "keys"))
        workspaces.create(folder / "w", label="Made-up", fictitious=True)
        yield folder / "w"


@pytest.fixture(scope="module")
def reader(workspace):
    client = TestClient(create_app(workspace), client=("127.0.0.1", 50000), follow_redirects=False)
    client.post("/sign-in/development", data={"name": "demo-analyst", "next": "/account"})
    return client


def recomputed(sheet):
    """The pence of a sheet worked from its formulas by hand: share x budget, floors, odd pennies by fraction."""
    budget = sheet["B1"].value
    rows = [
        r
        for r in sheet.iter_rows(min_row=4, max_col=6, values_only=True)
        if isinstance(r[1], float)
    ]
    for number, row in enumerate(rows, 4):
        assert row[2] == f"=INT(B{number}*$B$1)" and row[3] == f"=B{number}*$B$1-C{number}"
        assert row[5].startswith(f"=C{number}+IF(E{number}<=$B$1-SUM(")
    whole = [int(r[1] * budget) for r in rows]
    rest = [r[1] * budget - w for r, w in zip(rows, whole, strict=True)]
    order = sorted(range(len(rows)), key=lambda i: (-rest[i], i))
    odd = budget - sum(whole)
    return budget, [w + (order.index(i) < odd) for i, w in enumerate(whole)]


def test_the_spreadsheet_worked_again_gives_the_budget_to_the_penny(reader):
    """funding A25: the recomputed total of the downloaded sheet equals the budget."""
    content = reader.get(f"/formula/shares.xlsx?{SWAP}").content
    book, seen = (
        load_workbook(io.BytesIO(content)),
        load_workbook(io.BytesIO(content), data_only=True),
    )
    assert book.sheetnames == ["Compared", "As it started", "As changed"]
    for name in book.sheetnames[1:]:
        budget, pence = recomputed(book[name])
        assert sum(pence) == budget == 100_000_000
        shown = [
            r[5]
            for r in seen[name].iter_rows(min_row=4, values_only=True)
            if isinstance(r[1], float)
        ]
        assert shown == pence
        assert seen[name].cell(4 + len(pence) + 1, 6).value == "yes"


def test_what_cannot_be_asked_is_said(reader):
    for asked, said in (("la=X99", "no such authority"), ("pounds=-1", "budget"), ("for_poor_health=drop&for_low_income_2025=drop&for_age=drop&for_free_meals=drop", "Nothing is left")):  # fmt: skip
        answer = reader.get(f"/formula?{asked}")
        assert answer.status_code == 400 and said in answer.text and "Error: " in answer.text
    double = reader.get("/formula?for_poor_health=crowded_homes&for_low_income_2025=crowded_homes")
    assert double.status_code == 400 and "stand twice" in double.text


def test_prices_and_children_outside_the_data_are_changed_on_the_page_and_mapped(reader):
    """funding 7: the scenario form changes cost and coverage; changes stand on a map and in a table."""
    plain = reader.get("/formula?la=X03").text
    assert 'name="weight_in_care"' in plain and 'name="counted"' in plain and "<svg" not in plain
    changed = reader.get("/formula?la=X03&weight_in_care=9000&counted=same").text
    assert "Calder Vale would get" in changed
    drawn = changed[changed.index('aria-labelledby="moved-title') :]
    assert drawn[: drawn.index("</svg>")].count('stroke="#FFFFFF"') == 22
    refused = reader.get("/formula?weight_in_care=dear")
    assert refused.status_code == 400 and "above nought" in refused.text


@pytest.mark.parametrize("part", ["change", "share", "why", "trust", "how"])
def test_every_reading_carries_its_warning_and_names_no_child(reader, part):
    text = reader.get(f"/formula/{part}?{SWAP}").text
    assert "Illustrative: not an official allocation" in text
    if part == "how":
        assert "never about a child" in text


@pytest.fixture(scope="module")
def address(workspace):
    import uvicorn

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(workspace), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.mark.browser
def test_somebody_swaps_a_covariate_and_sees_what_it_does(address, tmp_path):
    """funding A25: choose an authority, swap a covariate, see deltas, download the spreadsheet."""
    if not CHROMIUM.exists():
        if os.environ.get("THREECIRCLES_REQUIRE_BROWSER") == "1":
            pytest.fail("chromium is absent: apt-get install chromium")
        pytest.skip("chromium is absent")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/sign-in?next=/formula")
        page.locator("button:has-text('demo-analyst'), input[value='demo-analyst']").first.click()
        page.goto(f"{address}/formula")
        page.get_by_label("Authority", exact=True).select_option(label="Calder Vale")
        page.get_by_label("Pounds to share").fill("1,000,000")
        page.get_by_label("Low income, 2025 measure").select_option("low_income_2019")
        page.get_by_role("button", name="See what moves").click()
        page.wait_for_url("**for_low_income_2025=low_income_2019**")
        assert re.search(r"Calder Vale would get £[\d,.]+ (more|less)", page.content())
        moves = page.locator("section table tbody tr td:last-child").all_inner_texts()
        assert len(moves) == 22 and any(m.startswith("+") for m in moves)
        assert abs(sum(float(m.replace(",", "")) for m in moves)) < 0.005
        with page.expect_download() as coming:
            page.get_by_role("link", name="Download the spreadsheet").click()
        coming.value.save_as(tmp_path / "shares.xlsx")
        page.screenshot(path=str(tmp_path / "moves.png"), full_page=True)
        browser.close()
    budget, pence = recomputed(load_workbook(tmp_path / "shares.xlsx")["As changed"])
    assert sum(pence) == budget == 100_000_000
