"""What a route says of itself: without it nobody could list which pages ask for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is asked of a request before its page is made.

    kind: public (anybody), signed_in (a session), guarded (a session, and its page asks `permit` for
    action and purpose). child: name of the path or query parameter that names a child, "" for none.
    identifiable: it may show a child, so that a screen left alone is asked to sign in again.
    why: for a public page, why nobody is asked.
    """

    kind: Literal["public", "signed_in", "guarded"]
    action: str = ""
    purpose: str = ""
    child: str = ""
    identifiable: bool = False
    why: str = ""
