"""Every command tells its help, and a wrong word is answered in a sentence."""

import subprocess
import sys

import click
import pytest
import typer

from threecircles.cli import app, commands


def leaves(command, name=()):
    inner = getattr(command, "commands", None)
    if not inner:
        return [name]
    return [leaf for key in inner for leaf in leaves(inner[key], (*name, key))]


commands.register(app)
ROOT = typer.main.get_command(app)


@pytest.mark.parametrize("path", leaves(ROOT), ids=" ".join)
def test_every_command_and_option_says_what_it_is(path):
    command = ROOT
    for key in path:
        command = command.commands[key]
    assert (command.help or "").strip().endswith((".", ")"))
    for parameter in command.params:
        assert parameter.name == parameter.name.lower()
        assert isinstance(parameter, click.Argument) or parameter.name == "help" or parameter.opts


def test_an_error_of_ours_is_a_sentence_with_its_exit_code(tmp_path):
    command = [sys.executable, "-m", "threecircles", "run", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "There is no place.yaml" in done.stderr and "Traceback" not in done.stderr
