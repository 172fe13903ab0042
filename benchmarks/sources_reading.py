"""Reading a CIN census of N children, beside a bare parse of the same file (quality A26, A27).

    python benchmarks/sources_reading.py 20000
    python benchmarks/sources_reading.py 200000

Prints file size, rows, seconds, the ratio to a bare expat pass with empty handlers, and peak memory.
Bounds: ratio at most 6; below 500 MB at 200,000 children.
"""

from __future__ import annotations

import datetime as dt
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from xml.parsers import expat

from threecircles.sources import read

HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<Message>\n  <Header><CollectionDetails><Collection>CIN</Collection>'
    "<Year>2026</Year><ReferenceDate>2026-03-31</ReferenceDate></CollectionDetails><Source><LEA>999</LEA></Source>"
    "</Header>\n  <Children>\n"
)


def write_census(path: Path, children: int, seed: int = 1) -> None:
    """A census of made-up children with every module, indented as case systems write it."""
    rng = random.Random(seed)

    def day(first: int = 2024, last: int = 2026) -> str:
        return (
            dt.date(first, 1, 1) + dt.timedelta(days=rng.randrange((last - first) * 365))
        ).isoformat()

    def leaf(depth: int, tag: str, text: str) -> str:
        return f"{' ' * depth}<{tag}>{text}</{tag}>\n"

    with path.open("w", encoding="utf-8") as out:
        out.write(HEAD)
        for number in range(children):
            out.write("    <Child>\n      <ChildIdentifiers>\n")
            out.write(
                leaf(8, "LAchildID", f"C{number:09d}")
                + leaf(8, "UPN", f"A{rng.randrange(10**12):012d}")
            )
            out.write(
                leaf(8, "PersonBirthDate", day(2008, 2025)) + leaf(8, "Sex", rng.choice("MFU"))
            )
            out.write(
                "      </ChildIdentifiers>\n      <ChildCharacteristics>\n"
                + leaf(8, "Ethnicity", "WBRI")
            )
            out.write(
                "        <Disabilities>\n"
                + leaf(10, "Disability", "NONE")
                + "        </Disabilities>\n"
            )
            out.write("      </ChildCharacteristics>\n")
            for _ in range(1 + (rng.random() < 0.3)):
                _write_module(out, rng, day, leaf)
            out.write("    </Child>\n")
        out.write("  </Children>\n</Message>\n")


def _write_module(out, rng, day, leaf) -> None:
    out.write(
        "      <CINdetails>\n" + leaf(8, "CINreferralDate", day()) + leaf(8, "ReferralSource", "1A")
    )
    out.write(
        leaf(8, "PrimaryNeedCode", "N1")
        + leaf(8, "CINclosureDate", day())
        + leaf(8, "ReasonForClosure", "RC7")
    )
    out.write("        <Assessments>\n" + leaf(10, "AssessmentActualStartDate", day()))
    out.write(
        leaf(10, "AssessmentAuthorisationDate", day())
        + "          <FactorsIdentifiedAtAssessment>\n"
    )
    out.write(leaf(12, "AssessmentFactors", "1A") + leaf(12, "AssessmentFactors", "3B"))
    out.write("          </FactorsIdentifiedAtAssessment>\n        </Assessments>\n")
    out.write(
        "        <CINPlanDates>\n"
        + leaf(10, "CINPlanStartDate", day())
        + "        </CINPlanDates>\n"
    )
    out.write(leaf(8, "ReferralNFA", "0"))
    if rng.random() < 0.4:
        out.write(
            "        <Section47>\n"
            + leaf(10, "S47ActualStartDate", day())
            + leaf(10, "ICPCnotRequired", "0")
        )
        out.write(
            "        </Section47>\n        <ChildProtectionPlans>\n"
            + leaf(10, "CPPstartDate", day())
        )
        out.write(
            leaf(10, "InitialCategoryOfAbuse", "NEG") + leaf(10, "LatestCategoryOfAbuse", "NEG")
        )
        out.write(
            leaf(10, "NumberOfPreviousCPP", "0")
            + "          <Reviews>\n"
            + leaf(12, "CPPreviewDate", day())
        )
        out.write(
            leaf(12, "CPPreviewDate", day())
            + "          </Reviews>\n        </ChildProtectionPlans>\n"
        )
    out.write("      </CINdetails>\n")


def bare_pass(path: Path) -> float:
    """CPU seconds of expat with handlers that do nothing."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: None
    parser.EndElementHandler = lambda name: None
    parser.CharacterDataHandler = lambda text: None
    start = time.process_time()
    with path.open("rb") as stream:
        parser.ParseFile(stream)
    return time.process_time() - start


def main(children: int) -> None:
    """Write, read, compare, print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cin.xml"
        write_census(path, children)
        bare = bare_pass(path)
        before, wall = time.process_time(), time.perf_counter()
        reading = read(path, return_name="cin", year=2026)
        cpu, wall = time.process_time() - before, time.perf_counter() - wall
        rows = sum(t.height for t in reading.tables.values())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{children:,} children, {path.stat().st_size / 1e6:.1f} MB, {rows:,} rows")
        print(
            f"read {wall:.1f} s ({cpu:.1f} s of processor), bare pass {bare:.2f} s, ratio {cpu / bare:.1f}, peak {peak:.0f} MB"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
