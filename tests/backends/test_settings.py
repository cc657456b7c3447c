"""Settings know where they came from, and nonsense is refused in words."""

import pytest

from torvet.settings import SettingsInvalid, load


def test_an_argument_beats_the_environment_beats_the_file_beats_the_default(tmp_path, monkeypatch):
    (tmp_path / "torvet.toml").write_text('name = "file"\nplace = "file"\nport = 1\n')
    monkeypatch.setenv("TORVET_NAME", "environment")
    monkeypatch.setenv("TORVET_PLACE", "environment")
    settings, origins = load(home=tmp_path, name="argument")

    assert (settings.name, settings.place, settings.port) == ("argument", "environment", 1)
    assert origins["name"] == "argument"
    assert origins["place"] == "environment TORVET_PLACE"
    assert origins["port"] == str(tmp_path / "torvet.toml")
    assert origins["host"] == "default"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("port = 99999", "port"),
        ("colour = 'red'", "colour"),
        ("port = ", "torvet.toml"),
        ("upload_bytes_max = 'many'", "upload_bytes_max"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_file(tmp_path, written, said):
    (tmp_path / "torvet.toml").write_text(written)

    with pytest.raises(SettingsInvalid, match=said) as refused:
        load(home=tmp_path)
    assert "torvet.toml" in str(refused.value)


def test_a_bad_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("TORVET_PORT", "http")

    with pytest.raises(SettingsInvalid, match="TORVET_PORT"):
        load(home=tmp_path)
