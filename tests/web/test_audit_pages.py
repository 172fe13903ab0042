"""The pages of a needs audit: forms by keyboard, a sorting board with three tablets, and the gate before both."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.browsing import fits, follow, new_page, until, violations
from tests.need.audit_cases import ETHICS, audit, read, with_cards

from threecircles.core import workspace as workspaces
from threecircles.disclosure import audit as log
from threecircles.need.audit import board, coding
from threecircles.need.audit.store import AuditStore
from threecircles.web import create_app

_spec = spec_from_file_location("web_kit", Path(__file__).with_name("conftest.py"))
kit = module_from_spec(_spec)
_spec.loader.exec_module(kit)
CARDS = 200
PATHS = ("/needs-audit", "/needs-audit/a1", "/needs-audit/a1/case/{case}", "/needs-audit/a1/board/red?tablet=t1")  # fmt: skip
RECORD = """
id: r1
label: An audit
source: Our committee
kind: needs_audit
study: a1
question: What do children need?
why_now: The plan is due.
framework: {transparency: {level: 3, reason: said}, accountability: {level: 3, reason: said}, fairness: {level: 3, reason: said}}
harms: [{to: children, what: known by a reader, likelihood: unlikely, lessened_by: no names}]
benefits: [{to: children, when: next year}]
alternatives: none
children_consulted: {who: six, how: talk, when: May, said: shorter, changed: it is shorter}
right_to_refuse: yes
feedback_plan: assembly
committee: Children's ethics committee
reference: E12
decision: approved
decided_on: 2026-01-31
review_by: REVIEW
"""


def _place(folder, fictitious, size=12):
    workspaces.create(folder / "w", fictitious=fictitious)
    store = read(audit(folder / "w", size=size))
    cards = with_cards(store)
    board.start(store, "red", ETHICS)
    for name in ("Safety at home", "School"):
        board.add_group(store, "red", "t0", name, ETHICS, cards)
    return store


@pytest.mark.parametrize("review", ["", "2026-02-01", "2098-01-31"], ids=["none", "expired", "holds"])  # fmt: skip
def test_no_page_of_an_audit_opens_without_an_ethics_decision(tmp_path, monkeypatch, review):
    """need N31: on a real place form, board and overview refuse without a decision or with one that is over."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    store = _place(tmp_path, fictitious=False)
    place, case = tmp_path / "w", store.cases()["case"][0]
    if review:
        (place / "ethics").mkdir()
        (place / "ethics" / "r1.yaml").write_text(
            RECORD.replace("REVIEW", review).replace("refuse: yes", 'refuse: "yes"')
        )
    asking = TestClient(create_app(place), client=("127.0.0.1", 50000), follow_redirects=False)
    for path in (*PATHS[1:], "/needs-audit/a1/board/red/events?after=0"):
        answer = asking.get(path.format(case=case))
        assert answer.status_code == (200 if review > "2097" else 403), (path, answer.text[-900:])
        if review < "2097":
            assert "may not open" in answer.text and "Safety at home" not in answer.text
            assert [x["decision"] for x in log.lines(place)][-1] == "deny"
    assert asking.get("/needs-audit").status_code == 200


def test_a_path_or_a_name_from_elsewhere_opens_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    _place(tmp_path, fictitious=True)
    asking = TestClient(create_app(tmp_path / "w"), client=("127.0.0.1", 50000), follow_redirects=False)  # fmt: skip
    asking.post("/sign-in/development", data={"name": "demo-analyst", "next": "/account"})
    for path in ("/needs-audit/..%2f..%2fetc", "/needs-audit/nobody", "/needs-audit/a1/board/blue?tablet=t1",
                 "/needs-audit/a1/board/red?tablet=<b>", "/needs-audit/a1/case/zzz", "/needs-audit/a1/board/red/events?after=x"):  # fmt: skip
        answer = asking.get(path)
        assert answer.status_code in (400, 404) and "Traceback" not in answer.text, path
        assert "<b>" not in answer.text


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREECIRCLES_KEYS", str(folder / "keys"))
        store = _place(folder, fictitious=True, size=CARDS)
        with kit.serving(create_app(folder / "w")) as reader:
            yield store, reader.address


@pytest.fixture
def tablet(browser, place):
    """A tablet at the table, signed in."""
    opened = []

    def start(name, path="/needs-audit/a1/board/red?tablet={name}", **options):
        page = new_page(browser, **options)
        opened.append(page)
        page.goto(f"{place[1]}/sign-in?next=/account")
        page.check("#part-demo-analyst")
        follow(page, "text=Sign in as this part")
        page.goto(f"{place[1]}{path.format(name=name)}")
        return page

    yield start
    for page in opened:
        assert page.faults == []
        assert [u for u in page.asked if not u.startswith((place[1], "data:"))] == []
        page.context.close()


def state(store):
    cards = [r["number"] for r in store.rows("SELECT number FROM study_case ORDER BY number")]
    return board.board_of(store, "red", cards, ETHICS)


@pytest.mark.browser
def test_three_tablets_sort_two_hundred_cards_and_lose_nothing(place, tablet):
    """need N17: two people move one card, the last event wins, both are told, nothing is lost, undo works."""
    store, _ = place
    one, two, three = (tablet(f"t{n}") for n in (1, 2, 3))
    safety, school = state(store).groups
    assert one.locator(".tb-card").count() == CARDS

    def lies(page, card, where):
        page.wait_for_selector(f'[data-place="{where}"] [data-card="{card}"]')

    # By keyboard: stand on the first card and press the number of a group; the others see it move.
    one.locator('[data-place="pile"] .tb-cards').focus()
    one.keyboard.press("1")
    for page in (one, two, three):
        lies(page, 1, safety)
    # Two tablets move card 2, the second without having seen the first's move.
    two.evaluate("() => { window.fetch = () => Promise.reject(new Error('no network')) }")
    one.locator('[data-card="2"]').focus()
    one.keyboard.press("1")
    lies(three, 2, safety)
    seen = two.locator("[name=seen]").get_attribute("value")
    token = two.locator("#board").get_attribute("data-token")
    answer = two.request.post(
        two.url.split("?")[0], form={"token": token, "tablet": "t2", "seen": seen, "action": "move", "card": "2", "to": school},
        headers={"accept": "application/json"},
    ).json()  # fmt: skip
    assert "t1 had laid card 2" in answer["words"] and "stands" in answer["words"]
    one.wait_for_selector("#told:has-text('t2 moved card 2 after you')")
    for page in (one, three):
        lies(page, 2, school)
    two.reload()
    lies(two, 2, school)
    # Undo takes back the own last move; a card that somebody moved since stays.
    one.locator('[data-card="1"]').focus()
    one.keyboard.press("u")
    one.wait_for_selector("#told:has-text('stays where it is')")
    one.locator('[data-card="1"]').focus()
    one.keyboard.press("u")
    for page in (one, two, three):
        lies(page, 1, "pile")
    # Drag: from the pile into a group.
    three.locator('[data-card="5"]').scroll_into_view_if_needed()
    three.locator('[data-card="5"]').hover()
    three.mouse.down()
    target = three.locator(f'[data-place="{school}"] h2').bounding_box()
    three.mouse.move(target["x"] + 20, target["y"] + 10, steps=4)
    three.mouse.up()
    until(three, lambda: state(store).places[5] == school)
    lies(one, 5, school)
    # A new group appears on every tablet, and every event is still there.
    two.fill("#name", "Friends")
    two.click("text=Make the group")
    for page in (one, three):
        page.wait_for_selector(".tb-place h2:has-text('Friends')")
    kinds = [e["kind"] for e in board.since(store, "red", 0)]
    assert sorted(kinds) == sorted(["group"] * 3 + ["place"] * 4 + ["undo"] * 2)
    assert sum(one.locator(f'[data-place="{p}"] .tb-card').count() for p in ("pile", "parked", *state(store).groups)) == CARDS  # fmt: skip


@pytest.mark.browser
def test_the_list_form_sorts_without_a_script(place, tablet):
    """need N17, report A4: with scripts off the form moves a card, and says what cannot be."""
    store, _ = place
    page = tablet("t9", java_script_enabled=False)
    page.fill("#card", "7")
    page.select_option("#to", board.PARKED)
    follow(page, "text=Move the card")
    assert state(store).places[7] == board.PARKED
    page.fill("#card", "999")
    follow(page, "text=Move the card")
    assert "There is no such card" in page.inner_text("[role=alert]")
    follow(page, "text=Take my last move back")
    assert state(store).places[7] == board.PILE


@pytest.mark.browser
def test_a_case_is_coded_by_keyboard_and_kept(place, tablet):
    """need 10.2, N17: the form works by Tab, arrows and Space alone, and comes back as it was left."""
    store, _ = place
    case = store.cases()["case"][3]
    page = tablet("t1", f"/needs-audit/a1/case/{case}")
    page.locator("#sex-girl").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.locator("[name=later]").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Your answers are kept" in page.inner_text("main")
    assert page.is_checked("#sex-boy")
    assert coding.codes_of(AuditStore(store.folder.parents[1], "a1"))[case, "demo-analyst"] == {"sex": "boy"}  # fmt: skip


@pytest.mark.browser
def test_the_pages_have_no_violation_and_reflow(place, tablet):
    """need N17, report A1: axe finds nothing on list, overview, form and board, wide and narrow."""
    store, address = place
    page = tablet("t1")
    for path in PATHS:
        page.goto(address + path.format(case=store.cases()["case"][5]))
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            assert violations(page) == [], path
            assert fits(page), (path, width)
