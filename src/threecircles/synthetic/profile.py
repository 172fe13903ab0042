"""Profiles: without them the numbers of a made-up place would hide in code, with no source beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from threecircles.core.errors import DefinitionError, UsageError, did_you_mean
from threecircles.definitions.yaml12 import Marked, parse

HOME = Path(__file__).parent / "profiles"
EFFECTS: dict[str, tuple[str, ...]] = {"planted": (), "none": ("effects_none.yaml",)}
"""Profiles laid over a preset that plant effects of services, or the same services without any effect."""
HEAD = ("id", "label", "source", "caveat", "description", "extends")
"""What a profile says of itself, beside its sections."""
OVERLAYS = ("plans_recorded", "nation_feedback")
"""Shipped profiles that `--profile` takes by name; what each changes stands in its label."""
PRESETS = ("county", "borough", "hamlet", "nation")
"""What can be made; nation is tables by authority, the others whole places."""


@dataclass(frozen=True)
class Profile:
    """The values of one kind of place: sections of numbers, each section with its source.

    id: name of the preset or file. values: section -> key -> value. files: the files read, in order.
    number: of the place among adjoining ones, from 0; a place alone is 0. laid: labels of what was laid over
    the preset.
    """

    id: str
    label: str
    values: dict[str, dict[str, Any]]
    files: tuple[str, ...]
    number: int = 0
    laid: tuple[str, ...] = ()

    def __getitem__(self, section: str) -> Section:
        if section not in self.values:
            raise DefinitionError(
                f"The profile lacks the section {section}.", where=self.files[-1],
                allowed=", ".join(sorted(self.values)),
            )  # fmt: skip
        return Section(section, self.values[section], self.files[-1])


@dataclass(frozen=True)
class Section:
    """One section of a profile; a key that is not there names itself."""

    name: str
    data: dict[str, Any]
    file: str

    def __getitem__(self, key: str) -> Any:
        if key not in self.data:
            raise DefinitionError(
                f"The profile lacks {self.name}.{key}.", where=self.file,
                mend=did_you_mean(key, self.data) or f"Add {key} to the section {self.name}.",
            )  # fmt: skip
        return self.data[key]

    def shares(self, key: str) -> tuple[list[str], np.ndarray]:
        """Labels and shares of a mapping, in the order written."""
        mapping = self[key]
        return list(mapping), np.array(list(mapping.values()), dtype=float)

    def curve(self, key: str, at: np.ndarray) -> np.ndarray:
        """Values of a mapping {percentile: value} at the percentiles `at` (0 to 1), by straight lines."""
        mapping = self[key]
        x = np.array([float(k) for k in mapping]) / 100
        return np.interp(at, x, np.array(list(mapping.values()), dtype=float))


def load_profile(preset: str, *own: Path) -> Profile:
    """The profile of a preset, with a user's own files, or shipped ones by name, laid over it.

    Raises UsageError for an unknown preset, DefinitionError for a bad file; nothing is written.
    """
    if preset not in PRESETS:
        raise UsageError(
            f"There is no place called {preset}.", found=preset, allowed=", ".join(PRESETS),
            mend=did_you_mean(preset, PRESETS),
        )  # fmt: skip
    paths = [HOME / name for name in _layers(HOME / f"{preset}.yaml")]
    below = len(paths)
    for path in own:
        shipped = HOME / f"{path}.yaml" if str(path) in OVERLAYS else path
        if not shipped.exists():
            raise UsageError(
                "The profile is not there.", where=path.name, found=path.name,
                allowed=f"a YAML file, or one of {', '.join(OVERLAYS)}",
                mend=did_you_mean(path.name, OVERLAYS),
            )  # fmt: skip
        paths.append(shipped)
    merged: dict[str, Any] = {}
    labels = []
    for path in paths:
        marked = parse(path.read_text(encoding="utf-8"), path.name)
        _check_shares(marked, path.name, "")
        values = marked.plain()
        head = {key: values.pop(key, "") for key in HEAD}
        labels.append(head["label"] or path.name)
        _lay_over(merged, values)
    for name, section in merged.items():
        if not isinstance(section, dict) or "source" not in section:
            raise DefinitionError(f"The section {name} has no source.", where=paths[-1].name)
    return Profile(
        preset, labels[below - 1], merged, tuple(p.name for p in paths), laid=tuple(labels[below:])
    )


def effect_files(asked: str, preset: str) -> tuple[Path, ...]:
    """Profiles over a preset for what was asked: planted, none, or a file whose section `effects` is laid over the planted one.

    Raises UsageError for another word.
    """
    own = HOME / f"effects_{preset}.yaml"
    base = (HOME / "effects.yaml", *([own] if own.exists() else []))
    if asked in EFFECTS:
        return base + tuple(HOME / name for name in EFFECTS[asked])
    if Path(asked).suffix not in (".yml", ".yaml"):
        raise UsageError(
            "There are no such effects.", found=asked, allowed="planted, none, or a YAML file",
            mend=did_you_mean(asked, EFFECTS),
        )  # fmt: skip
    return (*base, Path(asked))


def _layers(path: Path) -> list[str]:
    above = parse(path.read_text(encoding="utf-8"), path.name).plain().get("extends")
    return [*(_layers(HOME / above) if above else []), path.name]


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        # A mapping of shares is replaced whole, else an old label would stay in it.
        if isinstance(value, dict) and isinstance(below.get(key), dict) and not _is_shares(key):
            _lay_over(below[key], value)
        else:
            below[key] = value


def _is_shares(key: str) -> bool:
    return key.endswith(("shares", "percentiles"))


def _check_shares(value: Marked, file: str, name: str) -> None:
    if not isinstance(value.data, dict):
        return
    for key, item in value.data.items():
        path = f"{name}.{key}" if name else key
        if key.endswith("shares") and isinstance(item.data, dict):
            total = sum(float(v) for v in item.plain().values())
            if abs(total - 1) > 0.001:
                raise DefinitionError(
                    f"{path} does not sum to 1.", where=f"{file} line {item.line}",
                    found=f"{total:.4f}", allowed="1, give or take 0.001",
                )  # fmt: skip
        _check_shares(item, file, path)
