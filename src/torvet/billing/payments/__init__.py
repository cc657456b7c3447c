"""Money that comes in: bank statements, cards, and what a person decides about the rest."""
