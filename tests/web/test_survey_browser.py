"""The form in a browser: keyboard, touch without script, Arabic, pictures, no network (survey A10-A16).

Debian's chromium, driven by playwright, on a made-up study served on this machine.
"""

import gzip
import json
import random
from contextlib import suppress

import pytest
from playwright.sync_api import Error
from tests.browsing import ROOT, fits, follow, new_page, until, violations
from tests.survey.made_up import open_study
from tests.web.conftest import serving

from threecircles.survey.conditions import holds
from threecircles.survey.field import counted
from threecircles.web.survey import survey_app

pytestmark = pytest.mark.browser

STATIC = ROOT / "src" / "threecircles" / "web" / "survey" / "static"
HOSTS = ("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An open study, served: (address, store, classes)."""
    folder = tmp_path_factory.mktemp("survey")
    _, store, rows = open_study(folder, schools=1)
    with serving(survey_app(folder, HOSTS)) as reader:
        yield reader.address, store, rows


@pytest.fixture
def opened(browser, place):
    """Opens a page of its own tablet; a request that leaves this machine fails the test."""
    pages = []

    def made(**options):
        page = new_page(browser, **{"viewport": {"width": 820, "height": 1180}} | options)
        pages.append(page)
        return page

    yield made
    for page in pages:
        page.context.close()
        assert [u for u in page.asked if not u.startswith((place[0], "data:"))] == []
        assert page.faults == []


def begin(page, place, year=5, language="en", pictures=False):
    """From the class code to the first question."""
    address, _, rows = place
    page.goto(f"{address}/survey/")
    page.fill("#code", next(r["code"] for r in rows if r["nc_year"] == year).lower())
    follow(page, "form[action='/survey/code'] button")
    page.select_option("#language", language)
    if pictures:
        page.check("#m2")
    page.click("button[value=yes]")
    page.wait_for_selector("form[data-screen]")


def done(store):
    """Finished forms and answers kept."""
    return (
        store.one("SELECT COUNT(*) AS n FROM session WHERE status='finished'")["n"],
        store.one("SELECT COUNT(*) AS n FROM answer WHERE value IS NOT NULL")["n"],
    )


def test_the_whole_form_can_be_answered_by_keyboard_and_the_tablet_then_knows_nothing(
    opened, place
):
    "A11 and A14: keyboard only; afterwards database, caches, history and cookies hold no answer and no code."
    before = done(place[1])
    page = opened()
    begin(page, place)
    assert violations(page) == []
    page.wait_for_function("() => document.querySelector('[data-hide]').hidden === false")
    for step in range(60):
        page.wait_for_function(
            "() => location.pathname.endsWith('done') || document.querySelector('.answer input, textarea')"
        )
        if page.url.endswith("/survey/done"):
            break
        heading = page.text_content("h1")
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.answer input, textarea')"):
                break
        if page.evaluate("document.activeElement.matches('textarea')"):
            page.keyboard.type("CANARY more time")
        else:
            page.keyboard.press("Space")
        if step == 3:
            ring = page.evaluate(
                "getComputedStyle(document.activeElement.closest('.answer')).outlineStyle"
            )
            assert ring == "solid"
        for _ in range(14):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.value === 'next'"):
                break
        page.keyboard.press("Enter")
        page.wait_for_function(
            "(told) => location.pathname.endsWith('done') || document.querySelector('h1')?.textContent !== told", arg=heading
        )  # fmt: skip
    page.wait_for_url("**/survey/done*")
    after = done(place[1])
    assert after[0] == before[0] + 1 and after[1] >= before[1] + 40
    page.wait_for_load_state()
    kept = page.evaluate(
        "async () => JSON.stringify([await indexedDB.databases(), await caches.keys(), {...localStorage}, {...sessionStorage}])"
    )
    assert json.loads(kept) == [[], [], {}, {}]
    assert page.context.cookies() == []
    code = place[2][0]["code"]
    for _ in range(4):
        # A page that came from a form is not kept at all: the browser says that it has none.
        with suppress(Error):
            page.go_back()
        page.wait_for_load_state("networkidle")
        content = page.content()
        assert "CANARY" not in content and code not in content and 'checked=""' not in content
        assert code not in page.url


def test_the_form_works_by_touch_with_javascript_off(opened, place):
    "A11: every question answered, left out or refused by plain forms."
    before = done(place[1])
    page = opened(java_script_enabled=False, has_touch=True)
    begin(page, place, year=8)
    for step in range(60):
        if "/survey/done" in page.url:
            break
        labels = page.query_selector_all(".answer label")
        if labels and step % 7:
            box = labels[0].bounding_box()
            assert box["height"] >= 24
            page.tap(f"label[for=a{1 + step % len(labels)}]")
        move = (
            "prefer_not"
            if step % 11 == 10 and page.query_selector("button[value=prefer_not]")
            else "next"
        )
        with page.expect_navigation():
            page.tap(f"button[value={move}]")
    assert "/survey/done" in page.url
    after = done(place[1])
    assert after[0] == before[0] + 1
    why = {r["missing_reason"] for r in place[1].run("SELECT DISTINCT missing_reason FROM answer")}
    assert {"refused", "left_out"} <= why


def test_arabic_runs_from_right_to_left_and_keeps_answers_when_the_language_changes(opened, place):
    "A11."
    before = done(place[1])[1]
    page = opened()
    begin(page, place, language="ar", pictures=True)
    # The module draws the screen anew when it takes over: what stood there before has no place then.
    page.wait_for_function("() => document.querySelector('[data-hide]').hidden === false")
    assert page.get_attribute("html", "dir") == "rtl"
    assert violations(page) == []
    left = page.query_selector(".answer input").bounding_box()["x"]
    label = page.query_selector(".answer label").bounding_box()["x"]
    assert left > label, "the circle stands to the right of its words"
    page.check("#a2")
    page.click("button[value=next]")
    page.wait_for_function("() => document.querySelector('[data-count]').textContent.includes('2')")
    until(page, lambda: done(place[1])[1] == before + 1)
    follow(page, "a[href='/survey/settings']")
    page.select_option("#language", "pl")
    follow(page, "form button")
    page.wait_for_selector("form[data-screen]")
    assert page.get_attribute("html", "lang") == "pl"
    page.wait_for_function("() => document.querySelector('[data-hide]').hidden === false")
    page.click("button[value=back]")
    page.wait_for_function("() => document.querySelector('#a2')?.checked")


def test_pictures_stand_beside_words_and_every_screen_is_accessible_and_narrow(opened, place):
    "A11: symbol mode, help, pause, settings, the adult's page; 320 pixels wide without sideways scroll."
    address, store, rows = place
    page = opened(viewport={"width": 320, "height": 800})
    begin(page, place, pictures=True)
    page.wait_for_function("() => document.querySelector('[data-hide]').hidden === false")
    for _ in range(5):
        heading = page.text_content("h1")
        page.click("button[value=skip]")
        page.wait_for_function(
            "(told) => document.querySelector('h1').textContent !== told", arg=heading
        )
    page.wait_for_selector("svg.symbol")
    assert page.locator("svg.symbol").count() == 6
    paths = ["q/0", "help", "pause", "stop", "settings", "room", "helper", "away", "done", ""]
    for path in paths:
        page.goto(f"{address}/survey/{path}")
        assert violations(page) == [], path
        assert fits(page), path
        small = page.evaluate(
            "[...document.querySelectorAll('main a, main button, main select, header a, header button')]"
            ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 80))"
        )
        assert small == [], path
    page.goto(f"{address}/survey/room")
    page.fill("#code", rows[0]["adult_code"])
    follow(page, "form button")
    (count,) = counted(store, class_code=rows[0]["code"])
    assert f"{count.started}" in page.text_content("table") and violations(page) == []


def test_answers_given_without_a_network_arrive_when_it_is_back(opened, place):
    "A13: the network goes, the tablet is closed and opened again, the network comes back behind a wall, then without."
    before = done(place[1])
    page = opened()
    begin(page, place)
    page.wait_for_function("() => document.querySelector('[data-hide]').hidden === false")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    told = "document.querySelector('[role=status]').textContent.trim()"
    page.wait_for_function(f"() => {told}")
    saved = page.evaluate(told)
    page.context.set_offline(True)
    for _ in range(5):
        heading = page.text_content("h1")
        page.check("#a1")
        page.click("button[value=next]")
        page.wait_for_function(
            "told => document.querySelector('h1').textContent !== told", arg=heading
        )
    page.wait_for_function(f"saved => {told} !== saved", arg=saved)
    assert done(place[1])[1] == before[1]
    again = page.context.new_page()
    page.close()
    again.goto(f"{place[0]}/survey/")
    again.click("[data-again] button[value=go_on]")
    again.wait_for_selector("form[data-screen]")
    # What stands between (a sign-in page, a proxy, a store that is gone) answers for the server.
    walls, met = [(200, "<h1>Sign in to the network</h1>"), (400, "no"), (503, "later")], []

    def wall(route):
        met.append(walls[len(met)])
        route.fulfill(status=met[-1][0], body=met[-1][1])

    again.route("**/survey/batch", wall, times=len(walls))
    again.context.set_offline(False)
    for number in range(len(walls)):
        again.evaluate("dispatchEvent(new Event('online'))")
        until(again, lambda told=number: len(met) > told)
    assert met == walls and done(place[1])[1] == before[1]
    again.evaluate("dispatchEvent(new Event('online'))")
    until(again, lambda: done(place[1])[1] == before[1] + 5)


def random_tree(rng, depth=0):
    """A random condition over a few names."""
    kind = rng.choice(["and", "or", "not", "==", "!=", "<", ">=", "in", "answered", "selected"])
    if depth < 3 and kind in ("and", "or"):
        return [kind, *(random_tree(rng, depth + 1) for _ in range(rng.randint(2, 3)))]
    if depth < 3 and kind == "not":
        return ["not", random_tree(rng, depth + 1)]
    name, value = rng.choice("abcd"), rng.choice([1, 2, 2.5, "1", "F", "x y"])
    if kind == "in":
        return ["in", name, [value, 3, "F"]]
    if kind == "answered":
        return ["answered", name]
    return [kind if kind not in ("and", "or", "not") else "==", name, value]


def test_the_module_and_the_server_ask_the_same_questions(opened, place):
    "A10: 3,000 random conditions and answers, the tree read by Python and by the browser."
    rng = random.Random(11)
    cases = []
    for _ in range(3000):
        answers = {
            n: rng.choice([None, "", [], "1", 2, "2.5", "F", ["F", "3"], ["x y"]])
            for n in "abcd" if rng.random() < 0.8
        }  # fmt: skip
        cases.append([random_tree(rng), answers])
    page = opened()
    page.goto(f"{place[0]}/survey/")
    told = page.evaluate(
        "async cases => { const { holds } = await import('/survey/static/conditions.js'); return cases.map(([t, a]) => holds(t, a)); }",
        cases,
    )
    assert told == [holds(tree, answers) for tree, answers in cases]
    assert 0.2 < sum(told) / len(told) < 0.8


def test_a_pupil_downloads_less_than_sixty_kilobytes(place):
    "A12: first screens and the whole form, compressed; the module at most 20 kB."
    import http.client

    address, _, rows = place
    port = int(address.rsplit(":", 1)[1])

    def fetch(method, path, body=None, cookie=""):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        heads = {"Accept-Encoding": "gzip", "Cookie": cookie} | (
            {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        )
        connection.request(method, path, body, heads)
        answer = connection.getresponse()
        return answer, answer.read()

    code = rows[0]["code"]
    _, first = fetch("GET", "/survey/")
    _, consent = fetch("POST", "/survey/code", f"code={code}&language=en")
    started, _ = fetch("POST", "/survey/start", f"code={code}&consent=yes&language=en&mode=symbol")
    cookie = started.getheader("set-cookie").split(";")[0]
    _, question = fetch("GET", "/survey/q/0", cookie=cookie)
    answer, screens = fetch("GET", "/survey/screens", cookie=cookie)
    assert (
        answer.getheader("content-encoding") == "gzip"
        and json.loads(gzip.decompress(screens))["items"]
    )
    files = sum(
        len(fetch("GET", f"/survey/static/{p.name}")[1])
        for p in STATIC.iterdir()
        if p.name != "worker.js"
    )
    whole = (
        len(first)
        + len(consent)
        + len(question)
        + len(screens)
        + files
        + len(fetch("GET", "/survey/worker.js")[1])
    )
    module = sum(p.stat().st_size for p in STATIC.glob("*.js") if p.name != "worker.js")
    assert module <= 20_000, module
    assert whole <= 60_000, whole
    print(f"payload {whole:,} bytes compressed; module {module:,} bytes as it stands")


def test_a_wrong_closed_or_foreign_code_opens_nothing(opened, place):
    "A16."
    page = opened()
    page.goto(f"{place[0]}/survey/")
    page.fill("#code", "ABCDEF")
    follow(page, "form[action='/survey/code'] button")
    assert "not right" in page.text_content("[role=alert]")
    assert violations(page) == []
