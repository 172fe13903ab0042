"""Floor 9: the command line. It calls the rooms and holds no logic of its own."""

from __future__ import annotations

import typer

from threecircles.cli.speak import speaking

app = typer.Typer(
    name="threecircles",
    help="Who needs help, who gets it, who is heard.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; errors end as sentences with the exit codes of spec/INDEX.md."""
    from threecircles.cli import commands
    from threecircles.core.memory import no_core_dumps

    no_core_dumps()
    commands.register(app)
    with speaking():
        app()
