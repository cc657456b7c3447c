"""Names that deeds and their background work share."""

PUBLISH = "catalogue.publish"
RELEASED = "catalogue.released"
DISCARD = "catalogue.discard"


def publishing_lock(dataset_id: str) -> str:
    """Return the name of the lock that lets one delivery of a dataset be published at a time."""
    return f"publish:{dataset_id}"
