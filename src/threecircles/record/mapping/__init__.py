"""Mapping a source is data: without it every new source would be a program."""
