"""Turns a declared XML form into a tree of what each element does: one reader then serves every source."""

from __future__ import annotations

from dataclasses import dataclass, field

from threecircles.core.errors import DefinitionError
from threecircles.sources.declared import Source, Table


@dataclass(eq=False, slots=True)
class Node:
    """One element. opens: tables that get a row here. fills: (table, column) that take its text.

    lists: the same, for columns that hold several values. closes: tables whose own row the text ends.
    counter: index of the ordinal it advances; resets: ordinals that begin again inside it. group: a
    table that gets an empty row when nothing inside it made one. leaf: its text is a value. slots: where
    the record keeps its text for other tables. known: False for an element no definition names.
    begins: something is to be done where it begins. only: the one column it fills, when that is all it does;
    most elements of a file are such, and a file has millions.
    """

    name: str
    children: dict[str, Node] = field(default_factory=dict)
    opens: list[int] = field(default_factory=list)
    fills: list[tuple[int, int]] = field(default_factory=list)
    lists: list[tuple[int, int]] = field(default_factory=list)
    counter: int = -1
    resets: list[int] = field(default_factory=list)
    group: int = -1
    known: bool = True
    leaf: bool = False
    slots: list[int] = field(default_factory=list)
    begins: bool = True
    only: tuple[int, int] | None = None

    def at(self, path: str) -> Node:
        """The node at a path below this one, made when it is not there."""
        node = self
        for name in path.split("/") if path else ():
            node = node.children.setdefault(name, Node(name))
        return node


@dataclass(eq=False)
class Plan:
    """A source's XML form, compiled. Columns are positions in `names[table]`.

    ordinals: per table, (column, counter). copies: per table, (column, slot). free: tables found by their leaves alone.
    """

    source: Source
    root: Node
    record: Node
    head: Node | None
    tables: tuple[Table, ...]
    names: list[list[str]]
    ordinals: list[list[tuple[int, int]]]
    copies: list[list[tuple[int, int]]]
    free: list[int]
    counters: int
    key_slot: int

    @property
    def prefix(self) -> bytes:
        """Opening tags of everything around a record, to start afresh in the middle of a file."""
        form = self.source.xml
        assert form is not None
        return "".join(f"<{p}>" for p in (form.root, *form.record.split("/")[:-1])).encode()


def plan(source: Source) -> Plan:
    """Compile the declared XML form of a source. Raises DefinitionError when it has none."""
    form = source.xml
    if form is None:
        raise DefinitionError(f"The source {source.id} has no XML form.")
    root = Node(form.root)
    record = root.at(form.record)
    head = root.at(form.head) if form.head else None
    counters: dict[str, int] = {}
    slots: dict[str, int] = {form.key: 0}
    made = Plan(source, root, record, head, source.tables, [], [], [], [], 0, 0)
    for index, table in enumerate(source.tables):
        columns = list(table.columns)
        made.names.append([c.name for c in columns])
        made.ordinals.append(
            [
                (p, counters.setdefault(c.ordinal, len(counters)))
                for p, c in enumerate(columns)
                if c.ordinal
            ]
        )
        made.copies.append(
            [(p, slots.setdefault(c.copy, len(slots))) for p, c in enumerate(columns) if c.copy]
        )
        if table.element == "*":
            made.free.append(index)
            continue
        base = root if table.per_file else record
        element = base.at(table.element)
        element.opens.append(index)
        for position, column in enumerate(columns):
            if column.xml:
                target = element if column.xml == "." else element.at(column.xml)
                (target.lists if column.many else target.fills).append((index, position))
        if table.group:
            record.at(table.group).group = index
    _number(record, counters)
    for path, slot in slots.items():
        record.at(path).slots.append(slot)
    for found, usual in form.moved.items():
        record.children[found] = record.at(usual)
    made.counters = len(counters)
    _mark_leaves(root)
    _mark_plain(root, record)
    return made


def _number(record: Node, counters: dict[str, int]) -> None:
    for path, index in counters.items():
        record.at(path).counter = index
        parent = record.at(path.rpartition("/")[0])
        parent.resets.append(index)


def _mark_leaves(node: Node) -> None:
    node.leaf = bool(node.fills or node.lists or node.slots) or not node.children
    for child in node.children.values():
        if child.children or not child.leaf:
            _mark_leaves(child)


def _mark_plain(node: Node, record: Node) -> None:
    """Say of each element whether it has work where it begins, and whether it only fills one column."""
    groups = node.group >= 0
    node.begins = bool(node is record or node.resets or node.opens or node.counter >= 0 or groups)
    alone = not (node.begins or node.lists or node.slots or node.children)
    node.only = node.fills[0] if alone and len(node.fills) == 1 else None
    for child in node.children.values():
        _mark_plain(child, record)
