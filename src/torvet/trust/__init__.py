"""What providers promise of their service, what is measured of it, and disputes."""
