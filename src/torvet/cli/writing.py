"""Files that commands write: whole or not at all, and in words where they cannot be."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .output import ProblemSaid


def written(file: Path, content: bytes) -> None:
    """Write a file that is not there yet; what somebody edited meanwhile is never written over.

    Raises ProblemSaid where it is there, or where it cannot be written.
    """
    with writing(file):
        if file.exists():
            advice = "Name another file, or move this one away."
            raise ProblemSaid({"title": f"{file} is there already.", "advice": advice})
        file.parent.mkdir(parents=True, exist_ok=True)
        replaced(file, content)


def replaced(file: Path, content: bytes) -> None:
    """Write a file in the place of what was there; raise ProblemSaid where it cannot be."""
    with writing(file):
        draft = file.with_name(f".{file.name}.part")
        try:
            draft.write_bytes(content)
            draft.replace(file)
        finally:
            with suppress(OSError):
                draft.unlink()


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Say in words why `file` cannot be written: a full disk, no permission, a folder."""
    try:
        yield
    except OSError as error:
        why = f"{file} cannot be written: {error.strerror or error}."
        advice = "Choose a folder that is yours and has room."
        raise ProblemSaid({"title": why, "advice": advice}) from error
