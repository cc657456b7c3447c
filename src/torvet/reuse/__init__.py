"""What data was used for, what came of it, and what its users say."""
