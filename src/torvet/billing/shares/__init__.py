"""What the citizens and partners behind a dataset get of its income."""
