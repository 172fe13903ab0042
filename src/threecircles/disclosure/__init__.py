"""Floor 6: purposes and permissions, and the only maker of safe tables. Nothing leaves unchecked."""

from threecircles.disclosure.gates import gate
from threecircles.disclosure.permission import check_may, check_may_read
from threecircles.disclosure.release import Safe

__all__ = ["Safe", "check_may", "check_may_read", "gate"]
