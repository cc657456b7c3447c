"""The reference is made from the code, and nothing that a user meets is without words."""

import pytest
from docs import generate

from torvet.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages():
    return generate.pages()


@pytest.mark.parametrize("name", ["settings.md", "commands.md", "errors.md", "interface.md"])
def test_the_reference_is_up_to_date(pages, name):
    written = (generate.REFERENCE / name).read_text(encoding="utf-8")

    assert written == pages[name], "run `make docs`"


def test_each_decision_has_a_number_of_its_own_and_is_listed():
    numbers = [number for _, number, _ in generate.decisions()]

    assert numbers == sorted(set(numbers))
    assert numbers == [path.name[:4] for path, _, _ in generate.decisions()]
    written = (generate.DECISIONS / "README.md").read_text(encoding="utf-8")
    assert written == generate.decisions_page(), "run `make docs`"


def test_every_setting_says_what_it_chooses():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_error_codes_are_unique_and_explained():
    errors = generate.errors()
    codes = [error.code for error in errors]

    assert sorted(codes) == sorted(set(codes))
    assert [error.__name__ for error in errors if not (error.__doc__ or "").strip()] == []


def test_every_call_says_what_it_does():
    silent = [
        f"{method.upper()} {path}"
        for path, methods in generate.openapi()["paths"].items()
        for method, deed in methods.items()
        if not deed.get("description")
    ]

    assert silent == []


def test_every_command_says_what_it_does():
    for path in generate.command_paths():
        assert len(generate._help(path).splitlines()) > 2, path
