"""What can be wrong with a deed in the catalogue, in words that its caller can act on."""

from dataclasses import dataclass
from datetime import datetime

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class DatasetNotFound(ExchangeError):
    kind, code = Kind.NOT_FOUND, "dataset-not-found"
    advice = "Search the catalogue, or sign in as a party that may see it."
    dataset: str

    def __str__(self) -> str:
        return f"There is no dataset {self.dataset!r}, or it is not yours to see."


@dataclass(eq=False)
class DatasetWithdrawn(ExchangeError):
    kind, code = Kind.NOT_FOUND, "dataset-withdrawn"
    advice = "Contracts keep what they have delivered; ask the provider why it was withdrawn."
    dataset: str
    withdrawn_at: str

    def __str__(self) -> str:
        return f"Dataset {self.dataset!r} was withdrawn by its provider at {self.withdrawn_at}."


@dataclass(eq=False)
class DatasetNotYours(ExchangeError):
    kind, code = Kind.NOT_FOUND, "dataset-not-yours"
    advice = "Act for the party that provides it: X-Torvet-Party chooses one of your parties."
    dataset: str

    def __str__(self) -> str:
        return f"Your party provides no dataset {self.dataset!r}: nothing was changed."


@dataclass(eq=False)
class DatasetMoved(ExchangeError):
    kind, code = Kind.CONFLICT, "dataset-moved"
    advice = "Load it again, and make your change to what it says now."
    dataset: str
    version: int

    def __str__(self) -> str:
        return f"Dataset {self.dataset!r} changed while you were editing version {self.version}."


@dataclass(eq=False)
class VersionUnclear(ExchangeError):
    kind, code = Kind.INVALID, "version-unclear"
    advice = 'Send the ETag as it was received, such as "v3".'
    if_match: str

    def __str__(self) -> str:
        return f"If-Match names no version of a dataset: {self.if_match!r}."


@dataclass(eq=False)
class DatasetSlugTaken(ExchangeError):
    kind, code = Kind.CONFLICT, "dataset-slug-taken"
    advice = "Choose another slug."
    slug: str

    def __str__(self) -> str:
        return f"Another dataset is already called {self.slug!r}."


@dataclass(eq=False)
class DatasetInvalid(ExchangeError):
    kind, code = Kind.INVALID, "dataset-invalid"
    advice = "Correct what is named and send it again."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The dataset cannot be described so: {'; '.join(self.faults)}."


@dataclass(eq=False)
class ReleaseNotFound(ExchangeError):
    kind, code = Kind.NOT_FOUND, "release-not-found"
    advice = "List the dataset's releases to see which there are."
    dataset: str
    number: int | None

    def __str__(self) -> str:
        if self.number is None:
            return f"Dataset {self.dataset!r} has no release yet."
        return f"Dataset {self.dataset!r} has no release {self.number}."


@dataclass(eq=False)
class NoReleaseThen(ExchangeError):
    kind, code = Kind.NOT_FOUND, "release-not-then"
    advice = "Ask for a later moment, or for a release by its number."
    dataset: str
    at: datetime

    def __str__(self) -> str:
        return f"Dataset {self.dataset!r} had no release yet at {self.at:%Y-%m-%d %H:%M:%S} UTC."


@dataclass(eq=False)
class DeliveryNotFound(ExchangeError):
    kind, code = Kind.NOT_FOUND, "delivery-not-found"
    advice = "A delivery is seen by members of the party that made it."
    delivery: str

    def __str__(self) -> str:
        return f"There is no delivery {self.delivery!r}, or it is not yours to see."


@dataclass(eq=False)
class DeliveryNotHeld(ExchangeError):
    kind, code = Kind.CONFLICT, "delivery-not-held"
    advice = "Only what waits for a privacy policy can be dropped; a dataset is withdrawn instead."
    delivery: str
    stage: str

    def __str__(self) -> str:
        return f"Delivery {self.delivery!r} does not wait for you: it is {self.stage}."


@dataclass(eq=False)
class TooManyWaiting(ExchangeError):
    kind, code = Kind.TOO_MANY, "deliveries-waiting"
    advice = "Wait until some of them are published; GET /api/deliveries/{id} tells how far."
    dataset: str
    limit: int

    def __str__(self) -> str:
        return f"{self.limit} deliveries to dataset {self.dataset!r} are waiting already."


@dataclass(eq=False)
class SchemaDiffers(ExchangeError):
    kind, code = Kind.INVALID, "schema-differs"
    advice = "Correct the file, give a schema with the delivery, or deliver it with mode `replace`."
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return f"The file cannot be appended to the dataset: {'; '.join(self.differences)}."


@dataclass(eq=False)
class UploadGone(ExchangeError):
    kind, code = Kind.INVALID, "upload-gone"
    advice = "Upload the file again, and deliver the new upload."
    file_name: str

    def __str__(self) -> str:
        return f"The upload of {self.file_name!r} is no longer here: it was published before."


@dataclass(eq=False)
class PublishingBroke(ExchangeError):
    kind, code = Kind.UNAVAILABLE, "publishing-broke"
    advice = (
        "Nothing was published and the previous release is intact. Tell the operator the "
        "delivery's id: the exchange's log says more."
    )
    what: str

    def __str__(self) -> str:
        return f"The exchange could not publish the file ({self.what})."


@dataclass(eq=False)
class NoRoomForCopy(ExchangeError):
    """The disk is too full for a copy of rows that are about to be made safe."""

    kind, code = Kind.UNAVAILABLE, "no-room-for-copy"
    advice = "Ask the operator for room in the exchange's home, and deliver the file again."
    free_bytes: int
    reserve_bytes: int

    def __str__(self) -> str:
        return (
            "Rows in an object store are copied to the exchange's own disk while they are made"
            f" safe, and that has {self.free_bytes:,} bytes left; {self.reserve_bytes:,} are kept"
            " free."
        )
