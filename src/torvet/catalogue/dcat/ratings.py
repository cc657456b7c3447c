"""What readers think of a dataset, as DQV says it: an annotation with feedback of its users."""

from collections.abc import Iterator

from torvet.catalogue.model import Rating

from .nodes import PREFIXES, Iri, Node, words


def rating_nodes(dataset: str, rating: Rating) -> Iterator[Node]:
    """Describe all reviews of `dataset` together; the mean never stands without their number."""
    feedback = f"{dataset}#reviews"
    yield Node(dataset, (), (("dqv:hasQualityAnnotation", Iri(feedback)),))
    many = f"{rating.reviews:,} {'review' if rating.reviews == 1 else 'reviews'}"
    each = ", ".join(f"{name} {rating.mean_of(name)}" for name in rating.stars)
    yield Node(
        feedback,
        ("dqv:UserQualityFeedback",),
        (
            ("oa:hasTarget", Iri(dataset)),
            ("oa:motivatedBy", Iri(f"{PREFIXES['dqv']}qualityAssessment")),
            ("dct:title", words(f"{rating.mean} of 5 stars from {many}", "en")),
            ("dct:description", words(f"Given by who read it under a contract: {each}.", "en")),
        ),
    )
