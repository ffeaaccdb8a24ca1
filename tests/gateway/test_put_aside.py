"""What a restore puts aside can be opened, with all that was ever acknowledged, whatever had happened to it."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store.dump import replace_sqlite, stores_aside
from gateway.store.sqlite import connect

WRITER = """
import os, signal, sys
from pathlib import Path
from gateway.store.sqlite import connect
store = connect(Path(sys.argv[1]))
store.execute("CREATE TABLE IF NOT EXISTS told (word TEXT)")
for number in range(int(sys.argv[3])):
    store.execute("INSERT INTO told VALUES (?)", (sys.argv[2],))
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_writer(path: Path, word: str, rows: int = 1) -> None:
    done = subprocess.run([sys.executable, "-c", WRITER, str(path), word, str(rows)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert log_of(path).stat().st_size


def damaged_store(path: Path) -> bytes:
    """Nobody can read it any more, and its log alone does not help; that log."""
    with closing(connect(path)) as store:
        store.execute("CREATE TABLE told (word TEXT)")
    killed_writer(path, "heron")
    path.write_bytes(b"\xff" * path.stat().st_size)
    return log_of(path).read_bytes()


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def put_aside(path: Path) -> Path:
    fresh = path.with_name("fresh.sqlite")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as store:
        store.execute("CREATE TABLE restored (word TEXT)")
    replace_sqlite(path, fresh)
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("SELECT count(*) FROM restored").fetchone() == (0,)
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return stores_aside(path.parent)[-1]


def told(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [word for (word,) in store.execute("SELECT word FROM told")]


def test_what_a_killed_gateway_left_in_its_log_is_in_the_one_file_that_is_put_aside(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "store.sqlite", tmp_path / "elsewhere"
    killed_writer(path, "heron")
    aside = put_aside(path)
    elsewhere.write_bytes(aside.read_bytes())
    assert told(elsewhere) == ["heron"]
    assert not log_of(aside).exists()


def test_the_log_of_what_was_put_aside_before_is_not_read_into_what_is_put_aside_now(tmp_path: Path) -> None:
    path, before = tmp_path / "store.sqlite", tmp_path / "before"
    killed_writer(before, "heron", 40)
    log_of(tmp_path / "before-restore.sqlite").write_bytes(log_of(before).read_bytes())
    killed_writer(path, "stork", 2)
    assert told(put_aside(path)) == ["stork", "stork"]


def test_a_damaged_store_is_put_aside_with_its_log(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    log = damaged_store(path)
    aside = put_aside(path)
    assert aside.read_bytes()[:1] == b"\xff"
    assert log_of(aside).read_bytes() == log


def test_a_cut_leaves_no_store_without_its_log_and_doing_it_again_brings_them_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.sqlite"
    log = damaged_store(path)

    def cut(*_told: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as power, pytest.raises(KeyboardInterrupt):  # noqa: PT012 (the cut is in there)
        power.setattr(Path, "rename", cut)
        put_aside(path)
    assert not path.exists()
    assert log_of(put_aside(path)).read_bytes() == log


def test_a_second_restore_keeps_what_the_first_one_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    for word in ("heron", "stork", "crane"):
        killed_writer(path, word)
        put_aside(path)
    assert [file.name for file in stores_aside(tmp_path)] == [
        "before-restore.sqlite", "before-restore-2.sqlite", "before-restore-3.sqlite",
    ]  # fmt: skip
    assert told(tmp_path / "before-restore.sqlite") == ["heron"]


def test_the_log_of_a_store_that_is_gone_is_not_read_into_what_was_put_aside_before(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    killed_writer(path, "heron", 40)
    first = put_aside(path)
    path.unlink()
    killed_writer(path, "stork", 7)
    path.unlink()
    log = log_of(path).read_bytes()
    put_aside(path)
    assert told(first) == ["heron"] * 40
    assert log_of(tmp_path / "before-restore-2.sqlite").read_bytes() == log
    killed_writer(path, "crane")
    assert put_aside(path).name == "before-restore-3.sqlite"
    assert told(tmp_path / "before-restore-3.sqlite") == ["crane"]
    assert not list(tmp_path.glob("*.moving"))


def test_a_mark_that_a_cut_left_behind_marks_no_later_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    killed_writer(path, "heron")
    first = put_aside(path)
    first.with_name(first.name + ".moving").touch()  # cut before it was taken away
    killed_writer(path, "stork")
    put_aside(path)
    path.unlink()
    log_of(path).write_bytes(b"of neither")
    put_aside(path)
    assert (told(first), told(tmp_path / "before-restore-2.sqlite")) == (["heron"], ["stork"])
    assert log_of(tmp_path / "before-restore-3.sqlite").exists()
