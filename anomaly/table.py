"""Tables: equally long named columns that rows are appended to; so the group's state is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Int64s
from tocsin.core.errors import DamagedError


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is made.

    Attributes:
        dtype: Of fixed size, e.g. ``"i8"``.
        fill: Value of a new row.
        width: Values a row; 0 means one, without a second axis.
    """

    dtype: str
    fill: float | int = 0
    width: int = 0


Schema = Mapping[str, Column]


class Table:
    """Columns of one length; whoever copied it may write into it.

    Attributes:
        columns: Name to array whose first axis is the row.
    """

    __slots__ = ("columns",)

    def __init__(self, columns: dict[str, NDArray[Any]]) -> None:
        self.columns = columns

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def __setitem__(self, name: str, column: NDArray[Any]) -> None:
        self.columns[name] = column

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def copy(self) -> "Table":
        """Return the same rows in memory of their own."""
        return Table({name: column.copy() for name, column in self.columns.items()})

    def take(self, rows: Int64s) -> dict[str, NDArray[Any]]:
        """Return the columns of the rows, in that order."""
        return {name: column[rows] for name, column in self.columns.items()}

    def put(self, rows: Int64s, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write the rows; each row at most once."""
        for name, values in columns.items():
            self.columns[name][rows] = values

    def replace(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write every row of the columns; the arrays are the table's from now on."""
        for name, values in columns.items():
            self.columns[name] = np.ascontiguousarray(values, self.columns[name].dtype)

    def append(self, rows: Mapping[str, NDArray[Any]]) -> None:
        """Add rows at the end; they must have every column."""
        if not len(next(iter(rows.values()), ())):
            return
        for name, column in self.columns.items():
            self.columns[name] = np.concatenate([column, rows[name].astype(column.dtype, copy=False)])


def new_rows(schema: Schema, count: int) -> dict[str, NDArray[Any]]:
    """Return that many rows as the schema fills them."""
    rows: dict[str, NDArray[Any]] = {}
    for name, column in schema.items():
        rows[name] = np.zeros((count, column.width) if column.width else count, column.dtype)
        if column.fill and count:
            rows[name].fill(column.fill)
    return rows


def by_table(arrays: Mapping[str, NDArray[Any]]) -> dict[str, dict[str, NDArray[Any]]]:
    """Return table to column to array of what was decoded: ``table.column`` to array."""
    tables: dict[str, dict[str, NDArray[Any]]] = {}
    for key, array in arrays.items():
        table, _, column = key.partition(".")
        tables.setdefault(table, {})[column] = array
    return tables


def checked(name: str, schema: Schema, columns: Mapping[str, NDArray[Any]]) -> Table:
    """Return the decoded columns as a table of the schema.

    Raises:
        DamagedError: A column is missing or has another type or length.
    """
    lengths = {len(columns[column]) for column in schema if column in columns}
    for column, made in schema.items():
        if column not in columns or columns[column].dtype != np.dtype(made.dtype) or len(lengths) != 1:
            raise DamagedError(f"column {name}.{column} is missing or not {made.dtype} of one length")
    return Table({column: columns[column] for column in schema})
