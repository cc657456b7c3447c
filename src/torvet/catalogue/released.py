"""Which columns a release has, by the policy that it is made under: decided from values alone."""

from collections.abc import Sequence
from dataclasses import replace

from torvet.ingest.model import Column, ColumnType
from torvet.privacy import Policy, Role, Treatment


def released(columns: Sequence[Column], policy: Policy | None) -> tuple[Column, ...]:
    """Return the columns of a release of rows with `columns`, under `policy`.

    Anonymised, identifiers are gone and quasi-identifiers are texts; aggregated, there are cells;
    with answers there is what may be asked about.
    """
    match policy.treatment if policy else Treatment.AS_IS:
        case Treatment.ANONYMISE:
            assert policy is not None
            return _recoded(columns, policy)
        case Treatment.AGGREGATE:
            assert policy is not None
            return _cells(columns, policy)
        case Treatment.ANSWERS:
            assert policy is not None
            return _asked_about(columns, policy)
        case _:
            return tuple(columns)


def _recoded(columns: Sequence[Column], policy: Policy) -> tuple[Column, ...]:
    roles = policy.roles
    return tuple(
        _text(column) if roles.get(column.name) is Role.QUASI_IDENTIFIER else column
        for column in columns
        if roles.get(column.name) is not Role.IDENTIFIER
    )


def _text(column: Column) -> Column:
    return replace(
        column, type=ColumnType.TEXT, precision=None, scale=None, unit=None, nullable=True
    )


def _cells(columns: Sequence[Column], policy: Policy) -> tuple[Column, ...]:
    asked, by_name = policy.aggregate or {}, {column.name: column for column in columns}
    over = (asked.get("totals") or {}).get("hierarchies", {})
    places: list[Column] = []
    for name in (it for it in asked["by"] if it in by_name):
        # Totals stand beside their cells, under labels of their hierarchy.
        places += [_text(by_name[name])] if name in over else [by_name[name]]
        places += [Column(name=f"{name}_level", type=ColumnType.INTEGER)] if name in over else []
    return (
        *places,
        *(by_name[name] for name in (asked["value"],) if name in by_name),
        Column(name="contributors", type=ColumnType.INTEGER),
        Column(name="suppressed", type=ColumnType.TEXT),
    )


def _asked_about(columns: Sequence[Column], policy: Policy) -> tuple[Column, ...]:
    asked = policy.answers or {}
    shown = {*asked.get("keys", ()), *asked.get("bounds", ())}
    there = [column for column in columns if column.name in shown]
    derived = (
        Column(name=name, type=ColumnType.TEXT if it["take"] == "date" else ColumnType.INTEGER)
        for name, it in (asked.get("derive") or {}).items()
        if name not in {column.name for column in columns}
    )
    return (*there, *derived)
