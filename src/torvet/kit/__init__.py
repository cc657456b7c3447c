"""Pure values that every slice shares: errors, ids, time, canonical JSON."""
