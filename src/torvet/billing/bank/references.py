"""References with check digits, which banks carry back: a slip of the pen names no invoice.

ISO 11649, the creditor reference: `RF`, two check digits, and up to 21 letters and digits. The
digits make all of it, with `RF` and themselves moved behind and letters as 10 to 35, leave 1 when
divided by 97, as those of an IBAN do.
"""

import re

OWN_LENGTH_MAX = 21
_OWN = re.compile(r"[0-9A-Z]{1,21}", re.ASCII)
_REFERENCE = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}", re.ASCII)
_MODULUS = 97


def creditor_reference(number: str) -> str:
    """Return the reference of what is numbered so: `F-000042` becomes `RF12F000042`.

    Raises ValueError where `number` without hyphens and spaces is no 1 to 21 letters and digits.
    """
    own = re.sub(r"[\s-]", "", number.upper())
    if _OWN.fullmatch(own) is None:
        raise ValueError(f"{number!r} is no 1 to {OWN_LENGTH_MAX} letters and digits")
    return f"RF{98 - _rest(f'{own}RF00'):02}{own}"


def reference_fits(reference: str) -> bool:
    """Tell whether `reference` is a creditor reference whose digits check; spaces do not count."""
    bare = re.sub(r"\s", "", reference.upper())
    return _REFERENCE.fullmatch(bare) is not None and _rest(bare[4:] + bare[:4]) == 1


def _rest(signs: str) -> int:
    return int("".join(str(int(sign, 36)) for sign in signs)) % _MODULUS
