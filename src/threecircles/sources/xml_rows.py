"""Rows out of the events of one XML record, held until the record ends: a broken child leaves none behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from threecircles.sources.xml_plan import Node, Plan


class BrokenRecord(Exception):  # noqa: N818 - it names the thing, not a fault of ours
    """A record that cannot be used. at: the byte; at_start: the next record begins exactly there."""

    def __init__(self, code: str, reason: str, at: int, at_start: bool = False) -> None:
        super().__init__(reason)
        self.code, self.reason, self.at, self.at_start = code, reason, at, at_start


class Refused(Exception):  # noqa: N818
    """A file that may not be read at all."""


Row = list[Any]
BETWEEN = "\x1f"
"""Stands between the values of a list until they become columns; XML cannot hold it."""


@dataclass
class Collected:
    """What one record gave: rows per table, unknown elements as (path, text, byte)."""

    rows: list[list[Row]]
    unknown: list[tuple[str, str, int]] = field(default_factory=list)


class RowMaker:
    """Handlers for one parser. position() gives the byte of the current event.

    done(collected): called with each finished record. head: rows of tables that stand once per file;
    outside: unknown elements that stand in no record.
    """

    def __init__(
        self,
        plan: Plan,
        position: Callable[[], int],
        done: Callable[[Collected], None],
        depth_limit: int,
        text_limit: int,
    ) -> None:
        self.plan, self.position, self.done = plan, position, done
        self.depth_limit, self.text_limit = depth_limit, text_limit
        self.stack: list[Node] = []
        self.node = Node("", {plan.root.name: plan.root})
        self.record_start = -1
        self.held = ""
        self.stray: list[int] = []
        self.head: list[list[Row]] = [[] for _ in plan.tables]
        self.outside: list[tuple[str, str, int]] = []
        self.key: str | None = None
        self._clear()

    def _clear(self) -> None:
        self.rows: list[list[Row]] = [[] for _ in self.plan.tables]
        self.open: list[Row | None] = [None] * len(self.plan.tables)
        self.counts = [0] * self.plan.counters
        self.slots: dict[int, str | None] = {}
        self.unknown: list[tuple[str, str, int]] = []
        self.leaves: list[dict[str, str]] = []
        self.group_rows = 0

    def start(self, name: str, _attributes: object) -> None:
        """An element begins."""
        node = self.node
        child = node.children.get(name)
        if child is None:
            local = name.rpartition(":")[2]
            child = node.children.get(local)
            if child is None:
                child = self._unknown_start(local)
        if self.held:
            self.stray.append(self.position())
            self.held = ""
        self.stack.append(node)
        self.node = child
        if child.begins:
            self._begin(child)

    def _begin(self, node: Node) -> None:
        if len(self.stack) > self.depth_limit:
            raise BrokenRecord(
                "too-deep",
                f"Elements are nested deeper than {self.depth_limit} levels.",
                self.position(),
            )
        if node is self.plan.record:
            self._clear()
            self.key = None
            self.record_start = self.position()
        for counter in node.resets:
            self.counts[counter] = 0
        if node.counter >= 0:
            self.counts[node.counter] += 1
        if node.opens:
            self._open(node)
        if node.group >= 0:
            self.group_rows = len(self.rows[node.group])

    def _open(self, node: Node) -> None:
        at = self.position()
        for table in node.opens:
            row: Row = [None] * len(self.plan.names[table])
            for position, counter in self.plan.ordinals[table]:
                row[position] = self.counts[counter]
            row.append(at)
            self.open[table] = row

    def text(self, text: str) -> None:
        """Text inside an element, in pieces of up to 8 KB; the spaces between elements are let go at once."""
        if self.held:
            self.held += text
            self._check_length(len(self.held))
        elif not text.isspace():
            self.held = text

    def _check_length(self, length: int) -> None:
        if length > self.text_limit:
            raise BrokenRecord(
                "text-too-long",
                f"One element holds more than {self.text_limit:,} characters.",
                self.position(),
            )

    def end(self, _name: str) -> None:
        """An element ends."""
        node, value = self.node, self.held or None
        if value:
            self.held = ""
            if len(value) > self.text_limit:
                self._check_length(len(value))
        if node.only is None:
            self._end(node, value)
            return
        self.node = self.stack.pop()
        if value is not None:
            table, column = node.only
            row = self.open[table]
            # A value written twice in one element keeps the first, which is what a person reads first.
            if row is not None and row[column] is None:
                row[column] = value

    def _end(self, node: Node, value: str | None) -> None:
        if node.leaf:
            if value is not None:
                self._fill(node, value)
        elif not node.known:
            self._unknown_end(node, value)
        elif value is not None:
            self.stray.append(self.position())
        if node.opens:
            self._close(node)
        if node.group >= 0 and len(self.rows[node.group]) == self.group_rows:
            self._empty_row(node.group)
        self.node = self.stack.pop()
        if node is self.plan.record:
            self._finish()

    def _fill(self, node: Node, value: str) -> None:
        for table, column in node.fills:
            row = self.open[table]
            if row is not None and row[column] is None:
                row[column] = value
        for table, column in node.lists:
            row = self.open[table]
            if row is not None:
                row[column] = value if row[column] is None else f"{row[column]}{BETWEEN}{value}"
        for slot in node.slots:
            if self.slots.get(slot) is None:
                self.slots[slot] = value
            if slot == self.plan.key_slot:
                self.key = value

    def _close(self, node: Node) -> None:
        for table in node.opens:
            row = self.open[table]
            self.open[table] = None
            if row is None:
                continue
            # An empty leaf of a list (a factor without a code) is no row; its group may well be empty.
            if node.lists and all(
                v is None for p, v in enumerate(row[:-1]) if self.plan.tables[table].columns[p].xml
            ):
                continue
            (self.head if self.plan.tables[table].per_file else self.rows)[table].append(row)

    def _empty_row(self, table: int) -> None:
        row: Row = [None] * len(self.plan.names[table])
        for position, counter in self.plan.ordinals[table]:
            row[position] = self.counts[counter]
        self.rows[table].append([*row, self.position()])

    def _finish(self) -> None:
        for table, rows in enumerate(self.rows):
            if not rows:
                continue
            for column, slot in self.plan.copies[table]:
                value = self.slots.get(slot)
                for row in rows:
                    row[column] = value
            when = self.plan.tables[table].when
            if when:
                wanted = [self.plan.names[table].index(w) for w in when]
                self.rows[table] = [r for r in rows if any(r[w] is not None for w in wanted)]
        self.done(Collected(self.rows, self.unknown))
        self.record_start = -1

    # What no definition claims

    def _unknown_start(self, name: str) -> Node:
        if name == self.plan.record.name and self.record_start >= 0:
            raise BrokenRecord(
                "not-closed",
                f"A new <{name}> begins before the last one was closed.",
                self.position(),
                at_start=True,
            )
        if not self.stack:
            raise Refused(f"the outermost element is {name}")
        self.leaves.append({})
        return Node(name, known=False)

    def _unknown_end(self, node: Node, value: str | None) -> None:
        inside = self.leaves.pop()
        if inside and self._free_row(inside):
            return
        path = "/".join([n.name for n in self.stack[1:]] + [node.name])
        unknown = self.unknown if self.record_start >= 0 else self.outside
        if inside:
            unknown.extend((f"{path}/{k}", v, self.position()) for k, v in inside.items())
        elif self.leaves and not self.stack[-1].known and node.name not in self.leaves[-1]:
            self.leaves[-1][node.name] = value or ""
        elif value is not None:
            unknown.append((path, value, self.position()))

    def _free_row(self, leaves: dict[str, str]) -> bool:
        for table in self.plan.free:
            names = self.plan.names[table]
            declared = self.plan.tables[table]
            if set(leaves) <= set(names) and set(leaves) & set(declared.discriminating):
                self.rows[table].append([*(leaves.get(n) or None for n in names), self.position()])
                return True
        return False
