"""The store of many workers: one PostgreSQL, spoken to as if it were the file of one host.

Workers do not wait for one another unless they hold frames of the same device: ``alone_with`` takes a lock for each
device of a batch, always in rising order, so that two workers never wait in a circle.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.abc import Buffer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import RowMaker
from psycopg.types.numeric import NumericBinaryLoader

from gateway.store.connection import Rows, StoreFault, Values, cannot_open
from gateway.store.migrations import migrations, statements
from gateway.store.months import make_part, month_of, part_of

SETTINGS: Final[dict[str, str | int]] = {
    "application_name": "borderpost",
    "connect_timeout": 5,
    "keepalives_idle": 5,  # a server that lost its power says nothing any more
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "options": "-c lock_timeout=5000 -c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000"
    " -c synchronous_commit=on -c client_min_messages=warning",
}
LOCK_BUCKETS: Final = 4_096  # devices that share one wait for each other now and then, and nothing else happens
MIGRATION_LOCK: Final = -1  # no device's
COPY_FROM_ROWS: Final = 20
PARTED: Final = "events"  # the table that lies in a part for each month
THIS_MONTH: Final = (
    "SELECT CAST(to_regclass(?) AS text), CAST(extract(year FROM timezone('UTC', now())) * 12"
    " + extract(month FROM timezone('UTC', now())) - 1 AS bigint)"
)
# A server that was killed reads its log before it lets anybody in; it has no code for that, only words.
STARTING: Final = re.compile("starting up|not yet accepting|shutting down|recovery mode")
STARTING_WAITS_S: Final = (0.1, 0.2, 0.4, 0.8, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0, 3.0)
MARK: Final = re.compile(r"'[^']*'|\?|%")


def connect(url: str) -> "PostgresStore":
    """One connection, for one thread at a time. GatewayError(bad-store) when nobody answers there.

    It is opened again by itself when the server went: what was under way then is told as a StoreFault.
    """
    store = PostgresStore(url)
    for wait_s in [*STARTING_WAITS_S, None]:
        try:
            store.execute("SELECT 1")
            break
        except StoreFault as fault:
            if wait_s is None or not STARTING.search(_first_line(fault)):
                cure = "See that the server runs, and that the URL (store in gateway.toml) is right."
                raise cannot_open(_without_password(url), _first_line(fault), cure) from fault
        time.sleep(wait_s)
    return store


class PostgresStore:
    """``gateway.store.connection.Connection`` over one server."""

    def __init__(self, url: str) -> None:
        self._url = make_conninfo(url, **SETTINGS)
        self._opened: psycopg.Connection[_Row] | None = None
        self._inside = False
        self._types: dict[str, dict[str, str]] = {}
        self._coming: set[str] = set()  # tables that end with the transaction
        self._months: set[int] = set()  # whose part is there, or was dropped

    def execute(self, sql: str, values: Values = ()) -> Rows:
        with _faults():
            return self._cursor().execute(_translated(sql), values)

    def executemany(self, sql: str, rows: Iterable[Values]) -> int:
        with _faults():
            cursor = self._cursor()
            cursor.executemany(_translated(sql), rows)
            return max(0, cursor.rowcount)

    def insert_new(self, table: str, columns: Sequence[str], rows: Sequence[Values]) -> int:
        """Inside a transaction. Rows by the hundred come by COPY into a table beside it: it costs us a third."""
        if not rows:
            return 0
        if table == PARTED:
            at = columns.index("boot_key")
            self._make_parts({month_of(int(row[at] or 0)) for row in rows})
        names = ", ".join(columns)  # from our own files, never from a message
        if len(rows) < COPY_FROM_ROWS:
            sql = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))}) ON CONFLICT DO NOTHING"  # noqa: S608
            return self.executemany(sql, rows)
        with _faults():
            beside = self._copied(table, columns, rows)
            sql = f"INSERT INTO {table} ({names}) SELECT {names} FROM {beside} ON CONFLICT DO NOTHING"  # noqa: S608
            return self._cursor().execute(sql.encode()).rowcount

    def _copied(self, table: str, columns: Sequence[str], rows: Sequence[Values]) -> str:
        """The name of a table of this connection alone that holds the rows until the transaction ends."""
        beside, names, cursor = f"{table}_coming", ", ".join(columns), self._cursor()
        types = self._column_types(table)
        if beside in self._coming:
            cursor.execute(f"DELETE FROM {beside}".encode())  # noqa: S608  # of an earlier call in this transaction
        else:
            sql = f"CREATE TEMP TABLE {beside} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"  # noqa: S608
            cursor.execute(sql.encode())
            self._coming.add(beside)
        with cursor.copy(f"COPY {beside} ({names}) FROM STDIN (FORMAT BINARY)".encode()) as copy:
            copy.set_types([types[column] for column in columns])
            for row in rows:
                copy.write_row(row)
        return beside

    def _make_parts(self, months: set[int]) -> None:
        """What is not there yet is made once a month, by whoever comes first. A month that was dropped stays away."""
        for month in months - self._months:
            row = self.execute(THIS_MONTH, (part_of(month),)).fetchone()
            there, now = (None, 0) if row is None else tuple(row)
            if there is None and month >= now:
                for statement in make_part(month):
                    self.execute(statement)
            self._months.add(month)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """READ COMMITTED: behind ``alone_with`` everything that others committed for these devices is seen."""
        self.execute("BEGIN")
        self._inside = True
        try:
            yield
            with _faults():
                ended = self._cursor().execute("COMMIT").statusmessage
            if ended != "COMMIT":  # A transaction that had failed: the server rolls it back and calls that no error.
                raise StoreFault("rolled-back")
        except BaseException:
            self._months.clear()  # a part that was made goes with it; a restore (OtherEpoch) took others
            with suppress(StoreFault):  # Where the server went, it has rolled back by itself.
                self.execute("ROLLBACK")
            raise
        finally:
            self._inside = False
            self._coming.clear()

    def alone_with(self, names: Iterable[str]) -> None:
        """No other worker touches these devices until the transaction ends. Rising order: nobody waits in a circle."""
        buckets = sorted({_bucket(name) for name in names})
        with _faults():
            self._cursor().execute(
                "SELECT pg_advisory_xact_lock(bucket) FROM unnest(%s::bigint[]) AS bucket", [buckets]
            )

    def migrate(self) -> None:
        """Workers may start at the same time: the first one migrates, the others wait and find it done."""
        with self._migrating():  # IF NOT EXISTS alone does not keep two of them apart
            self.execute("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)")
        for number, script in migrations("postgres"):
            with self._migrating():
                if number > self._version():
                    for statement in statements(script):
                        self.execute(statement)
                    self.execute("INSERT INTO schema_version (number) VALUES (?)", (number,))

    @contextmanager
    def _migrating(self) -> Iterator[None]:
        with self.transaction():
            self.execute("SELECT pg_advisory_xact_lock(?)", (MIGRATION_LOCK,))
            yield

    def _version(self) -> int:
        row = self.execute("SELECT max(number) FROM schema_version").fetchone()
        return 0 if row is None else int(row[0] or 0)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _connection(self) -> "psycopg.Connection[_Row]":
        """The one that is open, or a new one; never a new one in the middle of a transaction."""
        if self._opened is None or (self._opened.closed and not self._inside):
            self._types.clear()
            self._months.clear()
            self._opened = psycopg.connect(self._url, autocommit=True, row_factory=_named)
            self._opened.adapters.register_loader("numeric", _WholeOrFloat)
        return self._opened

    def _cursor(self) -> "psycopg.Cursor[_Row]":
        return self._connection().cursor(binary=True)

    def _column_types(self, table: str) -> dict[str, str]:
        if table not in self._types:
            sql = (
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                " WHERE attrelid = CAST(? AS regclass) AND attnum > 0"
            )
            self._types[table] = dict(tuple(row) for row in self.execute(sql, (table,)).fetchall())
        return self._types[table]


class _Row(tuple[Any, ...]):
    """Readable by name and by place, as sqlite3.Row is."""

    __slots__ = ()
    places: dict[str, int] = {}  # noqa: RUF012  # each shape of row has a subclass with its own

    def __getitem__(self, key: Any, /) -> Any:  # a name, a place or a slice
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> Iterable[str]:
        return self.places


class _WholeOrFloat(NumericBinaryLoader):
    """What ``sum`` gives: a number like any other."""

    def load(self, data: Buffer) -> Any:  # int or float, where the base class says Decimal
        value = super().load(data)
        return int(value) if value == value.to_integral_value() else float(value)


def _named(cursor: psycopg.Cursor[Any]) -> RowMaker[_Row]:  # of whatever row; it is this that says which
    names = () if cursor.description is None else tuple(column.name for column in cursor.description)
    return _shape(names)


@lru_cache(maxsize=512)
def _shape(names: tuple[str, ...]) -> type[_Row]:
    return type("_Row", (_Row,), {"__slots__": (), "places": {name: at for at, name in enumerate(names)}})


@lru_cache(maxsize=1_024)
def _translated(sql: str) -> bytes:
    """``?`` marks as psycopg writes them; what stands between quotes stays as it is."""
    return MARK.sub(lambda found: {"?": "%s"}.get(found[0], found[0].replace("%", "%%")), sql).encode()


@contextmanager
def _faults() -> Iterator[None]:
    """Whatever the server or the way to it refuses. The five letters say what; its message may hold a value (H08)."""
    try:
        yield
    except psycopg.Error as error:
        raise StoreFault(error.sqlstate or type(error).__name__) from error


def _bucket(name: str) -> int:
    """Names of the gateway's own, which no device has, lie beyond all others: nobody waits for both in a circle."""
    bucket = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % LOCK_BUCKETS
    return bucket + LOCK_BUCKETS if name.startswith("gateway") else bucket


def _first_line(fault: StoreFault) -> str:
    return (str(fault.__cause__ or fault).strip().splitlines() or ["no answer"])[0]


def _without_password(url: str) -> str:
    parts = conninfo_to_dict(url)
    return f"{parts.get('dbname', '')} at {parts.get('host', 'this machine')}:{parts.get('port', 5432)}"
