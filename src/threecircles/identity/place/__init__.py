"""The ladder at work in a place: without it every run would have to be set up by hand."""
