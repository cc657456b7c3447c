"""Datasets, their releases, what was found in them, and how they are found."""

from .errors import (
    DatasetNotFound,
    DatasetWithdrawn,
    DeliveryNotFound,
    NoReleaseThen,
    ReleaseNotFound,
)
from .findings import ColumnProfile, Profile, QualityReport
from .hooks import before_preview_changes, on_release
from .jobs import publish_delivery, resume, tell_of_release
from .model import (
    Dataset,
    DatasetId,
    Delivery,
    DeliveryId,
    Preview,
    Rating,
    Release,
    Stage,
    Visibility,
)
from .ratings import rate, ratings_of
from .reading import (
    certificate_in_words,
    preview_for,
    profile_for,
    quality_for,
    waiting_for,
)
from .rules import may_see, stated_interval
from .search.release_lines import release_number
from .service import change, create, deliver, delivery, visible_dataset, withdraw
from .store import (
    dataset,
    datasets_by_id,
    datasets_of,
    newest_numbers,
    newest_release,
    profile,
    quality,
    release,
    release_at,
)
from .store import releases_of as releases
from .views import PartyView
from .vocabulary import THEMES, frequency_in_words

__all__ = [
    "THEMES",
    "ColumnProfile",
    "Dataset",
    "DatasetId",
    "DatasetNotFound",
    "DatasetWithdrawn",
    "Delivery",
    "DeliveryId",
    "DeliveryNotFound",
    "NoReleaseThen",
    "PartyView",
    "Preview",
    "Profile",
    "QualityReport",
    "Rating",
    "Release",
    "ReleaseNotFound",
    "Stage",
    "Visibility",
    "before_preview_changes",
    "certificate_in_words",
    "change",
    "create",
    "dataset",
    "datasets_by_id",
    "datasets_of",
    "deliver",
    "delivery",
    "frequency_in_words",
    "may_see",
    "newest_numbers",
    "newest_release",
    "on_release",
    "preview_for",
    "profile",
    "profile_for",
    "publish_delivery",
    "quality",
    "quality_for",
    "rate",
    "ratings_of",
    "release",
    "release_at",
    "release_number",
    "releases",
    "resume",
    "stated_interval",
    "tell_of_release",
    "visible_dataset",
    "waiting_for",
    "withdraw",
]
