"""Offer and counter-offer, round by round, until both sides want the same terms."""

from .model import Negotiation, NegotiationId, NegotiationStage, Round, Side
from .service import agree, answer, end, known_negotiation, negotiations_of, propose

__all__ = [
    "Negotiation",
    "NegotiationId",
    "NegotiationStage",
    "Round",
    "Side",
    "agree",
    "answer",
    "end",
    "known_negotiation",
    "negotiations_of",
    "propose",
]
