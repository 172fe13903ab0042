"""Floor 2: files of any dress become typed tables, and every problem is kept in words."""

from threecircles.sources.declared import Source, all_sources, code_list, codes_on, source
from threecircles.sources.read import read
from threecircles.sources.reading import Options, Problem, Reading
from threecircles.sources.write_903 import write_903
from threecircles.sources.write_cin_xml import write_cin_xml

__all__ = [
    "Options",
    "Problem",
    "Reading",
    "Source",
    "all_sources",
    "code_list",
    "codes_on",
    "read",
    "source",
    "write_903",
    "write_cin_xml",
]
