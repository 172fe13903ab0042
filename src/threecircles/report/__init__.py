"""The evidence pack: without this room figures would leave as spreadsheets nobody reads."""
