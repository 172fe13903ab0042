"""Mistakes as offices make them: without this folder every reader, rule and link would look perfect.

Errors are laid on the error-free tables after the truth is fixed; each one is written down, so that
taking it back gives the error-free table again, cell for cell.
"""
