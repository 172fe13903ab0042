"""Writes docs/reference from docstrings, definitions and the command line, so that it cannot drift.

python tools/reference.py          write
python tools/reference.py --check  say what would change, exit 1 if anything would
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import acceptance  # beside this file

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "threecircles"
OUT = ROOT / "docs" / "reference"
MADE = "<!-- Written by tools/reference.py; change the source, not this page. -->\n\n"


def pages() -> dict[str, str]:
    """All reference pages: file name below docs/reference to text."""
    from threecircles.definitions import HOME

    made = {f"rooms/{room}.md": room_page(room) for room in rooms()}
    made["commands.md"] = commands_page()
    made["acceptance.md"] = acceptance.page()
    folders = (p for p in HOME.iterdir() if p.is_dir() and p.name not in ("rules", "__pycache__"))
    # An empty folder is not in the repository, so it is not in the reference either.
    for folder in sorted(p for p in folders if any(p.rglob("*.yaml")) or any(p.rglob("*.csv"))):
        made[f"definitions/{folder.name}.md"] = definitions_page(folder)
    made.update(rule_pages(HOME / "rules"))
    made["README.md"] = contents(made)
    return {name: MADE + text.rstrip() + "\n" for name, text in made.items()}


def rooms() -> list[str]:
    """The packages of the house."""
    return sorted(p.name for p in SOURCE.iterdir() if (p / "__init__.py").exists())


def public(
    path: Path,
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, str]]:
    """Public functions, classes and their public methods of a file, with their dotted names inside it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if not isinstance(node, kinds) or node.name.startswith("_"):
            continue
        yield node, node.name
        if isinstance(node, ast.ClassDef) and not _is_protocol(node):
            for inner in node.body:
                if isinstance(
                    inner, (ast.FunctionDef, ast.AsyncFunctionDef)
                ) and not inner.name.startswith("_"):
                    yield inner, f"{node.name}.{inner.name}"


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(isinstance(b, ast.Name) and b.id == "Protocol" for b in node.bases)


def modules(room: str) -> list[Path]:
    """The room's modules that another module may import."""
    return [
        p
        for p in sorted((SOURCE / room).rglob("*.py"))
        if not p.name.startswith("_") or p.name == "__init__.py"
    ]


def room_page(room: str) -> str:
    """Every public function of a room with its signature and docstring."""
    lines = [
        f"# {room}",
        "",
        _doc(ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))),
        "",
    ]
    for path in modules(room):
        named = list(public(path))
        if not named:
            continue
        dotted = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        )
        lines += [f"## {dotted}", "", _doc(ast.parse(path.read_text(encoding="utf-8"))), ""]
        for node, name in named:
            lines += [f"### {name}{_signature(node)}", "", _doc(node), ""]
    return "\n".join(lines)


def _doc(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    # Markdown would swallow leading blanks; an indented part of a docstring stays as it is.
    return (ast.get_docstring(node) or "").replace("<", "&lt;")


def _signature(node: ast.AST) -> str:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ""
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("self")
    return f"({arguments})" + (f" -> {ast.unparse(node.returns)}" if node.returns else "")


def commands_page() -> str:
    """The command line's own help, command by command."""
    import click
    import typer

    from threecircles.cli import app, commands

    commands.register(app)
    root = typer.main.get_command(app)
    lines = ["# Commands", "", "Exit codes: 0 good; 1 findings; 2 wrong usage or refused input; 3 something could",
             "not be read; 4 a rule failed to run; 5 internal fault.", ""]  # fmt: skip

    def tell(command: click.Command, name: str) -> None:
        inner = getattr(command, "commands", None)
        if inner:
            for key in sorted(inner):
                tell(inner[key], f"{name} {key}")
            return
        context = click.Context(command, info_name=name)
        lines.extend([f"## {name}", "", "```text", command.get_help(context).rstrip(), "```", ""])

    tell(root, "threecircles")
    return "\n".join(lines)


def definitions_page(folder: Path) -> str:
    """One folder of definitions: id, label, source, and the CSV lists with their sizes."""
    from threecircles.definitions.yaml12 import parse

    lines = [f"# Definitions: {folder.name}", "", "| id | label | source |", "|---|---|---|"]
    for path in sorted(folder.rglob("*.yaml")):
        content = parse(path.read_text(encoding="utf-8"), path.name).plain()
        cells = [
            content.get("id", path.stem),
            content.get("label", ""),
            content.get("source", content.get("reference", "")),
        ]
        lines.append("| " + " | ".join(_cell(c) for c in cells) + " |")
    for path in sorted(folder.rglob("*.csv")):
        rows = len(path.read_text(encoding="utf-8").splitlines()) - 1
        lines.append(f"| {path.stem} | list of {rows:,} rows | in the file |")
    return "\n".join(lines)


def rule_pages(folder: Path) -> dict[str, str]:
    """One page a rule set: code, what breaks it, severity, years, where it is shown, message and hint."""
    from threecircles.definitions.yaml12 import parse

    made = {}
    for group in sorted(p for p in folder.iterdir() if p.is_dir()) if folder.exists() else []:
        lines = [f"# Rules: {group.name}", ""]
        for path in sorted(group.rglob("*.yaml")):
            rule = parse(path.read_text(encoding="utf-8"), path.name).plain()
            if "code" not in rule:
                continue
            lines += [f"## {rule['code']}: {rule.get('title', '')}", "",
                      f"{rule.get('severity', '')}; {rule.get('dimension', '')}; from {path.parent.name}.", "",
                      f"Message: {rule.get('message', '')}", "", f"Mend: {rule.get('hint', '')}", "",
                      f"Source: {rule.get('reference', rule.get('source', ''))}", ""]  # fmt: skip
        made[f"rules/{group.name}.md"] = "\n".join(lines)
    return made


def contents(made: dict[str, str]) -> str:
    """The contents of the reference."""
    lines = ["# Reference", ""]
    return "\n".join(lines + [f"- [{name.removesuffix('.md')}]({name})" for name in sorted(made)])


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Write the pages, or check them."""
    made = pages()
    there = {str(p.relative_to(OUT)): p.read_text(encoding="utf-8") for p in OUT.rglob("*.md")}
    changed = sorted(n for n in made.keys() | there.keys() if made.get(n) != there.get(n))
    if "--check" in sys.argv:
        for name in changed:
            print(f"docs/reference/{name} differs from its source: run python tools/reference.py")
        return 1 if changed else 0
    for name in there.keys() - made.keys():
        (OUT / name).unlink()
    for name, text in made.items():
        (OUT / name).parent.mkdir(parents=True, exist_ok=True)
        (OUT / name).write_text(text, encoding="utf-8")
    print(f"Wrote {len(made)} pages, {len(changed)} changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
