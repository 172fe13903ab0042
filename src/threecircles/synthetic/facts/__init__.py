"""What a written place shows of the calibration facts: without it nobody could tell a likeness from a guess.

Each module here reads the error-free returns that a place keeps in its truth, and returns figures by
number of the fact and item.
"""
