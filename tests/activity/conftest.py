"""The cast of the tests of contracts."""

from contracts.conftest import alma, bo, carla, nobody, person

__all__ = ["alma", "bo", "carla", "nobody", "person"]
