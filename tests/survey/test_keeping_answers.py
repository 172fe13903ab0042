"""What reaches the store stays there once, and nothing in it leads to a child (survey A13, A16)."""

import os
import random
import sqlite3
import time

import pytest
from tests.survey.made_up import TODAY, open_study

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.survey.codes import ALPHABET, check_character, is_code, make_codes, tidy
from threecircles.survey.field import counted, door, may_begin, opt_out, pupil_codes
from threecircles.survey.keeping import Batch, ConflictError, _rounds, keep
from threecircles.survey.store import Store
from threecircles.survey.study import folder_of

CODES = ("emo1", "emo2", "emo3", "fri1", "fri2")


@pytest.fixture
def postgres():
    """The address of a server to try it on, where one is named."""
    address = os.environ.get("THREECIRCLES_POSTGRES")
    if not address:
        pytest.skip("no PostgreSQL to try: set THREECIRCLES_POSTGRES=postgresql://...")
    pytest.importorskip("psycopg")
    return address


def told(item, value):
    return {"item": item, "value": value, "missing_reason": None if value else "left_out"}


def batches_of(rng):
    """What a tablet sends: numbered batches; the last answer to a question is the one that counts."""
    made, final = [], {}
    for seq in range(1, rng.randint(2, 9)):
        items = [told(rng.choice(CODES), str(rng.randint(1, 5))) for _ in range(rng.randint(1, 3))]
        items = list({i["item"]: i for i in items}.values())
        final |= {i["item"]: i["value"] for i in items}
        made.append((seq, items))
    return made, final


@pytest.mark.parametrize("replays", [600, pytest.param(10_000, marks=pytest.mark.slow)])
def test_replayed_doubled_and_disordered_batches_end_in_the_same_answers(tmp_path, replays):
    "A13: no confirmed answer is lost, none is doubled."
    store = Store(tmp_path / "store.sqlite")
    store.run("PRAGMA synchronous=OFF")
    rng = random.Random(7)
    for _ in range(replays):
        session = store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
        sent, final = batches_of(rng)
        arriving = sent + rng.choices(sent, k=rng.randint(0, 6))
        rng.shuffle(arriving)
        came = set()
        for seq, items in arriving:
            through = store.save(session.token, seq, items)
            came.add(seq)
            assert through == next(n for n in range(len(sent) + 1) if n + 1 not in came)
        assert store.answers(session.key) == final


def test_a_number_that_other_answers_have_is_refused_with_the_next_free_one(tmp_path):
    store = Store(tmp_path / "store.sqlite")
    session = store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
    assert store.save(session.token, 1, [told("emo1", "3")]) == 1
    with pytest.raises(ConflictError) as taken:
        store.save(session.token, 1, [told("emo1", "4")])
    assert taken.value.next_seq == 2
    assert store.save(session.token, 2, [told("emo1", "4")]) == 2
    assert store.answers(session.key) == {"emo1": "4"}


def test_a_killed_process_loses_no_confirmed_answer(tmp_path):
    "A13: what was confirmed is there for a new process, though the old one never closed its store."
    old = Store(tmp_path / "store.sqlite")
    session = old.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
    old.save(session.token, 1, [told("emo1", "5")])
    old._connection.execute("BEGIN")
    old._connection.execute("INSERT INTO log VALUES ('now', 'half written')")
    copy = sqlite3.connect(tmp_path / "store.sqlite")
    assert copy.execute("SELECT value FROM answer").fetchall() == [("5",)]
    assert copy.execute("SELECT * FROM log").fetchall() == []


def test_an_anonymous_store_holds_no_key_to_a_child_or_between_two_forms(tmp_path):
    "A16: inspected over the schema and every cell after the forms are finished."
    _, store, rows = open_study(tmp_path)
    tokens = []
    for _ in range(3):
        session = store.open_session(rows[0]["code"], "pupils_9_11", CODES, "en", "standard")
        store.save(session.token, 1, [told("emo1", "2")])
        store.finish(session.token)
        tokens.append(session.token)
    columns = {
        c["name"] for t in ("session", "answer", "paradata", "consent", "batch")
        for c in store.run(f"PRAGMA table_info({t})")
    }  # fmt: skip
    assert not columns & {"ip", "address", "user_agent", "name", "upn", "dob", "email", "device_id"}
    kept = store.run("SELECT * FROM session")
    assert all(r["token"] is None and r["pupil_code"] is None for r in kept)
    assert len({r["key"] for r in kept}) == 3 and store.run("SELECT * FROM batch") == []
    shared = (
        "class_code",
        "questionnaire",
        "language",
        "mode",
        "given",
        "device",
        "started_on",
        "finished_on",
        "status",
        "at",
    )
    for name in set(kept[0]) - set(shared) - {"token", "pupil_code"}:
        assert len({r[name] for r in kept}) == 3, f"{name} would join two forms"
    everything = [
        str(v)
        for t in ("session", "answer")
        for r in store.run(f"SELECT * FROM {t}")
        for v in r.values()
    ]
    assert not set(tokens) & set(everything)


def test_a_no_leaves_nothing_but_the_count(tmp_path):
    "A16."
    _, store, rows = open_study(tmp_path)
    store.refuse(rows[0]["code"])
    assert store.run("SELECT * FROM session") == [] == store.run("SELECT * FROM answer")
    assert counted(store, class_code=rows[0]["code"])[0].refused == 1


def test_an_opted_out_code_never_opens_and_a_wrong_letter_opens_nothing(tmp_path):
    "A16."
    _, store, rows = open_study(tmp_path, mode="identifiable")
    own = pupil_codes(store, rows[0]["code"], 10, opted_out=1)
    assert [may_begin(store, rows[0]["code"], c) for c in own] == [True] * 9 + [False]
    assert opt_out(store, [own[0].lower()]) == 1 and not may_begin(store, rows[0]["code"], own[0])
    assert not may_begin(store, rows[1]["code"], own[1]), "a code of another class"


def test_a_code_opens_between_its_dates_and_says_when_it_closed(tmp_path):
    "A16."
    from datetime import timedelta

    study, store, rows = open_study(tmp_path)
    typed = f" {rows[0]['code'][:3].lower()}-{rows[0]['code'][3:]} "
    assert door(store, study, typed, TODAY).state == "open"
    late = door(store, study, typed, TODAY + timedelta(40))
    assert (late.state, late.day) == ("closed", study.opens + timedelta(study.school_window_days))
    assert door(store, study, typed, TODAY - timedelta(9)).state == "early"
    assert door(store, study, "222222", TODAY).state == "unknown"


def test_every_wrong_character_and_every_swap_is_seen():
    (code,) = make_codes(1)
    assert is_code(code) and len(code) == 6 and not set(code) & set("0O1IL")
    for place in range(6):
        for other in set(ALPHABET) - {code[place]}:
            assert not is_code(code[:place] + other + code[place + 1 :])
    for place in range(5):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert swapped == code or not is_code(swapped)
    assert check_character("22222") in ALPHABET and tidy(" ab c-d ") == "ABCD"


def test_a_child_goes_on_with_the_same_code_on_another_tablet(tmp_path):
    _, store, rows = open_study(tmp_path, mode="identifiable")
    own = pupil_codes(store, rows[0]["code"], 1)[0]
    first = store.open_session(rows[0]["code"], "pupils_9_11", CODES, "en", "standard", own)
    store.save(first.token, 1, [told("emo1", "1")])
    again = store.open_session(rows[0]["code"], "pupils_9_11", CODES, "pl", "symbol", own)
    assert again.token == first.token and store.next_seq(again.key) == 2


def test_a_study_lies_in_its_own_folder_and_no_other(tmp_path):
    with pytest.raises(UsageError, match="not the name of a study"):
        folder_of(tmp_path, "../elsewhere")


def test_postgresql_keeps_answers_as_sqlite_does(postgres):
    "A13, A15: the same replays on PostgreSQL, where THREECIRCLES_POSTGRES names a server to try it on."
    store = Store(postgres)
    rng = random.Random(9)
    for _ in range(100):
        session = store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
        sent, final = batches_of(rng)
        arriving = sent + rng.choices(sent, k=3)
        rng.shuffle(arriving)
        for seq, items in arriving:
            store.save(session.token, seq, items)
        assert store.answers(session.key) == final
        assert store.finish(session.token) and not store.finish(session.token)
    store.close()


def test_on_postgresql_nothing_is_kept_after_another_server_finished_the_form(postgres):
    "A13, A16: one server sends batches while another finishes the forms; what is kept is what was confirmed."
    from concurrent.futures import ThreadPoolExecutor

    here, there = Store(postgres), Store(postgres)
    rng, cut_short = random.Random(4), 0

    def send(form):
        known, confirmed = {}, 0
        for seq in range(1, 21):
            try:
                with here.writing():
                    (through,) = keep(
                        here, [Batch(form.token, seq, [told("emo1", str(seq))])], known
                    )
            except Exception:  # noqa: BLE001 - the store's own error: the form is finished
                return confirmed
            if isinstance(through, ThreeCirclesError):
                return confirmed
            confirmed = through
        return confirmed

    with ThreadPoolExecutor(1) as beside:
        for _ in range(60):
            form = here.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard")
            sending = beside.submit(send, form)
            time.sleep(rng.random() * 0.05)
            there.finish(form.token)
            last = sending.result()
            cut_short += last < 20
            assert there.answers(form.key) == ({"emo1": str(last)} if last else {})
            assert there.run("SELECT * FROM batch WHERE session=?", (form.key,)) == []
    assert cut_short > 10
    here.close()
    there.close()


def test_a_batch_that_breaks_half_way_leaves_nothing_and_undoes_no_other(tmp_path):
    "A13: the answers beside it are kept, and the same batch can be sent again."
    import asyncio

    from threecircles.web.survey.live import Writer

    store = Store(tmp_path / "store.sqlite")
    first, second = (
        store.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard") for _ in "ab"
    )
    good = [{"item": CODES[0], "value": "1", "missing_reason": None}]
    # The number of the first answer is taken, then the second cannot be kept.
    bad = [*good, {"item": CODES[1], "value": "2", "missing_reason": None, "client_ms": 2**70}]
    writer = Writer(store)

    async def together():
        jobs = [(first.token, good), (second.token, bad), (first.token, good)]
        return await asyncio.gather(
            *(writer.do(lambda s, t=t, i=i: s.save(t, 1, i)) for t, i in jobs),
            return_exceptions=True,
        )

    kept, broken, again = asyncio.run(together())
    assert kept == again == 1 and isinstance(broken, OverflowError)
    assert store.answers(first.key) == {CODES[0]: "1"} and store.answers(second.key) == {}
    assert store.save(second.token, 1, good) == 1 and store.answers(second.key) == {CODES[0]: "1"}
    writer.close()
    store.close()


def test_what_another_server_kept_or_finished_is_seen_though_this_one_remembers(tmp_path):
    "A13, A15: two servers on one store; the second works on a form that the first believes it knows."
    import asyncio

    from threecircles.web.survey.live import Writer

    here, there = Store(tmp_path / "store.sqlite"), Store(tmp_path / "store.sqlite")
    form, other, beside = (
        here.open_session("ABCDEF", "pupils_9_11", CODES, "en", "standard") for _ in "abc"
    )
    writer = Writer(here)

    def sent(*batches):
        async def all_at_once():
            return await asyncio.gather(*(writer.do(b) for b in batches), return_exceptions=True)

        return asyncio.run(all_at_once())

    def batch(of, seq, value):
        return Batch(of.token, seq, [told("emo1", value)])

    assert sent(batch(form, 1, "1"), batch(other, 1, "1")) == [1, 1]
    there.save(form.token, 2, [told("emo1", "2")])
    again, taken, fine = sent(batch(form, 2, "2"), batch(form, 2, "5"), batch(beside, 1, "4"))
    assert (again, fine) == (2, 1)
    assert isinstance(taken, ConflictError) and taken.next_seq == 3
    there.finish(other.token)
    late, fine = sent(batch(other, 2, "5"), batch(form, 3, "3"))
    assert isinstance(late, UsageError) and fine == 3
    assert [here.answers(x.key) for x in (form, other, beside)] == [
        {"emo1": "3"}, {"emo1": "1"}, {"emo1": "4"},
    ]  # fmt: skip
    assert here.run("SELECT * FROM batch WHERE session=?", (other.key,)) == []
    writer.close()


def test_batches_kept_together_end_as_batches_kept_one_by_one(tmp_path):
    "A13, A15: answers, times and what each sender hears are equal, with repeats, conflicts and lost forms."
    one, many = Store(tmp_path / "one.sqlite"), Store(tmp_path / "many.sqlite")
    for store in (one, many):
        store.run("PRAGMA synchronous=OFF")
    rng, tokens = random.Random(3), ["nobody"]
    for n in range(1, 7):
        tokens.append(f"t{n}")
        row = {
            "key": n, "token": tokens[-1], "class_code": "ABCDEF", "questionnaire": "pupils_9_11",
            "given": "[]", "status": "open",
        }  # fmt: skip
        for store in (one, many):
            with store.writing():
                store.insert("session", [row])

    def heard(work):
        try:
            return work()
        except ThreeCirclesError as error:
            return type(error).__name__, str(error)

    conflicts = 0
    for _ in range(120):
        group = [
            Batch(
                rng.choice(tokens), rng.randint(1, 12),
                [told(rng.choice(CODES), str(rng.randint(1, 3))) | {"shown_ms": 100, "changes": rng.randint(0, 2)}],
            )
            for _ in range(rng.randint(1, 9))
        ]  # fmt: skip
        with many.writing():
            together = keep(many, group)
        told_many = [r if isinstance(r, int) else (type(r).__name__, str(r)) for r in together]
        told_one = [heard(lambda b=b: one.save(b.token, b.seq, b.items)) for b in group]
        # One by one a sender hears how far things are now; together, how far they are after all of them.
        kinds = [[x if isinstance(x, tuple) else "kept" for x in told] for told in (told_many, told_one)]  # fmt: skip
        assert kinds[0] == kinds[1]
        last = {b.token: r for b, r in zip(group, told_one, strict=True) if isinstance(r, int)}
        assert all(
            r == last[b.token] for b, r in zip(group, told_many, strict=True) if isinstance(r, int)
        )
        conflicts += sum(k[0] == "ConflictError" for k in kinds[0])
    assert conflicts > 20
    for table in ("batch", "answer", "paradata"):
        rows = [sorted(map(str, store.run(f"SELECT * FROM {table}"))) for store in (one, many)]
        assert rows[0] == rows[1] and len(rows[0]) > 20


def test_no_statement_writes_one_place_twice():
    rows = [(1, "a", 1), (1, "b", 2), (1, "a", 3), (2, "a", 4), (1, "a", 5)]
    assert _rounds(rows) == [[rows[0], rows[1], rows[3]], [rows[2]], [rows[4]]]
    assert [len(part) for part in _rounds((n, "a") for n in range(4_500))] == [2_000, 2_000, 500]
    assert _rounds([]) == []
