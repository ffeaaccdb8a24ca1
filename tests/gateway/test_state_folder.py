"""What lies in a gateway's folder, who may read it, and that nothing is made where no gateway was set up."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import serve
from gateway.care.backup import backup
from gateway.care.in_use import at_work, only_one
from gateway.care.restore import restore
from gateway.config import load
from gateway.errors import GatewayError
from gateway.identity import keyfiles, rotation
from gateway.identity.authority import set_up
from gateway.identity.joining import Joining
from gateway.state import StateFolder
from gateway.store.connection import StoreFault

OPEN_TO_ALL = {"clients.crl", "revoked"}  # the broker reads these; whoever it lets in is no secret


@pytest.fixture
def forgetful() -> Iterator[None]:
    """A system whose new files everybody may read and write unless a program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_files(folder: Path) -> set[str]:
    """Names of files that others than the owner can read or change."""
    return {path.name for path in folder.rglob("*") if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077}


def refused(call: Callable[[], object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        call()
    return caught.value


def run(folder: Path, **changes: Any) -> Callable[[], None]:
    """``gateway run --config``."""
    config = replace(load(folder / "gateway.toml"), pages_port=0, **changes)
    return lambda: serve(StateFolder(config.state, config), config)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def bare(folder: Path) -> Path:
    """Somebody wrote the settings, and set nothing up."""
    folder.mkdir()
    (folder / "gateway.toml").write_text('region = "north"\n')
    return folder


@pytest.mark.usefixtures("forgetful")
def test_every_file_but_certificates_and_public_keys_is_closed_to_others(
    tmp_path: Path, new_region_in: Callable[[Path, str], Any]
) -> None:
    region = new_region_in(tmp_path / "here", "north")
    joining = Joining(region.authority)
    region.lane("lane-1")
    joining.claim("harbour", "lane-2", region.now)
    joining.revoke("lane-1", "stolen", region.now)
    rotation.rotate(region.authority, "region")
    made = backup(region.authority, tmp_path / "tape", region.now, b"seven utopian herons")
    restore(region.state, made.file, region.now, secret=None, force=True)
    restore(tmp_path / "anew", made.file, region.now, secret=b"seven utopian herons", force=False)
    with at_work(region.state), closing(region.authority.open_store()) as store, store.transaction():
        store.execute("UPDATE register_version SET version = version + 1")
        there = {path.name for path in region.state.rglob("*") if path.is_file()}
        found = open_files(region.state) | open_files(tmp_path / "anew")
    assert {"store.sqlite-wal", "store.sqlite-shm", "before-restore.sqlite", "ledger.jsonl", "in-use.lock"} <= there
    assert {name for name in found - OPEN_TO_ALL if not name.endswith((".crt", ".pub"))} == set()
    assert open_files(tmp_path / "here" / "state" / "secrets") == set()


@pytest.mark.usefixtures("forgetful")
def test_a_store_is_closed_before_the_first_row_is_in_it(
    tmp_path: Path, new_region_in: Callable[[Path, str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    monkeypatch.setattr("gateway.store.sqlite.SqliteStore.migrate", lambda store: modes.append(mode_of(store)))
    with pytest.raises(StoreFault):  # there are no tables
        new_region_in(tmp_path / "here", "north")
    assert modes == [0o600]


def mode_of(store: Any) -> int:
    [(_, _, path)] = store.execute("PRAGMA database_list").fetchall()
    return stat.S_IMODE(Path(path).stat().st_mode)


@pytest.mark.parametrize("store", ["", "postgresql://nobody@127.0.0.1:1/none"])
def test_a_gateway_is_not_run_where_none_was_set_up_and_leaves_nothing_there(tmp_path: Path, store: str) -> None:
    folder = bare(tmp_path / "bare")
    error = refused(run(folder, store=store))
    assert (error.code, "region.key, store.key, servers-ca.crt" in error.message) == ("no-gateway", True)
    assert "gateway init" in error.cure
    assert [path.name for path in folder.iterdir()] == ["gateway.toml"]


def test_no_command_makes_an_empty_store_where_there_is_none(tmp_path: Path) -> None:
    folder = bare(tmp_path / "bare")
    assert refused(StateFolder(folder).open_store).code == "no-gateway"
    assert [path.name for path in folder.iterdir()] == ["gateway.toml"]


@pytest.mark.parametrize(
    "lost", ["store.sqlite", "secrets/region.key", "secrets/store.key", "servers-ca.crt", "gateway-1.crt"]
)
def test_a_gateway_of_which_something_was_lost_is_not_run_and_the_backup_is_named(region: Any, lost: str) -> None:
    """An empty store in the place of a lost one would acknowledge, and answer that nothing is missing."""
    (region.state / lost).unlink()
    before = contents(region.state)
    error = refused(run(region.state))
    assert error.code == "no-gateway"
    assert Path(lost).name in error.message
    assert "backup" in error.cure
    assert contents(region.state) == before


def test_no_empty_store_is_set_up_in_the_place_of_a_lost_one(region: Any) -> None:
    (region.state / "store.sqlite").unlink()
    before = contents(region.state)
    error = refused(lambda: set_up(region.state, "north", region.now))
    assert (error.code, "gateway restore" in error.cure, "empty folder" in error.cure) == ("store-lost", True, True)
    assert contents(region.state) == before


def test_a_ledger_that_waits_for_its_backup_gets_no_empty_store(tmp_path: Path) -> None:
    """On a new host it is put there first: what was erased and revoked stands in it."""
    (tmp_path / "ledger.jsonl").touch()
    assert refused(lambda: set_up(tmp_path, "north", datetime.now(UTC))).code == "store-lost"


def test_setting_up_names_the_store_and_goes_on_where_it_was_cut_short(tmp_path: Path) -> None:
    made = set_up(tmp_path / "whole", "north", datetime.now(UTC))
    assert "store.sqlite" in made
    keyfiles.write_key(keyfiles.closed_folder(tmp_path / "cut" / "secrets") / "region.key", bytes(32), secret=True)
    assert set(set_up(tmp_path / "cut", "north", datetime.now(UTC))) == set(made) - {"region.key"}


def test_a_worker_that_was_never_added_is_still_told_how(region: Any) -> None:
    error = refused(run(region.state, worker="gateway-7"))
    assert (error.code, "worker add gateway-7" in error.cure) == ("no-worker", True)


def test_a_second_gateway_of_the_same_name_is_refused_and_one_of_another_name_is_not(region: Any) -> None:
    closed = {"pages_host": "0.0.0.0"}  # where nothing else is refused, this is  # noqa: S104
    rotation.add_worker(region.authority, "gateway-2", region.now)
    with only_one(region.state, "gateway-1"):
        error = refused(run(region.state, **closed))
        assert (error.code, "as gateway-1." in error.message, "worker add" in error.cure) == ("in-use", True, True)
        assert refused(run(region.state, worker="gateway-2", **closed)).code == "not-local"
        StateFolder(region.state).open_store().close()  # commands may be said beside it
    assert refused(run(region.state, **closed)).code == "not-local"
