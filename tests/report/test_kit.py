"""The dissemination kit says what the released pack says, and nothing else."""

import json
import re

import pytest
from pypdf import PdfReader

from threecircles.core.errors import UsageError
from threecircles.report.kit import cards, scripts, slides, write_kit
from threecircles.report.kit.edits import edited
from threecircles.report.kit.spoken import aloud
from threecircles.report.kit.told import read_told
from threecircles.report.publish import copies, publish, released_folder
from threecircles.report.site import write_site
from threecircles.report.words import hundred_interval, in_hundred, text_of

NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")


@pytest.fixture(scope="module")
def site(pack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("w") / "workspace" / "release" / "site"
    write_site(pack, folder)
    return folder


@pytest.fixture(scope="module")
def told(site):
    return read_told(site)


@pytest.fixture(scope="module")
def kit(site, tmp_path_factory):
    out = tmp_path_factory.mktemp("kit")
    write_kit(site, out)
    return out


def released_numerals(site):
    """Every numeral that the pack itself shows: its pages' text and its values as they are written."""
    model = (site / "pack.json").read_text(encoding="utf-8")
    told = read_told(site)
    values = [v for i in told.items for v in i.values]
    cells = [
        c
        for i in told.items
        if i.table
        for row in i.table.rows
        for c in row
        if not isinstance(c, str)
    ]
    written = [f(v) for v in [*values, *cells] for f in (text_of, in_hundred, hundred_interval)]
    return set(NUMERAL.findall(" ".join(written))) | set(NUMERAL.findall(model)) | {"100"}


def test_every_number_of_the_kit_stands_in_the_pack(site, told, kit):
    """A24: slides, talk, workshop sheet and cards."""
    known = released_numerals(site)
    own = {str(n) for n in range(1, len(slides.slides(told)) + 1)}
    for name in ("talk.md", "workshop.md", *(p.name for p in kit.glob("card-*.txt"))):
        text = (kit / name).read_text(encoding="utf-8").replace(told.release_id, "")
        assert set(NUMERAL.findall(re.sub(r"(?m)^\d\. ", "", text))) <= known, name
    page = re.sub(
        r"<svg.*?</svg>|<[^>]+>",
        " ",
        (kit / "slides.html").read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    assert set(NUMERAL.findall(page.replace(told.release_id, ""))) <= known | own


def test_the_audio_script_has_no_numeral_and_says_each_number_of_its_sentences(told):
    """A24: pronounced numbers, with pauses."""
    script = scripts.audio(told)
    assert not NUMERAL.search(script.replace(told.release_id, ""))
    assert script.count(scripts.PAUSE) >= 5
    assert all(aloud(i.sentence).lower() in script.lower() for i in told.items[:1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("About 24 in 100 children", "About one in four children"),
        ("about 17 in 100", "about seventeen in a hundred"),
        ("2,405 children", "two thousand four hundred and five children"),
        ("£12.3 million", "twelve point three million pounds"),
        ("47% in 2026", "forty-seven per cent in twenty twenty-six"),
        ("£1,000,000", "one million pounds"),
    ],
)  # fmt: skip
def test_numbers_are_said_as_people_say_them(text, said):
    assert aloud(text) == said


def test_the_talk_keeps_to_two_minutes(told):
    """A24: at most 280 words."""
    assert len(scripts.talk(told).split()) <= scripts.TALK_WORDS + 8
    spoken = [x for x in scripts.talk(told).splitlines() if x and not x.startswith("#")]
    assert sum(len(x.split()) for x in spoken) <= scripts.TALK_WORDS


def test_the_deck_has_eight_to_twelve_slides_with_tables_in_the_notes(told, kit):
    """A24: every drawing has a name for those who cannot see it."""
    deck = slides.slides(told)
    assert 8 <= len(deck) <= 12
    page = (kit / "slides.html").read_text(encoding="utf-8")
    drawn = [s for s in deck if s.item and s.item.drawing]
    assert page.count("<svg") == len(drawn) == page.count('role="img"')
    assert page.count("<table>") == sum(1 for s in deck if s.item and s.item.table)


def test_documents_are_tagged_and_bear_edition_and_release(told, kit):
    for name in ("slides.pdf", "poster.pdf"):
        reader = PdfReader(kit / name)
        assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
        text = " ".join(page.extract_text() for page in reader.pages)
        assert told.release_id in text and f"Edition {told.edition}" in " ".join(text.split())
    assert len(PdfReader(kit / "poster.pdf").pages) == 1


def test_a_card_shows_one_number_with_title_and_source(told, kit):
    """A24: alt text; 1200 x 630."""
    made = cards.carded(told)
    assert made
    for item in made:
        svg = (kit / f"card-{item.id}.svg").read_text(encoding="utf-8")
        assert f'<title id="card-{item.id}-title">' in svg and told.release_id in svg
        head = (kit / f"card-{item.id}.png").read_bytes()[16:24]
        assert (int.from_bytes(head[:4]), int.from_bytes(head[4:])) == (1200, 630)


def test_a_kit_says_what_is_not_known(partial_pack, tmp_path):
    """A24: a pack with gaps yields a kit that says so."""
    write_site(partial_pack, tmp_path / "site")
    write_kit(tmp_path / "site", tmp_path / "kit")
    what = read_told(tmp_path / "site").unknown[0][0]
    assert what.rstrip(".").lower() in (tmp_path / "kit" / "talk.md").read_text("utf-8").lower()
    assert what in (tmp_path / "kit" / "slides.html").read_text(encoding="utf-8")


def test_the_list_of_items_is_there_for_the_day_of_withdrawal(told, kit):
    """A24: each item to take down."""
    listed = json.loads((kit / "kit.json").read_text(encoding="utf-8"))
    assert listed["release_id"] == told.release_id
    assert sorted(p.name for p in kit.iterdir() if p.name != "kit.json") == listed["items"]


def test_an_edit_brings_words_but_no_number(told, tmp_path):
    item = next(i for i in told.items if i.values and i.values[0].known)
    path = tmp_path / "edits.yaml"
    path.write_text(
        f"{item.id}:\n  sentence: In our place {{1}} of them.\n  author: A. Writer\n  date: 2026-06-01\n"
    )
    changed = next(i for i in edited(told, path).items if i.id == item.id)
    assert changed.author == "A. Writer" and "{1}" not in changed.sentence
    path.write_text(path.read_text().replace("{1}", "99"))
    with pytest.raises(UsageError, match="a number of its own"):
        edited(told, path)
    path.write_text(path.read_text().replace(item.id, "nowhere-1"))
    with pytest.raises(UsageError, match="no such finding"):
        edited(told, path)


def test_publishing_copies_what_was_released_byte_for_byte(site, tmp_path):
    """A20: files, and where to open them; A24: what was copied is known when it must come down."""
    workspace = site.parents[1]
    files = publish(released_folder(str(workspace)), tmp_path / "out")
    assert all(
        (site / f.relative_to(tmp_path / "out")).read_bytes() == f.read_bytes() for f in files
    )
    assert copies(workspace) == [
        (str(tmp_path / "out"), [str(f.relative_to(tmp_path / "out")) for f in files])
    ]
    with pytest.raises(UsageError, match="Nothing is released there"):
        released_folder(str(tmp_path / "nowhere"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    with pytest.raises(UsageError, match="holds something else"):
        publish(site, tmp_path / "mine")
