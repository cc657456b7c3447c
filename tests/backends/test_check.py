"""`check` tries every part, and one that fails hides none of the others."""

import pytest

from torvet.exchange import check
from torvet.settings import Settings, load


def found(settings, origins=None):
    return {finding["part"]: finding for finding in check(settings, origins or {})}


@pytest.fixture
def good(database, tmp_path):
    return Settings(home=tmp_path, database=database)


def test_every_part_of_a_sound_exchange_is_in_order(good):
    findings = found(good)

    assert all(finding["ok"] for finding in findings.values())
    parts = ["home", "keys", "database", "tables", "engine", "engine on tables", "log"]
    assert list(findings) == parts
    assert "0 facts are signed" in findings["log"]["said"]
    assert "PostgreSQL 18" in findings["database"]["said"]
    assert "up to date" in findings["database"]["said"]


def test_a_part_that_is_away_is_named_with_advice(good):
    broken = good.model_copy(update={"database": "postgresql+psycopg://torvet@127.0.0.1:1/torvet"})
    findings = found(broken, {"database": "environment TORVET_DATABASE"})

    assert not findings["database"]["ok"]
    assert "TORVET_DATABASE" in findings["database"]["advice"]
    assert findings["database"]["origin"] == "environment TORVET_DATABASE"
    assert findings["tables"]["ok"]
    assert findings["engine on tables"]["ok"]


def test_nonsense_in_every_setting_crashes_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings = Settings(
        home=tmp_path / "file" / "home",
        database="no url at all",
        tables=str(tmp_path / "file" / "tables"),
        engine="embedded",
    )
    findings = found(settings)

    assert not any(finding["ok"] for finding in findings.values())
    assert all(finding["said"] and finding["advice"] for finding in findings.values())


def test_each_setting_that_was_chosen_is_shown_with_where_it_came_from(
    tmp_path, monkeypatch, database
):
    (tmp_path / "torvet.toml").write_text('name = "Aarhus"\noidc_client_secret = "hush"\n')
    monkeypatch.setenv("TORVET_PLACE", "DK-82")
    settings, origins = load(home=tmp_path, database=database)
    findings = found(settings, origins)

    assert findings["setting name"]["said"] == "Aarhus"
    assert findings["setting name"]["origin"] == str(tmp_path / "torvet.toml")
    assert findings["setting place"]["origin"] == "environment TORVET_PLACE"
    assert findings["setting home"]["origin"] == "argument"
    assert "hush" not in str(findings)


def test_a_password_in_an_address_is_not_shown(tmp_path):
    settings, origins = load(home=tmp_path, database="postgresql://me:hush@127.0.0.1:1/x")
    findings = found(settings, origins)

    assert "hush" not in str(findings)
