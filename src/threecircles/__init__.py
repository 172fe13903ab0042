"""Three Circles: who needs help, who gets it, who is heard."""

__version__ = "0.9.0"
