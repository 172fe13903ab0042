"""Floor 4: one child's history in one language. Without it each room would read thirty sources its own way."""

from threecircles.record.attributes import attribute, with_attributes
from threecircles.record.read import door, read

__all__ = ["attribute", "door", "read", "with_attributes"]
