"""Slips that can be handed out, and recordings that can be heard (survey sections 3 and 4)."""

import shutil
import wave

import pytest
from tests.survey.made_up import open_study
from tests.web.conftest import serving

from threecircles.survey.bringing_in import bring_in
from threecircles.survey.codes import spaced
from threecircles.survey.field import pupil_codes
from threecircles.survey.forms import FlatForm, FlatItem
from threecircles.survey.recordings import folder_of, make_recordings, missing_recordings
from threecircles.survey.slips import write_slips

SHORT = FlatForm(
    "short_walk", "A walk", "1", ("en", "pl"),
    (FlatItem("walk", "single", {"en": "Do you like to walk?", "pl": "Czy lubisz spacery?"}, (("y", {"en": "Yes", "pl": "Tak"}), ("n", {"en": "No", "pl": "Nie"}))),),
)  # fmt: skip


def words_of(path):
    """A document's words, and whether it is tagged."""
    import pypdf

    reader = pypdf.PdfReader(path)
    text = " ".join(page.extract_text() for page in reader.pages)
    return " ".join(text.split()), bool(reader.trailer["/Root"]["/MarkInfo"]["/Marked"])


def test_a_class_sheet_holds_its_codes_and_nothing_of_any_pupil(tmp_path):
    study, _, rows = open_study(tmp_path, schools=1, years=(5,))
    path = write_slips(rows[0], [], study, "http://council.example/survey/", tmp_path)
    text, tagged = words_of(path)
    assert tagged and path.name == "class-100001-5a.pdf"
    assert spaced(rows[0]["code"]) in text and spaced(rows[0]["adult_code"]) in text
    assert "http://council.example/survey/" in text and "Slips" not in text


def test_a_named_study_prints_a_slip_for_every_pupil(tmp_path):
    study, store, rows = open_study(tmp_path, schools=1, years=(5,), mode="identifiable")
    own = pupil_codes(store, rows[0]["code"], 28)
    text, _ = words_of(write_slips(rows[0], own, study, "http://x/", tmp_path))
    assert all(spaced(code) in text for code in own) and text.count("Your own code") == 28


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A study with recordings by the speech program of this machine."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("no speech program here: apt-get install espeak-ng")
    folder = tmp_path_factory.mktemp("sound")
    bring_in(SHORT, folder)
    open_study(folder, schools=1, years=(5,), questionnaires="short_walk", languages="en, pl")
    for language in ("en", "pl"):
        assert missing_recordings("short_walk", language, folder)
        assert make_recordings("short_walk", language, folder) == 3
        assert missing_recordings("short_walk", language, folder) == []
    return folder


@pytest.mark.skipif(
    shutil.which("opusenc") is not None, reason="recordings are packed here: wave cannot read them"
)
def test_a_recording_lasts_as_long_as_its_words_and_is_not_silent(recorded):
    long = {}
    for language in ("en", "pl"):
        for key in ("item.walk", "option.walk.y"):
            with wave.open(str(folder_of(recorded, language) / f"{key}.wav")) as sound:
                seconds = sound.getnframes() / sound.getframerate()
                frames = sound.readframes(sound.getnframes())
            loud = max(
                int.from_bytes(frames[k : k + 2], "little", signed=True)
                for k in range(0, len(frames), 2)
            )
            assert 0.2 < seconds < 10 and loud > 2_000, (language, key)
            long[language, key] = seconds
        assert long[language, "item.walk"] > long[language, "option.walk.y"]


def test_the_page_offers_the_recording_and_the_server_plays_it(recorded):
    from threecircles.survey.field import store_of
    from threecircles.survey.study import load_study
    from threecircles.web.survey import survey_app

    store = store_of(recorded, load_study(recorded, "autumn"))
    code = store.one("SELECT code FROM class")["code"]
    with serving(survey_app(recorded, ("127.0.0.1",))) as reader:
        begun = {"code": code, "consent": "yes", "language": "pl", "mode": "standard"}
        cookie = reader.post("/survey/start", begun).headers["set-cookie"].split(";")[0]
        page = reader.get("/survey/q/0", {"Cookie": cookie}).text
        assert "Czy lubisz spacery?" in page and "<audio controls" in page
        place = page.partition('<audio controls preload="none" src="')[2].partition('"')[0]
        sound = reader.get(place)
        assert sound.status_code == 200 and sound.headers["content-type"].startswith("audio/")
        assert reader.get("/survey/audio/pl/item.unknown").status_code == 404
