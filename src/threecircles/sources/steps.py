"""The reading steps of a run: one for each delivery, on the identity side."""

from __future__ import annotations

import polars as pl

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.steps import Step
from threecircles.definitions.place import Delivery, Place
from threecircles.sources.read import read
from threecircles.sources.reading import Reading


def steps(place: Place) -> list[Step]:
    """One step a delivery; it writes `sources.<delivery>.<Table>` and `._files`, `._rejects`, `._notes`."""
    return [
        Step(
            name=f"sources.{delivery.id}",
            function=read_delivery,
            writes=(f"sources.{delivery.id}.*",),
            definitions=(f"sources/{delivery.source}.yaml", "codes", "reading_limits.yaml"),
            files=delivery.files,
            side="identity",
            params={"delivery": delivery.id},
        )
        for delivery in place.deliveries
    ]


def read_delivery(place: Place, delivery: str) -> dict[str, pl.DataFrame]:
    """Read one delivery of the place; everything that was not read stays beside what was.

    Raises the first problem when no table came of it.
    """
    wanted = next(d for d in place.deliveries if d.id == delivery)
    reading = read(wanted.files, return_name=wanted.source, year=wanted.year)
    if not reading.tables:
        raise _nothing(wanted, reading)
    beside = {
        "_files": reading.files, "_rejects": reading.rejects, "_notes": reading.notes,
        "_extra": reading.extra, "_problems": reading.problems,
    }  # fmt: skip
    return {
        f"sources.{delivery}.{name}": table for name, table in {**reading.tables, **beside}.items()
    }


def _nothing(delivery: Delivery, reading: Reading) -> ThreeCirclesError:
    if reading.refused:
        return reading.refused[0].as_error()
    return ThreeCirclesError(
        f"Nothing could be read of the delivery {delivery.id}.",
        where=", ".join(p.name for p in delivery.files),
    )
