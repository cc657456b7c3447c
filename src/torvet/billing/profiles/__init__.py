"""Whom invoices are written to and money is paid to: the billing details of parties."""

from .errors import ProfileMoved, ProfileUnfit
from .model import Profile
from .service import give, profile_for, profiles_of

__all__ = ["Profile", "ProfileMoved", "ProfileUnfit", "give", "profile_for", "profiles_of"]
