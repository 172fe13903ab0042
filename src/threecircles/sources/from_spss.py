"""Reads SPSS survey files with kinds of missing kept: without it "refused" and "not asked" would be one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.sources.declared import Source
from threecircles.sources.from_text import lay_rows
from threecircles.sources.laid import Found
from threecircles.sources.reading import Limits, Problem
from threecircles.sources.received import Received
from threecircles.sources.recognise import best, not_recognised


def read_spss(received: Received, sources: Sequence[Source], limits: Limits, found: Found) -> None:
    """Lay an SPSS file on a declared table by its variable names. Needs the `spss` extra."""
    record = found.file(
        path=received.path,
        member=received.member,
        sha256=received.sha256,
        bytes=received.size,
        kind="SPSS",
    )
    try:
        frame = survey_frame(received)[0]
    except ImportError:
        found.problems.append(
            Problem(record.file_id, "extra-not-installed", record.name, "SPSS files need the extra `spss`.",
                    mend="pip install 'threecircles[spss]', or save the file as CSV.")
        )  # fmt: skip
        return
    except (ValueError, OSError, RuntimeError) as error:
        found.problems.append(
            Problem(record.file_id, "file-broken", record.name, "The SPSS file is damaged.", type(error).__name__,
                    mend="Save it again from SPSS.")
        )  # fmt: skip
        return
    cells = frame.columns
    fits = best(cells, sources)
    if len(fits) != 1:
        found.problems.append(not_recognised(record.file_id, record.name, cells, sources))
        return
    texts = frame.select(pl.all().cast(pl.Utf8)).rename({c: f"c{i}" for i, c in enumerate(cells)})
    at = pl.int_range(1, frame.height + 1, eager=True)
    lay_rows(texts, at, cells, fits[0], record, found)


def survey_frame(received: Received) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The rows with user-missing values kept, and the codebook: labels, value labels, missing ranges.

    Raises ValueError for a file that is cut short or damaged.
    """
    import pyreadstat
    from pyreadstat._readstat_parser import PyreadstatError, ReadstatError

    with tempfile.NamedTemporaryFile(suffix=".sav") as file:
        with received.open() as stream:
            file.write(stream.read())
        file.flush()
        try:
            frame, meta = pyreadstat.read_sav(
                Path(file.name), user_missing=True, output_format="polars"
            )
        except (PyreadstatError, ReadstatError) as error:
            raise ValueError("not a whole SPSS file") from error
    codebook = {
        "labels": meta.column_names_to_labels,
        "values": meta.variable_value_labels,
        "missing": meta.missing_ranges,
    }
    return frame, codebook
