"""What is wanted and not here yet, and who pledges for it."""
