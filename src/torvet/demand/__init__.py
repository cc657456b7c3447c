"""Data that is wanted: who joins, what is pledged, who answers, and what comes of it."""
