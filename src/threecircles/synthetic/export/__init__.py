"""Truth written as real returns: without this folder no reader could be tried on a made-up place."""
