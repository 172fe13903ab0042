"""YAML read by the 1.2 core rules: without it a bare `no`, `on` or the code `NO` would turn boolean.

Stricter than the core schema in one thing: digits with a leading zero (`010`) stay text, because in
this field they are codes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from threecircles.core.errors import DefinitionError

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    w: w.lower() == "true" for w in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Marked:
    """A YAML value with the line it stands on; mappings and lists hold marked values."""

    data: Any
    line: int

    def plain(self) -> Any:
        """The value without marks."""
        if isinstance(self.data, dict):
            return {k: v.plain() for k, v in self.data.items()}
        if isinstance(self.data, list):
            return [v.plain() for v in self.data]
        return self.data


def parse(text: str, where: str) -> Marked:
    """Marked values of one YAML document. Raises DefinitionError with the line."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise DefinitionError(
            f"The file cannot be read: {problem}.", where=f"{where}{line}"
        ) from None
    if node is None:
        raise DefinitionError("The file is empty.", where=where)
    return _mark(node, where)


def _mark(node: yaml.Node, where: str) -> Marked:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Marked(_scalar(node), line)
    if isinstance(node, yaml.SequenceNode):
        return Marked([_mark(child, where) for child in node.value], line)
    mapping: dict[str, Marked] = {}
    for key, child in node.value:
        if key.value in mapping:
            raise DefinitionError(
                f"{key.value} is written twice.", where=f"{where} line {key.start_mark.line + 1}"
            )
        mapping[key.value] = _mark(child, where)
    return Marked(mapping, line)


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
