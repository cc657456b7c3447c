"""Profile files over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from torvet.kit import moments
from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from .profiles import Profile, make_profile

ContractPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class ProfileForm(BaseModel):
    """How long the profile is to live; without it, 90 days or as long as the contract."""

    expires_at: AwareDatetime | None = Field(
        default=None, description="The bearer's end; the contract's own end may be sooner."
    )


class ProfileSheet(BaseModel):
    """A Delta Sharing profile file, version 1. Save it as it is; the bearer is shown once."""

    shareCredentialsVersion: int
    endpoint: str
    bearerToken: str
    expirationTime: str

    @classmethod
    def of(cls, profile: Profile) -> "ProfileSheet":
        return cls(
            shareCredentialsVersion=1,
            endpoint=profile.endpoint,
            bearerToken=profile.bearer,
            expirationTime=_milliseconds(profile.expires_at),
        )


def _milliseconds(at: datetime) -> str:
    return f"{moments.to_text(at)[:-4]}Z"


router = APIRouter(prefix="/api", tags=["delivery"])


@router.post(
    "/contracts/{contract_id}/profile",
    status_code=201,
    responses=problems_of(401, 403, 404, 422, 429, 503),
)
def make_profile_file(
    *,
    contract_id: ContractPath,
    caller: SignedIn,
    parts: TheParts,
    response: Response,
    form: ProfileForm | None = None,
) -> ProfileSheet:
    """Make a Delta Sharing profile file for the contract's consumer.

    Its bearer opens this one share and nothing else, and nothing once the contract is over.
    """
    profile = make_profile(parts, caller, contract_id, expires_at=form.expires_at if form else None)
    response.headers["Cache-Control"] = "no-store"
    name = f"{profile.contract.share}.share"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return ProfileSheet.of(profile)
