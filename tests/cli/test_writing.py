"""Files that commands write: in words where they cannot be, and never over somebody's edits."""

import pytest

from torvet.cli.output import ProblemSaid
from torvet.cli.writing import replaced, written


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    policy = tmp_path / "policy.json"
    written(policy, b"proposed")
    policy.write_bytes(b"edited for an hour")

    with pytest.raises(ProblemSaid) as said:
        written(policy, b"proposed again")

    assert said.value.problem["title"] == f"{policy} is there already."
    assert policy.read_bytes() == b"edited for an hour"


def test_a_folder_of_its_own_is_made(tmp_path):
    written(tmp_path / "a" / "b" / "certificate.json", b"{}")

    assert (tmp_path / "a" / "b" / "certificate.json").read_bytes() == b"{}"


def test_what_is_drawn_again_stands_in_the_place_of_what_was_there(tmp_path):
    page = tmp_path / "report.html"
    replaced(page, b"one")
    replaced(page, b"two")

    assert page.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [page]


def test_a_folder_in_the_way_and_a_full_disk_are_said_in_words(tmp_path):
    (tmp_path / "folder").mkdir()

    for place in (tmp_path / "folder", "/dev/full/report.html", "/proc/report.html"):
        with pytest.raises(ProblemSaid) as said:
            replaced(tmp_path / place, b"x")
        assert "cannot be written: " in said.value.problem["title"]
        assert said.value.problem["advice"]
