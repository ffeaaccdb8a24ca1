"""What may the gateway ask of a store? One dialect of SQL, whatever engine keeps the rows.

Everything above this file is written once: ``?`` marks, whole numbers, floats, text and bytes, ``ON CONFLICT``, no
function that one engine alone knows. Engines differ in how rows come in by the thousand and in their migrations
(``gateway/migrations/NNNN_name.sql``, and ``NNNN_name.postgres.sql`` with the same numbers).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from gateway.errors import GatewayError

Value = int | float | str | bytes | bytearray | None
Values = Sequence[Value]


class StoreFault(Exception):
    """The store did not do it: a full or lost disk, a lock that stays, a server that went. Nothing was kept.

    ``code`` is the engine's own word for it; no value of a row is ever in it.
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"the store refuses ({code})")
        self.code = code


class Row(Protocol):
    """Readable by name and by place."""

    def __getitem__(self, key: Any, /) -> Any: ...  # whatever the column holds

    def __iter__(self) -> Iterator[Any]: ...  # the values, in the order that was asked for

    def __len__(self) -> int: ...

    def keys(self) -> Iterable[str]: ...


class Rows(Protocol):
    """What a statement found, and how many rows it changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Row | None: ...

    def fetchall(self) -> Sequence[Row]: ...

    def __iter__(self) -> Iterator[Row]: ...


class Connection(Protocol):
    """One thread at a time. Every method raises StoreFault when the engine refuses."""

    def execute(self, sql: str, values: Values = ()) -> Rows:
        """One statement. Outside a transaction it is durable when this returns."""

    def executemany(self, sql: str, rows: Iterable[Values]) -> int:
        """One statement for each of ``rows``; how many rows it changed."""

    def insert_new(self, table: str, columns: Sequence[str], rows: Sequence[Values]) -> int:
        """Rows that no unique key of the table holds yet; how many of them were new. The fast way in."""

    def transaction(self) -> AbstractContextManager[None]:
        """All of it or nothing. Durable when it ends: an acknowledgement may follow."""

    def alone_with(self, devices: Iterable[str]) -> None:
        """Inside a transaction, first: no other worker writes rows of these devices until it ends.

        Whatever folds over what is stored reads the latest then. One file has one writer anyway.
        """

    def migrate(self) -> None:
        """Apply the migrations that this store has not seen yet."""

    def close(self) -> None: ...


def cannot_open(
    name: object, why: object, cure: str = "Free disk space, or restore it from the backup."
) -> GatewayError:
    """The one sentence for a store that cannot be used at all."""
    return GatewayError("bad-store", f"The store {name} cannot be opened: {why}.", cure)
