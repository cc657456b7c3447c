"""The exchange's own secrets: made once, whoever comes first, and read by nobody else."""

import threading

import pytest

from torvet.backends.keys import load_keys
from torvet.exchange import open_parts
from torvet.settings import Settings


def test_keys_are_made_once_and_stay(tmp_path):
    first, second = load_keys(tmp_path / "keys"), load_keys(tmp_path / "keys")

    assert first.secret == second.secret
    assert first.signing.private_bytes_raw() == second.signing.private_bytes_raw()
    assert len(first.secret) == 32


def test_nobody_else_may_read_them(tmp_path):
    load_keys(tmp_path / "keys")

    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    for file in (tmp_path / "keys").iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_all_who_make_them_at_once_get_the_same(tmp_path):
    begin, got = threading.Barrier(8), []

    def load():
        begin.wait()
        got.append(load_keys(tmp_path / "keys").secret)

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 8
    assert len(set(got)) == 1
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["secret", "signing.pem"]


def test_a_key_of_another_kind_is_not_taken(tmp_path):
    load_keys(tmp_path / "keys")
    (tmp_path / "keys" / "signing.pem").write_text("no key")

    with pytest.raises(ValueError, match=r"(?i)pem|key"):
        load_keys(tmp_path / "keys")


def test_no_other_account_may_look_into_a_new_home(tmp_path, database):
    settings = Settings(home=tmp_path / "home", database=database)
    with open_parts(settings, migrate=False):
        inner = {path.name: path.stat().st_mode & 0o077 for path in settings.home.iterdir()}

    assert settings.home.stat().st_mode & 0o066 == 0
    assert inner == dict.fromkeys(("keys", "tables", "temporary"), 0)
