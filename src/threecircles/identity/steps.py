"""The linking steps of a run: names go in on the identity side, persons without names come out."""

from __future__ import annotations

from threecircles.core.steps import Step
from threecircles.definitions.place import Place
from threecircles.identity.place.deliveries import linked_tables
from threecircles.identity.place.linking import link_deliveries
from threecircles.identity.place.people import people
from threecircles.identity.place.tables import link_tables

_SIDE = tuple(
    f"identity.{t}"
    for t in ("link_record", "link_edge", "identifier", "person_record", "person_event")
)
_PAYLOAD = tuple(
    f"identity.{t}"
    for t in ("person", "person_public", "residence", "relation", "household", "age")
)


def steps(place: Place) -> list[Step]:
    """Link the records, derive persons, and say how well it went."""
    reference = tuple(
        place.reference[r] for r in ("postcodes", "deprivation") if r in place.reference
    )
    return [
        Step(
            name="identity.link",
            function=link_deliveries,
            reads=linked_tables(place),
            writes=_SIDE,
            definitions=("identity", "sources"),
            side="identity",
        ),
        Step(
            name="identity.people",
            function=people,
            reads=("identity.link_record", "identity.person_record", "sources.*"),
            writes=_PAYLOAD,
            definitions=("identity/precedence.yaml", "sources"),
            files=reference,
            side="crossing",
        ),
        Step(
            name="identity.tables",
            function=link_tables,
            reads=(
                *(f"identity.{t}" for t in ("link_record", "person_record", "person_public")),
                "identity.link_edge",
            ),
            writes=tuple(f"identity.linkage-{t}" for t in ("summary", "age", "group", "errors")),
            definitions=("sources",),
            files=reference,
            side="crossing",
        ),
    ]
