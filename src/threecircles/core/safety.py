"""The types that keep children's rows from leaving: without them safety would be a habit, not a law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, NoReturn, TypeVar

from threecircles.core.errors import NotPermitted

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Permission to read child-level rows for one purpose.

    Issued only by `disclosure`'s check_may_... functions and handed down, so that no lower room
    imports a higher one. `attributes`: attributes allowed beyond person_public ("*" = all that the
    purpose may see). `excluded`: person_ids left out by objection. `expires`: UTC time.
    """

    purpose: str
    actor: str
    basis: str
    policies: tuple[str, ...]
    attributes: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    as_known: str | None = None
    expires: datetime | None = None
    ethics_id: str | None = None
    fictitious: bool = False

    def check(self, attributes: frozenset[str] = frozenset()) -> None:
        """Raise NotPermitted when expired or when an attribute lies outside the grant."""
        if self.expires is not None and self.expires <= datetime.now(UTC):
            raise NotPermitted(
                "This permission has expired.",
                found=f"expired {self.expires:%d %B %Y %H:%M}",
                mend="Ask for it again, naming the purpose.",
            )
        outside = sorted(
            a for a in attributes if "*" not in self.attributes and a not in self.attributes
        )
        if outside:
            raise NotPermitted(
                f"The purpose {self.purpose} does not cover: {', '.join(outside)}.",
                allowed=", ".join(sorted(self.attributes)) or "person_public only",
                mend="Name the attribute in the purpose's definition, with its reason, or do without it.",
            )


@dataclass(frozen=True, repr=False, eq=False)
class Sensitive(Generic[T]):
    """A table that may identify somebody. Opens only with a grant; prints no row; does not pickle.

    provenance: where it came from (step, table, definition versions), free of personal data.
    """

    _table: T
    provenance: Mapping[str, str] = field(default_factory=dict)

    def open(self, grant: Grant) -> T:
        """The table, for a purpose that was granted. Raises NotPermitted."""
        if not isinstance(grant, Grant):
            raise NotPermitted(
                "A sensitive table opens only with a grant.",
                mend="Ask disclosure for one: check_may_read(purpose=...).",
            )
        grant.check()
        return self._table

    def __repr__(self) -> str:
        told = ", ".join(f"{k}={v}" for k, v in sorted(self.provenance.items()))
        return f"Sensitive({getattr(self._table, 'shape', 'lazy')}; {told})"

    def __reduce__(self) -> NoReturn:
        raise NotPermitted("A sensitive table is not pickled: write it inside the workspace.")
