"""Who the device is, on a disk that may lose its power at any write: the old identity or the new one, never half."""

import os
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge.config import ConfigError
from edge.identity import files as identity_files
from edge.identity.files import Files, IdentityFolder
from edge.identity.identity import Identity, read_identity
from messages.enrolment import BadRequest, Enrolled, read_enrolled, write
from messages.keys import DeviceKey

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class PowerCut(BaseException):
    """Nothing after this happens."""


def answer(kid: str = "lane-1", serial: int = 1, **changes: Any) -> Enrolled:
    fields: dict[str, Any] = {
        "certificate_pem": b"certificate %d" % serial,
        "servers_ca_pem": b"ca %d" % serial,
        "region": "north",
        "post": "harbour",
        "kid": kid,
        "region_kid": f"region-{serial}",
        "region_public": bytes([serial]) * 32,
        "gateways": {"gateway-1": bytes([serial]) * 32},
        "controls": {"control-1": bytes([serial]) * 32},
        "at": "127.0.0.1:8444",
        "not_after_s": int((NOW + timedelta(days=30 * serial)).timestamp()),
    }
    return Enrolled(**{**fields, **changes})


def enrolled(folder: Path) -> Identity:
    place = IdentityFolder(folder)
    place.make()
    place.tls_key("device.key")
    place.signing_key("sign.key", "lane-1")
    place.keep(answer(), "lane-1", Files())
    return read_identity(folder)


def renew(folder: Path) -> None:
    place, files = IdentityFolder(folder), Files().following(new_signing=True)
    place.tls_key(files.key)
    place.signing_key(files.signing, "lane-1")
    place.keep(answer("lane-1.2", 2), "lane-1", files)


def parts(identity: Identity) -> tuple[object, ...]:
    """Everything that must belong together."""
    return (
        identity.device_key.kid,
        identity.device_key.seed,
        identity.region,
        identity.gateways,
        identity.controls,
        identity.cert.read_bytes(),
        identity.ca.read_bytes(),
        identity.key.read_bytes(),
    )


@pytest.mark.parametrize("call", ["open", "fsync", "replace", "unlink"])
def test_a_power_cut_at_any_call_leaves_the_old_identity_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    outcomes = set()
    for at in range(1, 100):
        folder = tmp_path / f"{call}-{at}" / "identity"
        old = parts(enrolled(folder))
        with monkeypatch.context() as patch:
            left = _cut(patch, call, at)
            try:
                renew(folder)
            except PowerCut:
                pass
            else:
                assert left() > 0
                break
        found = parts(read_identity(folder))
        renew(folder)  # whatever was left behind, the next renewal comes to the same end
        new = parts(read_identity(folder))
        assert found in (old, new)
        outcomes.add(found == old)
    assert at > 2
    assert True in outcomes


def _cut(patch: pytest.MonkeyPatch, call: str, at: int) -> Callable[[], int]:
    """Power goes at the ``at``-th call of this kind. Returns how many were left."""
    owner: Any = Path if call in ("replace", "unlink") else os
    real, left = getattr(owner, call), [at]

    def counted(*args: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] <= 0:
            raise PowerCut
        return real(*args, **named)

    patch.setattr(owner, call, counted)
    return lambda: left[0]


def test_everything_is_on_the_disk_before_identity_toml_says_that_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "identity"
    enrolled(folder)
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("sync"), fsync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda path, to: (done.append(Path(to).name), replace(path, to))[1])
    renew(folder)
    assert [name for name in done if name != "sync"][-1] == "identity.toml"
    assert [before for before, name in pairwise(done) if name != "sync"] == ["sync"] * 7
    assert done[-1] == "sync"


def test_files_that_nobody_needs_go_and_the_certificate_that_counted_until_now_stays(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrolled(folder)
    renew(folder)
    names = {path.name for path in folder.iterdir()}
    assert {"device.crt", "device.key", "device.2.crt", "device.2.key", "sign.2.key"} <= names
    assert "sign.key" not in names


def test_names_of_files_follow_one_another() -> None:
    files = Files()
    for number in (2, 3, 4):
        files = files.following(new_signing=number != 3)
    assert files == Files("device.4.crt", "device.4.key", "sign.3.key", "ca.4.crt")


@pytest.mark.parametrize("name", ["sign.key", "device.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_is_refused_with_a_sentence(tmp_path: Path, name: str, mode: int) -> None:
    folder = tmp_path / "identity"
    enrolled(folder)
    (folder / name).chmod(mode)
    with pytest.raises(ConfigError, match=f"{name} .*chmod 600"):
        read_identity(folder)


def test_a_key_that_belongs_to_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "identity"
    enrolled(folder)
    real = Path.stat

    def stat(path: Path, **named: Any) -> os.stat_result:
        values = list(real(path, **named))
        return os.stat_result([*values[:4], 4_711, *values[5:]])

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(ConfigError, match="others"):
        read_identity(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"region": 'north"\n[controls]\nevil = "'},
        {"kid": 'lane-1"\n'},
        {"at": '127.0.0.1:1"\n[controls]'},
        {"post": "../harbour"},
        {"gateways": {}},
        {"gateways": {"gateway-1": bytes(31)}},
        {"controls": {'control-1"': bytes(32)}},
        {"region_public": b""},
        {"kid": "lane-1.02"},
        {"not_after_s": -1},
        {"not_after_s": 10**15},
    ],
)
def test_an_answer_cannot_write_lines_of_its_own_into_identity_toml(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        read_enrolled(write(answer(**changes)))


def test_an_answer_that_is_good_is_read_as_it_was_written() -> None:
    assert read_enrolled(write(answer())) == answer()


@pytest.mark.parametrize("text", ["[files]\ncertificate = 7", '[files]\nkey = "../other.key"', "files = 3"])
def test_an_identity_that_names_files_elsewhere_is_damaged(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        identity_files.files_of(tomllib.loads(text))


def test_a_tls_key_that_is_damaged_is_made_anew_and_a_signing_key_never(tmp_path: Path) -> None:
    place = IdentityFolder(tmp_path / "identity")
    place.make()
    for name in ("device.2.key", "sign.2.key"):
        place.write(name, b"rot\n", secret=True)
    assert place.tls_key("device.2.key").public_key() == place.tls_key("device.2.key").public_key()
    with pytest.raises(ValueError, match="hexadecimal"):
        place.signing_key("sign.2.key", "lane-1")


def test_the_signing_keys_that_lie_there_are_found_the_one_that_counts_first(tmp_path: Path) -> None:
    place = IdentityFolder(tmp_path / "identity")
    place.make()
    assert place.signing_names("sign.key") == ["sign.key"]
    for name in ("sign.10.key", "sign.9.key", "sign.key", ".sign.11.key.new", "sign.x.key", "device.key"):
        place.write(name, b"", secret=True)
    assert place.signing_names("sign.9.key") == ["sign.9.key", "sign.key", "sign.10.key"]
    assert place.signing_names("sign.2.key") == ["sign.key", "sign.9.key", "sign.10.key"]


def test_a_key_made_twice_is_the_same_key(tmp_path: Path) -> None:
    place = IdentityFolder(tmp_path / "identity")
    place.make()
    assert place.signing_key("sign.key", "lane-1") == place.signing_key("sign.key", "lane-1")
    assert place.signing_key("sign.key", "lane-1") != DeviceKey.generate("lane-1")
