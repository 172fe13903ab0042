"""What somebody sees who clones the repository and types ./run --once: does it end well, how long, what is there (spine S1).

    python benchmarks/fresh_clone.py [--test] [--place borough] [--keep FOLDER]

Clones the repository this file stands in, as it is committed, into a temporary folder, and runs `./run --once`
there in an environment of its own: nothing of this checkout is used but its commits (packages come from the
caches and registries that pip, uv and npm are set up with). Prints seconds, exit codes and what was made. --test runs
`./test` there too. The program ends with 1 when a command fails, or when pages or downloads are missing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("index", "need", "services", "spend", "places", "quality", "linkage", "methods")
"""Pages that every pack has; neighbours need published files, which a clone has not (THREECIRCLES_DATA)."""
DOWNLOADS = ("pack.json", "pack.pdf", "pack.xlsx")


def main() -> int:
    """Print the time and the end of each command, and what was made; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--place", default="borough")
    parser.add_argument("--test", action="store_true", help="run ./test in the clone too")
    parser.add_argument("--keep", type=Path, help="an empty folder for the clone, kept afterwards")
    asked = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as temporary:
        home = asked.keep or Path(temporary)
        clone = home / "clone"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
        print(f"commit {_out(clone, 'git', 'rev-parse', '--short', 'HEAD')}")
        wrong = timed(clone, home, "./run", "--once", "--place", asked.place)
        wrong += missing(clone / "demo" / asked.place / "workspace" / "release" / "site")
        if asked.test:
            wrong += timed(clone, home, "./test")
        changed = _out(clone, "git", "status", "--porcelain")
        if changed:
            print(f"files that git does not ignore were made or changed:\n{changed}")
        return 1 if wrong or changed else 0


def timed(clone: Path, home: Path, *command: str) -> int:
    """Run a command of the clone, say how it ended and how long it took; 1 when it failed."""
    own = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    own |= {"THREECIRCLES_KEYS": str(home / "keys"), "THREECIRCLES_LOGS": str(home / "logs")}
    began, log = time.monotonic(), home / f"{Path(command[0]).name}.log"
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.run(
            command, cwd=clone, env=own, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
    print(f"{' '.join(command)}: exit code {code}, {time.monotonic() - began:.0f} s", flush=True)
    last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-30 if code else -1 :]
    print("\n".join(f"    {line}" for line in last), flush=True)
    return int(code != 0)


def missing(site: Path) -> int:
    """Count what was released; the number of things that should be there and are not."""
    pages = sorted(site.rglob("*.html"))
    top = [p for p in pages if p.parent == site]
    data = [p for p in (site / "data").rglob("*") if p.is_file()] if site.exists() else []
    lacking = [p for p in PAGES if not (site / f"{p}.html").exists()]
    lacking += [d for d in DOWNLOADS if not (site / d).exists()]
    print(
        f"made: {len(top)} pages, {len(pages) - len(top)} pages of lineage and of choices, {len(data)} files of data; "
        f"missing: {', '.join(lacking) or 'none'}"
    )
    return len(lacking) + (not data)


def _out(folder: Path, *command: str) -> str:
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
