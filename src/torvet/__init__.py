"""Torvet, the market square: a city data exchange that starts with one command."""

from importlib.metadata import version

__version__ = version("torvet")
