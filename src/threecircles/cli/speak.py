"""What a person sees when something stops: a sentence and an exit code, never a stack trace."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from threecircles.core.errors import INTERNAL, ThreeCirclesError


@contextmanager
def speaking() -> Iterator[None]:
    """Turn errors into sentences on standard error and end with the exit code of spec/INDEX.md."""
    try:
        yield
    except ThreeCirclesError as error:
        print(str(error), file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        print("Stopped. What was finished is kept; run the same command to go on.", file=sys.stderr)
        raise SystemExit(INTERNAL) from None
    except BrokenPipeError:
        # The reader (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:  # noqa: BLE001 - the last door: nothing above may show a trace
        reference = _keep(error)
        print(
            f"Something inside Three Circles went wrong ({type(error).__name__}); your data was not changed.\n"
            f"Reference: {reference}\nMend: please report it with this reference.",
            file=sys.stderr,
        )
        raise SystemExit(INTERNAL) from None


def _keep(error: Exception) -> str:
    """Write where it happened (file, line and function, never values) and return the file's name."""
    folder = Path(os.environ.get("THREECIRCLES_LOGS", Path.home() / ".cache" / "threecircles"))
    name = f"fault-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    places = [
        f"{Path(f.filename).name}:{f.lineno} {f.name}"
        for f in traceback.extract_tb(error.__traceback__)
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join([type(error).__name__, *places]) + "\n")
    except OSError:
        return " < ".join(reversed(places[-4:]))
    return str(folder / name)
