"""A drawing as a type of its own: without it any text could slip into a page unescaped."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

FONT = "Arial, Helvetica, sans-serif"


@dataclass(frozen=True)
class Svg:
    """One drawing, ready for a page. `__html__` lets templates take it as it is, and nothing else."""

    text: str

    def __html__(self) -> str:
        return self.text


def number(x: float) -> str:
    """A coordinate with at most two decimals and no trailing noughts, so equal input gives equal bytes."""
    text = f"{x:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def tag(name: str, /, *inside: str, **attributes: object) -> str:
    """One element. Attribute names: `_` becomes `-`, a trailing one is dropped; None leaves it out.

    `inside` is markup already made by `tag` or `words`; attribute values are escaped here.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{told}>{''.join(inside)}</{name}>" if inside else f"<{name}{told}/>"


def words(text: object) -> str:
    """Text, escaped for use inside an element."""
    return escape(str(text), quote=False)


def label(x: float, y: float, text: object, size: float = 16, **attributes: object) -> str:
    """A line of text at a place; the fill is near black unless said."""
    given = {"fill": "#1d1d1d", "font_size": size, "font_family": FONT, **attributes}
    return tag("text", words(text), x=x, y=y, **given)


def drawing(
    figure_id: str, title: str, desc: str, width: float, height: float, *inside: str
) -> Svg:
    """The whole drawing: one image for a screen reader, named by its title and description."""
    named = f"{figure_id}-title {figure_id}-desc"
    text = tag(
        "svg",
        tag("title", words(title), id=f"{figure_id}-title"),
        tag("desc", words(desc), id=f"{figure_id}-desc"),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_labelledby=named,
        class_="tc-drawing",
    )
    return Svg(text)


def _attribute(value: object) -> str:
    return number(value) if isinstance(value, float) else escape(str(value))
