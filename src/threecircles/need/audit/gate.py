"""The ethics gate of a needs audit, at each function: without it a direct call would pass by the pages and commands."""

from __future__ import annotations

from threecircles.core.errors import NotPermitted
from threecircles.core.safety import Grant


def decided(grant: Grant | None, what: str) -> str:
    """The id of the ethics decision that a grant carries.

    grant: from disclosure's check_may_open_study (or check_may_link, for a linkage). what: the act, for
    the message, such as "No form may open". Raises NotPermitted without a grant, without a decision, and
    when the permission has expired.
    """
    ethics = getattr(grant, "ethics_id", None)
    if not isinstance(grant, Grant) or not ethics:
        raise NotPermitted(
            f"{what} without an ethics decision.",
            mend="Put the committee's decision in the folder ethics/ (`threecircles ethics draft`, kind needs_audit).",
        )
    grant.check()
    return str(ethics)
