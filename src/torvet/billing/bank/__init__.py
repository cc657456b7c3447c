"""Files that banks send and take: statements in, payouts out, and what matches what."""
