"""Options of reading, checked before a file is opened."""

from zoneinfo import available_timezones

from .encoding import known_encoding
from .errors import OptionsInvalid
from .model import ReadOptions

NULL_TEXTS_MAX = 100
NULL_TEXT_CHARACTERS_MAX = 100


def checked_options(options: ReadOptions) -> ReadOptions:
    """Return `options` where each of them can be meant; raise OptionsInvalid otherwise."""
    if options.decimal not in {None, ",", "."}:
        raise OptionsInvalid("decimal", "the decimal sign is , or .")
    if options.time_zone is not None and options.time_zone not in available_timezones():
        raise OptionsInvalid("time_zone", f"{options.time_zone!r} is none; try Europe/Copenhagen")
    if options.encoding is not None:
        known_encoding(options.encoding)
    if options.delimiter is not None:
        given_delimiter(options.delimiter)
    too_long = any(len(text) > NULL_TEXT_CHARACTERS_MAX for text in options.null_texts)
    if len(options.null_texts) > NULL_TEXTS_MAX or too_long or "\0" in "".join(options.null_texts):
        fault = f"at most {NULL_TEXTS_MAX} texts of {NULL_TEXT_CHARACTERS_MAX} characters"
        raise OptionsInvalid("null_texts", fault)
    return options


def given_delimiter(wanted: str) -> str:
    r"""Return the one character that is meant; `\t` and `tab` mean the tab."""
    wanted = {"\\t": "\t", "tab": "\t"}.get(wanted, wanted)
    if len(wanted) != 1 or wanted in '"\0\r\n' or not wanted.isascii():
        raise OptionsInvalid("delimiter", "it must be one character, such as ; or ,")
    return wanted
