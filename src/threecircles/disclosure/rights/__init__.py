"""What a person may ask of those who hold their data: see it, mend it, refuse it, have it taken out."""

__all__: list[str] = []
