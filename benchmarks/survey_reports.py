"""Survey A21, A22: from close to the reports of all schools, attacked together, and again with one school changed.

    python benchmarks/survey_reports.py                        # 160 schools, 9,920 pupils
    python benchmarks/survey_reports.py --schools 16 --roll 30
    python benchmarks/survey_reports.py --next-wave            # and a second wave, attacked with the first in hand

Every figure of every report is attacked together by linear algebra before anything is written; the
command refuses to write otherwise. Prints seconds of the clock and of the processor, memory and counts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from threecircles.cli.survey_run import write_reports
from threecircles.core.memory import peak_memory_mb
from threecircles.survey.closing import close
from threecircles.survey.study import folder_of, load_study


def main() -> None:
    # The made-up study of the tests: they are beside this folder, not in the package.
    sys.path[:0] = [str(Path(__file__).parents[1])]
    from tests.survey.made_up import GRANT
    from tests.survey.test_from_close_to_report import answered

    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--schools", type=int, default=160)
    asked.add_argument("--roll", type=int, default=34)
    asked.add_argument("--next-wave", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        answered(folder, schools=given.schools, on_roll=given.roll)
        study = load_study(folder, "autumn")
        roll = folder_of(folder, study.id) / "roll.csv"
        lines = ["urn,nc_year,sex,pupils"]
        for k in range(given.schools):
            lines += [f"{100001 + k},{y},{s},{given.roll // 2}" for y in (5, 6) for s in "FM"]
        roll.write_text("\n".join(lines) + "\n")
        words = ["close to reports", "one school changed"]
        for word in words + ["close to reports, second wave"] * given.next_wave:
            if word.endswith("wave"):
                more = 'wave: "2"\nfollows: autumn'
                answered(folder, given.schools, given.roll, study_id="autumn2", more=more)
                study = load_study(folder, "autumn2")
            begun, spent = time.perf_counter(), time.process_time()
            if word.startswith("close"):
                close(folder, study, GRANT, date(2026, 12, 1))
            else:
                lines[1] = lines[1].rpartition(",")[0] + f",{given.roll // 2 + 3}"
                roll.write_text("\n".join(lines) + "\n")
            done = write_reports(folder, study, folder / "out", date(2026, 12, 2), tell=print)
            told = {
                "what": word, "schools": len(done.schools), "written": len(done.schools) - len(done.unchanged),
                "without_sex": len(done.without_sex), "seconds": round(time.perf_counter() - begun, 1),
                "processor_seconds": round(time.process_time() - spent, 1),
                "peak_mb": round(peak_memory_mb()), "load": os.getloadavg()[0],
            }  # fmt: skip
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
