"""The catalogue as DCAT-AP."""
