"""What people ask and where it is answered: without it nobody could find out whether a question has an answer here.

Of the catalogue, the 58 questions it ships are here, each with the room, the command or page, and the acceptance
statement that answers it. Supply, gaps, agreements, glossary and registers are not built yet.
"""

from threecircles.catalogue.demand import Answer, Demand, Need, demands, find, question
from threecircles.catalogue.thresholds import Thresholds, thresholds

__all__ = ["Answer", "Demand", "Need", "Thresholds", "demands", "find", "question", "thresholds"]
