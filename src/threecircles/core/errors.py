"""Errors are for people: without this module a reader would see a stack trace, not a sentence."""

from __future__ import annotations

from difflib import get_close_matches

FINDINGS, USAGE, UNREADABLE, RULE_FAILED, INTERNAL = 1, 2, 3, 4, 5
"""Exit codes of the command line; 0 is good (spec/INDEX.md)."""


class ThreeCirclesError(Exception):
    """Something a person can mend, said in one place, one shape.

    what: the sentence that says what went wrong.
    where: file, row and column, as one text, for example "episodes.csv, row 4,131, column DECOM".
    found, allowed, mend: what stood there, what may stand there, what to do next.
    Never put the value of a name, identifier, address or birth date into any of them.
    """

    exit_code = UNREADABLE

    def __init__(
        self, what: str, *, where: str = "", found: str = "", allowed: str = "", mend: str = ""
    ) -> None:
        self.what, self.where, self.found, self.allowed, self.mend = (
            what,
            where,
            found,
            allowed,
            mend,
        )
        super().__init__(str(self))

    def __str__(self) -> str:
        first = f"{self.where}: {self.what}" if self.where else self.what
        rest = [
            f"{label}: {text}"
            for label, text in (
                ("Found", self.found),
                ("Allowed", self.allowed),
                ("Mend", self.mend),
            )
            if text
        ]
        return "\n".join([first, *rest])


class UsageError(ThreeCirclesError):
    """The command or the function was called with something it cannot take (exit code 2)."""

    exit_code = USAGE


class DefinitionError(UsageError):
    """A definition file is wrong; `where` holds file and line."""


class NotPermitted(UsageError):  # noqa: N818 - the name of the design, read as a sentence
    """A read or an action without a grant for it. Says nothing about the child concerned."""


class RuleFailedError(ThreeCirclesError):
    """A rule could not run (exit code 4)."""

    exit_code = RULE_FAILED


def did_you_mean(word: str, known: object) -> str:
    """The nearest known word as a question, or nothing.

    word: what was written. known: an iterable of the words that are allowed.
    """
    near = get_close_matches(word, [str(k) for k in known], n=1, cutoff=0.6)  # type: ignore[attr-defined]
    return f"did you mean {near[0]}?" if near else ""
