"""`python -m threecircles`: the same command line where scripts are not on the path."""

from threecircles.cli import main

main()
