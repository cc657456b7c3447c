"""The story that the demo plays, through public interfaces only."""
