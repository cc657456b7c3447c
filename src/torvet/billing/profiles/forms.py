"""Billing details as they stand in JSON."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .model import Profile
from .rules import TEXT_LENGTH_MAX

Text = Annotated[str, Field(max_length=TEXT_LENGTH_MAX)]
Short = Annotated[str, Field(max_length=60)]


class ProfileForm(BaseModel):
    """Billing details as they are given; numbers may have spaces."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=TEXT_LENGTH_MAX, description="The legal name.")]
    street: Text
    post_code: Short
    city: Text
    country: Annotated[str, Field(max_length=2, description="ISO 3166-1, two letters.")] = "DK"
    cvr: Annotated[str, Field(max_length=20, description="Of a Danish organisation.")] = ""
    vat_registered: Annotated[
        bool, Field(description="False for who is below the threshold, and sells exempt.")
    ] = False
    vat_number: Annotated[
        str, Field(max_length=20, description="Begins with the country's two letters.")
    ] = ""
    ean: Annotated[str, Field(max_length=20, description="Of a public body: 13 digits.")] = ""
    endpoint: Annotated[
        str, Field(max_length=60, description="Another address in Peppol, as `0088:579…`.")
    ] = ""
    email: Annotated[str, Field(max_length=254, description="Where invoices are mailed.")] = ""
    iban: Short = ""
    bic: Short = ""
    registration: Annotated[
        str, Field(max_length=10, description="Four digits, of an account within Denmark.")
    ] = ""
    account: Annotated[str, Field(max_length=20, description="At most ten digits.")] = ""
    language: Annotated[str, Field(pattern="^(da|en)$", description="Of documents.")] = "da"
    version: Annotated[
        int, Field(ge=0, description="The version that was read; 0 where there was none.")
    ] = 0

    def profile(self) -> Profile:
        """Return the details as they are kept: numbers without spaces, in capitals."""
        scheme, _, value = self.endpoint.strip().partition(":")
        return Profile(
            party="",
            name=self.name.strip(),
            street=self.street.strip(),
            post_code=self.post_code.strip(),
            city=self.city.strip(),
            country=self.country.strip().upper(),
            cvr=_number(self.cvr).removeprefix("DK"),
            vat_registered=self.vat_registered,
            vat_number=_number(self.vat_number),
            ean=_number(self.ean),
            endpoint=(scheme, value) if self.endpoint.strip() else None,
            email=self.email.strip(),
            iban=_number(self.iban),
            bic=_number(self.bic),
            registration=_number(self.registration),
            account=_number(self.account),
            language=self.language,
            version=self.version,
        )


class ProfileSheet(ProfileForm):
    """Billing details as they stand."""

    missing: list[str] = Field(description="What keeps invoices from being written.")

    @classmethod
    def of(cls, it: Profile, missing: tuple[str, ...]) -> "ProfileSheet":
        return cls(
            name=it.name,
            street=it.street,
            post_code=it.post_code,
            city=it.city,
            country=it.country,
            cvr=it.cvr,
            vat_registered=it.vat_registered,
            vat_number=it.vat_number,
            ean=it.ean,
            endpoint="" if it.endpoint is None else ":".join(it.endpoint),
            email=it.email,
            iban=it.iban,
            bic=it.bic,
            registration=it.registration,
            account=it.account,
            language=it.language,
            version=it.version,
            missing=list(missing),
        )


def _number(text: str) -> str:
    return "".join(text.split()).upper()
