"""Studies that are open on this server: their forms, their store, and one writer for each."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from threecircles.core.errors import ThreeCirclesError
from threecircles.survey.codes import is_code
from threecircles.survey.connection import StoreGoneError
from threecircles.survey.field import Door, door, store_of
from threecircles.survey.keeping import Batch, Come, keep
from threecircles.survey.opening import OPENED
from threecircles.survey.questionnaire import Item, Questionnaire, items, questionnaire
from threecircles.survey.recordings import KINDS
from threecircles.survey.store import Session, Store
from threecircles.survey.study import Study, folder_of, load_study, studies
from threecircles.survey.wording import RIGHT_TO_LEFT, of_item, texts

LANGUAGES = {"en": "English", "pl": "Polski", "ar": "العربية", "cy": "Cymraeg"}
TOGETHER = 256
"""Writes that share one commit at most."""
TURN = 0.001
"""Seconds after which a thread gives way to another one. With Python's own .005 the writer would wait longer
for its turn than for the disk."""
REMEMBERED = 20_000
"""Open forms that a server remembers at most."""
Job = tuple[Callable[[Store], Any] | Batch, asyncio.Future[Any]]


class Writer:
    """Writes that come at the same time share one commit: thirty tablets need no thirty disk flushes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._come: dict[str, Come] = {}
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True, name="survey-writer")
        self._thread.start()

    async def do(self, work: Callable[[Store], Any] | Batch) -> Any:
        """The result of `work`, once it is committed; of a batch the number up to which all have come."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.put((work, done))
        return await done

    def forget(self, token: str) -> None:
        """Forget what has come of a form that is finished."""
        self._come.pop(token, None)

    def close(self) -> None:
        """End after what is waiting."""
        self._waiting.put(None)
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while True:
            jobs: list[Job] = []
            job = self._waiting.get()
            while job is not None:
                jobs.append(job)
                if len(jobs) == TOGETHER or self._waiting.empty():
                    break
                job = self._waiting.get()
            if jobs:
                _deliver([done for _, done in jobs], self._commit(jobs))
            if job is None:
                return

    def _commit(self, jobs: list[Job], again: bool = False) -> list[Any]:
        """The result of each job, or the error in its place."""
        try:
            with self.store.writing():
                return self._done(jobs)
        except Exception as error:  # noqa: BLE001 - nothing was kept: whoever sent it hears so
            self._come.clear()
            if len(jobs) > 1:
                # One that broke half way may have written a half: all is undone, and each tried alone.
                return [told for job in jobs for told in self._commit([job])]
            # What is kept twice is kept once, so that a lost connection, or another server that was
            # quicker by a hair, costs one more try and no child a press.
            return [error] if again else self._commit(jobs, again=True)

    def _done(self, jobs: list[Job]) -> list[Any]:
        """The result of each job, or the refusal in its place; a refusal has written nothing, the others go on."""
        told: list[Any] = [None] * len(jobs)
        batches = [(i, work) for i, (work, _) in enumerate(jobs) if isinstance(work, Batch)]
        if len(self._come) > REMEMBERED:
            self._come.clear()
        kept = keep(self.store, [work for _, work in batches], self._come)
        for (i, _), result in zip(batches, kept, strict=True):
            told[i] = result
        for i, (work, _) in enumerate(jobs):
            if isinstance(work, Batch):
                continue
            try:
                told[i] = work(self.store)
            except StoreGoneError:
                raise
            except ThreeCirclesError as error:
                told[i] = error
        return told


def _deliver(waiting: list[asyncio.Future[Any]], told: list[Any]) -> None:
    """Each result to whoever waits for it: all that wait in one loop are told at once."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for done, result in zip(waiting, told, strict=True):
        loops.setdefault(done.get_loop(), []).append((done, result))
    for loop, pairs in loops.items():
        # A loop that has ended waits for nothing any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, pairs)


def _tell(pairs: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for done, result in pairs:
        if done.done():
            continue
        if isinstance(result, BaseException):
            done.set_exception(result)
        else:
            done.set_result(result)


@dataclass
class Live:
    """One open study. reader: a connection of its own, so that reading never waits for a commit."""

    study: Study
    workspace: Path
    writer: Writer
    reader: Store
    _forms: dict[str, tuple[Questionnaire, dict[str, Item]]] = field(default_factory=dict)
    _texts: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    _own: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    blank: dict[tuple[Any, ...], tuple[str, ...]] = field(default_factory=dict)
    """Screens without an answer, as they were last made for a form, language, mode and order."""

    def form(self, name: str) -> tuple[Questionnaire, dict[str, Item]]:
        """A questionnaire and its questions by code."""
        if name not in self._forms:
            found = questionnaire(name, self.workspace)
            own = {i.code: i for i in items(found, self.workspace)}
            self._forms[name] = (found, own)
        return self._forms[name]

    def texts(self, name: str, language: str) -> dict[str, str]:
        """Every text of a questionnaire in a language, English where there is none."""
        if (name, language) not in self._texts:
            self._texts[name, language] = texts(self.form(name)[0], language, self.workspace)
        return self._texts[name, language]

    def falls_back(self, name: str, language: str, item: Item) -> bool:
        """Whether a question is shown in English because it has no text in the language."""
        if language == "en":
            return False
        key = (name, language)
        if key not in self._own:
            asked = self.form(name)[1].values()
            self._own[key] = {
                i.code
                for i in asked
                if (words := of_item(i, language, self.workspace)) and words.items.get(i.code)
            }
        return item.code not in self._own[key]

    def languages(self, name: str) -> list[tuple[str, str, str]]:
        """Languages of a form in this study: code, own name, direction."""
        found = self.form(name)[0]
        both = [x for x in found.languages if x in self.study.languages]
        return [(x, LANGUAGES.get(x, x), "rtl" if x in RIGHT_TO_LEFT else "ltr") for x in both]

    def recording(self, language: str, key: str) -> Path | None:
        """The recorded file of a text, where there is one."""
        for kind in KINDS:
            path = self.workspace / "surveys" / "audio" / language / f"{key}.{kind}"
            if path.exists():
                return path
        return None


class Surveys:
    """The open studies of a workspace. Found anew when one is opened or closed."""

    def __init__(self, workspace: Path) -> None:
        sys.setswitchinterval(TURN)
        self.workspace = workspace
        self._live: dict[str, Live] = {}
        self._seen: dict[str, float] = {}
        self._begun: dict[str, tuple[Live, Session]] = {}

    def live(self) -> list[Live]:
        """Every study that `survey open` has opened and `survey close` has not closed."""
        for name in studies(self.workspace):
            mark = folder_of(self.workspace, name) / OPENED
            changed = mark.stat().st_mtime if mark.exists() else 0.0
            if changed and self._seen.get(name) != changed:
                study = load_study(self.workspace, name)
                writer = Writer(store_of(self.workspace, study))
                self._live[name] = Live(
                    study, self.workspace, writer, store_of(self.workspace, study)
                )
                self._seen[name] = changed
            elif not changed and name in self._live:
                self._live.pop(name).writer.close()
                self._seen.pop(name, None)
        return list(self._live.values())

    def door(self, typed: str, today: date | None = None) -> tuple[Live | None, Door]:
        """The study and class that a typed code opens."""
        for live in self.live() if is_code(typed) else []:
            found = door(live.reader, live.study, typed, today or date.today())
            if found.state != "unknown":
                return live, found
        return None, Door("unknown")

    def session(self, token: str) -> tuple[Live, Session] | None:
        """The study and session of a token."""
        for live in self._live.values() or self.live():
            found = live.reader.session(token)
            if found is not None:
                return live, found
        return None

    def begun(self, token: str) -> tuple[Live, Session] | None:
        """As `session`, from memory where it can be: for what stays while a form is open (its questions and
        class). Whether it is open still, the store says when something is kept."""
        if token not in self._begun and (found := self.session(token)) is not None:
            self.remember(token, *found)
        return self._begun.get(token)

    def remember(self, token: str, live: Live, session: Session) -> None:
        """Remember a form that has been opened."""
        if len(self._begun) >= REMEMBERED:
            self._begun.clear()
        self._begun[token] = (live, session)

    def forget(self, token: str) -> None:
        """Forget a form that is finished: nothing may lead from a tablet back to its answers."""
        if found := self._begun.pop(token, None):
            found[0].writer.forget(token)

    def close(self) -> None:
        """End every writer."""
        for live in self._live.values():
            live.writer.close()
