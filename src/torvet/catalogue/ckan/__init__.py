"""The catalogue as CKAN's clients expect it."""
