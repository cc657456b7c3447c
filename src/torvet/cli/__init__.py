"""The command line. Every deed is a thin call of the HTTP interface, near or far."""

from torvet.kit.garbage import look_seldom

# Before anything else is loaded: whoever imports commands is a process of its own.
look_seldom()
