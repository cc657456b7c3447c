"""The exchange's rules about money: fees, VAT, terms of payment, as versions with a date."""

from .errors import RulebookInvalid, RulesMissing
from .model import Fee, KronerRate, Rules, ServiceLevel
from .reader import rulebook, rules_on

__all__ = [
    "Fee",
    "KronerRate",
    "RulebookInvalid",
    "Rules",
    "RulesMissing",
    "ServiceLevel",
    "rulebook",
    "rules_on",
]
