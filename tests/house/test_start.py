"""Nobody waits at a start for what only some deeds use."""

import subprocess
import sys

import pytest

# Compilers, solvers, typefaces, clients of elsewhere: each is loaded by the deed that wants it.
SELDOM_USED = {
    "PIL", "alembic", "authlib", "botocore", "fontTools", "fpdf", "h3", "llvmlite", "lxml", "numba",
    "opendp", "pandas", "pyspark", "rdflib", "s3fs", "scipy",
}  # fmt: skip
NO_CLIENTS_BUSINESS = SELDOM_USED | {
    "duckdb", "fastapi", "jinja2", "numpy", "psycopg", "pyarrow", "pydantic", "sqlalchemy",
}  # fmt: skip


def loaded_by(*modules):
    asked = f"import sys, {', '.join(modules)}; print(*{{n.split('.')[0] for n in sys.modules}})"
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    return set(said.stdout.split())


def test_a_command_loads_nothing_of_a_server():
    assert loaded_by("torvet.cli.main") & NO_CLIENTS_BUSINESS == set()


@pytest.mark.slow
def test_a_server_starts_without_what_only_some_deeds_use():
    assert loaded_by("torvet.cli.operate", "torvet.cli.near") & SELDOM_USED == set()
