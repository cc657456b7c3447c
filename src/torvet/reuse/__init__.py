"""What data is used for and what came of it: benefits, thanks, reviews, a yearly statement."""
