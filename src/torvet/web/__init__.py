"""The frame that every route stands on. It knows no slice."""
