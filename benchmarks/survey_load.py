"""Survey A15: answer round-trips under load, against an empty page of the same server in the same run.

    python benchmarks/survey_load.py --pupils 30 --seconds 60     # one class starting in a minute
    python benchmarks/survey_load.py --morning 30                 # 300 classes of 30 in three hours, at six times the speed
    python benchmarks/survey_load.py --morning 5                  # the first 5 minutes of that half hour
    python benchmarks/survey_load.py --store postgresql://...     # the same on PostgreSQL

Three hours of 300 classes of 30 at six times the speed is 9,000 pupils in 30 minutes: 5 pupils begin a
second and each is busy for two minutes, so about 500 are answering at any time. A slice of it has the
same arrivals; what is measured begins when the form is as full as it will be, after 100 seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
SERVER = """
import sys; sys.path[:0] = [{root!r}]
import uvicorn
from pathlib import Path
from tests.survey.made_up import open_study
from threecircles.web.survey import survey_app
folder = Path({folder!r})
_, store, rows = open_study(folder, schools=150, years=(5, 8), on_roll=30, more={more!r})
(folder / "codes").write_text(" ".join(r["code"] for r in rows))
uvicorn.run(survey_app(folder, ("127.0.0.1",)), port={port}, log_level="error", access_log=False)
"""


class Tablet:
    """One browser's connection, kept open: the little of HTTP that the survey's pages speak.

    A client library costs as much a request as the server does, and then it is the client that is slow.
    """

    def __init__(self, port: int) -> None:
        self.port, self.cookie = port, ""
        self.coming: asyncio.StreamReader | None = None

    async def ask(self, path: str, body: str = "", kind: str = "") -> tuple[int, bytes]:
        """Status and body of the answer; what the server asks to be kept is sent with the next.

        Servers close what is idle: as a browser does, it connects again and sends once more.
        """
        head = f"{'POST' if kind else 'GET'} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        if kind:
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        if self.cookie:
            head += f"Cookie: {self.cookie}\r\n"
        sent = f"{head}\r\n{body}".encode()
        try:
            return await self._sent(sent)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.coming = None
            return await self._sent(sent)

    async def _sent(self, sent: bytes) -> tuple[int, bytes]:
        if self.coming is None or self.coming.at_eof():
            self.coming, self.going = await asyncio.open_connection("127.0.0.1", self.port)
        self.going.write(sent)
        told = (await self.coming.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        said = dict(line.lower().split(": ", 1) for line in told[1:] if ": " in line)
        kept = [line for line in told if line.lower().startswith("set-cookie: tc_survey=")]
        if kept:
            self.cookie = kept[0].split(": ", 1)[1].split(";")[0]
        return int(told[0].split()[1]), await self.coming.readexactly(int(said["content-length"]))


@cache
def answers_to(screens: bytes) -> list[tuple[str, str]]:
    """Each question with one answer and its second choice. Five hundred tablets read the same screens here:
    read anew by each they would hold up the others, as no tablet in a school holds up another."""
    chosen = []
    for item in json.loads(screens)["items"]:
        values = [part.split('"')[0] for part in item["html"].split('value="')[1:]]
        own = [v for v in values if v not in ("next", "back", "skip", "prefer_not") and v.strip()]
        if item["type"] == "single":
            chosen.append((item["code"], own[1]))
    return chosen


async def pupil(
    port: int, code: str, think: float, times: dict[str, list[float]], counted_from: float
) -> None:
    """One pupil: code, yes, every question in batches as the tablet sends them, finish."""
    rng, tablet, form = random.Random(code), Tablet(port), "application/x-www-form-urlencoded"
    await tablet.ask("/survey/code", f"code={code}&language=en", form)
    await tablet.ask("/survey/start", f"code={code}&consent=yes&language=en&mode=standard", form)
    token = tablet.cookie.partition("=")[2]
    _, told = await tablet.ask("/survey/screens")
    for seq, (item, value) in enumerate(answers_to(told), start=1):
        await asyncio.sleep(rng.expovariate(1 / think))
        answer = {"item": item, "value": value, "missing_reason": None, "shown_ms": 900}
        body = json.dumps({"session_uuid": token, "seq": seq, "items": [answer]})
        begun = time.perf_counter()
        status, told = await tablet.ask("/survey/batch", body, "application/json")
        times["answer" if begun >= counted_from else "before"].append(time.perf_counter() - begun)
        if status != 200 or json.loads(told)["through"] != seq:
            times["wrong"].append(status)
        if seq % 8 == 0:
            begun = time.perf_counter()
            await tablet.ask("/survey/away")
            times["empty" if begun >= counted_from else "before"].append(
                time.perf_counter() - begun
            )
    status, _ = await tablet.ask(
        "/survey/finish", json.dumps({"session_uuid": token}), "application/json"
    )
    if status != 200:
        times["wrong"].append(status)
    tablet.going.close()


async def play(
    port: int, codes: list[str], pupils: int, seconds: float, speed: float, counted_after: float
) -> dict[str, list[float]]:
    """Pupils begin evenly over the seconds; each thinks 15 s a question, divided by the speed."""
    times: dict[str, list[float]] = {"answer": [], "empty": [], "before": [], "wrong": []}
    counted_from = time.perf_counter() + counted_after
    jobs, begun = [], time.perf_counter()
    for k in range(pupils):
        # By the clock: a late start would thin the load out.
        await asyncio.sleep(max(0.0, begun + k * seconds / pupils - time.perf_counter()))
        code = codes[k % len(codes)]
        jobs.append(asyncio.create_task(pupil(port, code, 15 / speed, times, counted_from)))
    if counted_after:
        # The end of a slice: those who are still answering would answer a server that empties.
        await asyncio.sleep(max(0.0, begun + seconds - time.perf_counter()))
        for job in jobs:
            job.cancel()
    told = await asyncio.gather(*jobs, return_exceptions=True)
    times["wrong"] += [0.0 for t in told if isinstance(t, Exception)]
    return times


def processor_seconds(pid: int) -> float:
    """Seconds of processor that a process has used: what an answer costs, however busy the machine is."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], share: float) -> float:
    """The value that a share of them does not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main() -> None:
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--pupils", type=int, default=30)
    asked.add_argument("--seconds", type=float, default=60)
    asked.add_argument("--speed", type=float, default=6)
    asked.add_argument("--morning", type=float, default=0, help="minutes of the half hour")
    asked.add_argument("--store", default="")
    asked.add_argument("--port", type=int, default=8790)
    given = asked.parse_args()
    counted_after = 0.0
    if given.morning:
        given.pupils, given.seconds, given.speed = int(300 * given.morning), 60 * given.morning, 6
        counted_after = min(100.0, given.seconds * 2 / 3)
    with tempfile.TemporaryDirectory() as folder:
        more = f"store: {given.store}" if given.store else ""
        text = SERVER.format(root=str(ROOT), folder=folder, port=given.port, more=more)
        server = subprocess.Popen([sys.executable, "-c", text])
        try:
            address = f"http://127.0.0.1:{given.port}"
            for _ in range(240):
                try:
                    httpx.get(f"{address}/survey/away", timeout=2)
                    break
                except httpx.HTTPError:
                    time.sleep(0.5)
            codes = (Path(folder) / "codes").read_text().split()
            begun, spent = time.perf_counter(), processor_seconds(server.pid)
            times = asyncio.run(
                play(given.port, codes, given.pupils, given.seconds, given.speed, counted_after)
            )
            took = time.perf_counter() - begun
            spent = processor_seconds(server.pid) - spent
        finally:
            server.terminate()
            server.wait()
    answers, empty = times["answer"], times["empty"]
    print(
        json.dumps(
            {
                "pupils": given.pupils, "seconds": round(took, 1), "answers": len(answers), "a_second": round((len(answers) + len(times["before"])) / took, 1),
                "p50_ms": round(1000 * statistics.median(answers), 1), "p95_ms": round(1000 * percentile(answers, 0.95), 1),
                "empty_p95_ms": round(1000 * percentile(empty, 0.95), 1),
                "server_processor_ms_an_answer": round(1000 * spent / (len(answers) + len(times["before"])), 2), "load": os.getloadavg()[0],
                "ratio": round(percentile(answers, 0.95) / percentile(empty, 0.95), 2), "wrong": len(times["wrong"]),
                "store": "postgresql" if given.store else "sqlite",
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
