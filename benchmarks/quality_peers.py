"""Runs a public validator on a generated return, inside its own Python: without it no ratio could be shown.

Started by quality_check.py as: PYTHON quality_peers.py 903|cin PATH YEAR
PYTHON is an interpreter with csc-validator-be-903 or csc-validator-be-cin installed (they ask for Python 3.9
and pandas before 2). Prints wall seconds, processor seconds and peak megabytes of reading, checking and the
reports that the validator offers: by rule and by child, as CSV. Ours is timed with its reports too.
"""

import importlib
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

NAMES = {
    "AD1": "ad1", "Episodes": "episodes", "Header": "header", "Missing": "missing", "OC2": "oc2", "OC3": "oc3",
    "PlacedAdoption": "placed_for_adoption", "PrevPerm": "previous_permanence", "Reviews": "reviews",
    "UASC": "uasc", "SWEpisodes": "sw_episodes",
}  # fmt: skip


def looked_after(folder, year):
    from lac_validator.lac_validator import LacValidator
    from lac_validator.report import Report
    from lac_validator.utils import process_uploaded_files

    paths = [str(path) for path in sorted(Path(folder).glob("*.csv")) if path.stem in NAMES]
    rules = importlib.import_module(f"lac_validator.rules.lac{year - 1}_{year % 100:02d}").registry
    checked = LacValidator(
        metadata={"collectionYear": str(year - 1), "localAuthority": "E10000020"},
        files=process_uploaded_files({"This year": paths}),
        registry=rules,
        selected_rules=None,
    )
    report = Report(checked.ds_results, rules)
    for sheet in ("errors", "children"):
        report.csv_report(sheet)


def in_need(path, year):
    from cin_validator import cin_validator

    rules = importlib.import_module(f"cin_validator.rules.cin{year - 1}_{year % 100:02d}").registry
    raw = cin_validator.convert_data(ET.parse(path).getroot())
    cin_validator.CinValidator(cin_validator.process_data(raw), rules, selected_rules=None)


def peak():
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    run = {"903": looked_after, "cin": in_need}[sys.argv[1]]
    started, used = time.perf_counter(), time.process_time()
    run(sys.argv[2], int(sys.argv[3]))
    print(time.perf_counter() - started, time.process_time() - used, peak())
