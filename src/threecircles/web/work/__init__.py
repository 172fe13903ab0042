"""The half for permitted people: each view asks first, is written down, and enters no pack."""
