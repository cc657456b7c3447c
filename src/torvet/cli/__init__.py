"""The command line. Every deed is a thin call of the HTTP interface, near or far."""
