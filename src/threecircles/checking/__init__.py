"""Reading and checking joined: the one road from files on a desk to what is wrong with them.

`sources` and `quality` stand side by side and do not know each other; the command line and the working
pages need both.
"""

from threecircles.checking.files import Asked, Checked, check_files
from threecircles.checking.fitting import judge_checked, judge_place
from threecircles.checking.given import load_holders
from threecircles.checking.pictures import pictures
from threecircles.checking.repairing import accept_repairs, propose_repairs, undo_repairs
from threecircles.checking.screen import screen
from threecircles.checking.written import to_json, write

__all__ = [
    "Asked",
    "Checked",
    "accept_repairs",
    "check_files",
    "judge_checked",
    "judge_place",
    "load_holders",
    "pictures",
    "propose_repairs",
    "screen",
    "to_json",
    "undo_repairs",
    "write",
]
