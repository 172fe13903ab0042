"""The attacker against everything the place gives out together."""

from threecircles.disclosure.attack_files import attack_files


def test_no_hidden_cell_of_the_hamlet_can_be_worked_out(hamlet):
    """S8: the attacker recovers no suppressed cell exactly over all released tables and files together."""
    attacked = attack_files([hamlet.pack() / "data"])
    assert attacked.exact == 0, attacked.text()
