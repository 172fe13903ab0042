"""One child, many records: without this room five agencies would count one child five times.

`link` joins files of records into persons, says how sure each link is and what it may have missed.
"""

from threecircles.identity.linkage import Linked, link, link_tables
from threecircles.identity.request import THRESHOLDS, LinkRequest, LinkSource, read_request

__all__ = [
    "THRESHOLDS",
    "LinkRequest",
    "LinkSource",
    "Linked",
    "link",
    "link_tables",
    "read_request",
]
