"""The limits of reading. What an operator may choose is in the settings instead."""

CHUNK_BYTES = 4 * 1024**2
LINE_BYTES_MAX = 2 * 1024**2
"""Longest line of text, and longest row of a CSV file."""

NESTING_MAX = 32
"""Deepest nesting of JSON and Parquet."""

SHEET_BYTES_MAX = 512 * 1024**2
"""Largest workbook, unpacked: it is held in memory."""

GEOJSON_BYTES_MAX = 256 * 1024**2
"""Largest GeoJSON document, unpacked: it is held in memory."""

EXPANSION_FREE_BYTES = 16 * 1024**2
"""Up to here a file may expand as it likes: small files compress well."""

SAMPLE_BYTES = 128 * 1024
SLICES = 16
SLICE_BYTES = 8 * 1024
SAMPLE_ROWS = 5_000

PREAMBLE_LINES_MAX = 20
"""Lines that may stand before the header."""

VALUE_CHARACTERS_MAX = 500
"""So much of a rejected value is kept."""

BATCH_ROWS = 20_000
"""Rows that are staged at a time."""
