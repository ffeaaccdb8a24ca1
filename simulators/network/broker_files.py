"""The files a mosquitto reads: settings, access list and keys, placed where the user it becomes can read them."""

import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

from messages.limits import FRAME_MAX_BYTES, TOPIC_MAX_CHARS

DAEMON_USER = "mosquitto"  # what Debian's mosquitto becomes when root starts it

# A device writes and reads under its own certificate's name (%u) only; the gateway's workers do the reverse.
DEVICE_WRITES = ("evt", "tel", "res")
DEVICE_READS = ("ack", "cmd", "list")

CRL = "clients.crl"
NEW = ".new"
KEPT = "persistence"
OURS = {"broker.crt", "broker.key", "clients-ca.crt", CRL, "acl", "mosquitto.conf", KEPT}
LOOPBACK = "127.0.0.1"

PACKET_LIMIT_BYTES = FRAME_MAX_BYTES + TOPIC_MAX_CHARS + 64  # and what MQTT writes around them
QUEUED_LIMIT_BYTES = 67_108_864  # for each client; a region's worker stands behind thousands of outboxes
QUEUED_LIMIT_MESSAGES = 100_000  # never 0, "no limit": mosquitto 2.0.11 then loses messages that it should deliver
INFLIGHT_LIMIT_MESSAGES = 200  # a worker commits some hundred frames at once
CONNECTIONS_LIMIT = 200
MOST = re.compile(r"^max_connections ([1-9][0-9]{0,6})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Certificates:
    """What the broker shows (its own certificate and key), and whom it lets in: clients of this CA, but for those whose
    certificates stand on ``crl`` or whose names stand in ``revoked`` (a name on each line)."""

    certificate: Path
    key: Path
    clients_ca: Path
    crl: Path | None = None
    revoked: Path | None = None

    @classmethod
    def of_region(cls, state: Path) -> "Certificates":
        """Those that a gateway's folder holds; nobody is revoked."""
        return cls(state / "broker" / "broker.crt", state / "broker" / "broker.key", state / "clients-ca.crt")

    def names(self) -> tuple[str, ...]:
        return () if self.revoked is None else tuple(self.revoked.read_text().split())


def write_files(
    folder: Path,
    port: int,
    tls: Certificates,
    region: str,
    workers: tuple[str, ...],
    connections_limit: int = CONNECTIONS_LIMIT,
    host: str = LOOPBACK,
) -> Path:
    """Write all of it into ``folder`` and return the path of the settings. The originals stay as closed as they are."""
    _make(folder)
    kept = folder / KEPT
    kept.mkdir(mode=0o700, exist_ok=True)
    user = daemon_user(folder)
    sources = {"broker.crt": tls.certificate, "broker.key": tls.key, "clients-ca.crt": tls.clients_ca, CRL: tls.crl}
    for name, source in sources.items():
        if source is not None:
            _place(folder / name, source.read_bytes(), user)
    _place(folder / "acl", access_list(region, workers, tls.names()).encode(), user)
    config = folder / "mosquitto.conf"
    _place(config, settings(folder, port, user, connections_limit, host).encode(), user)
    for path in (kept, *kept.iterdir()):
        _give(path, user)
    return config


def connections_limit(folder: Path) -> int | None:
    """What the settings in ``folder`` say; None: there are none. A region that has grown is not cut back unasked."""
    try:
        found = MOST.search((folder / "mosquitto.conf").read_text(errors="replace"))
    except OSError:
        return None
    return int(found[1]) if found else None


def settings(
    folder: Path, port: int, user: str | None, connections_limit: int = CONNECTIONS_LIMIT, host: str = LOOPBACK
) -> str:
    """The settings that passed the attacks of group E. mosquitto takes no remark behind a value."""
    lines = [
        f"listener {port} {host}",
        f"cafile {folder / 'clients-ca.crt'}",
        f"certfile {folder / 'broker.crt'}",
        f"keyfile {folder / 'broker.key'}",
        *([f"crlfile {folder / CRL}"] if (folder / CRL).exists() else []),
        "tls_version tlsv1.3",
        "require_certificate true",
        "use_identity_as_username true",
        # A second client of the same name would take over a session and erase its queue (E07, E08).
        "use_username_as_clientid true",
        "allow_anonymous false",
        f"acl_file {folder / 'acl'}",
        f"max_packet_size {PACKET_LIMIT_BYTES}",
        f"max_inflight_messages {INFLIGHT_LIMIT_MESSAGES}",
        f"max_queued_messages {QUEUED_LIMIT_MESSAGES}",
        f"max_queued_bytes {QUEUED_LIMIT_BYTES}",
        f"max_connections {connections_limit}",
        "persistent_client_expiration 1d",
        "set_tcp_nodelay true",
        "persistence true",
        f"persistence_location {folder / KEPT}/",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_type information",  # tells when it is ready
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]
    return "\n".join(lines + ([f"user {user}"] if user else [])) + "\n"


def access_list(region: str, workers: tuple[str, ...], revoked: tuple[str, ...] = ()) -> str:
    """mosquitto gives a user's own lines the last word, so a revoked device that is still connected says and hears
    nothing as soon as this is read again."""
    lines = [line for name in revoked for line in (f"user {name}", "topic deny #", "")]
    for worker in workers:
        lines.append(f"user {worker}")
        lines += [f"topic read bp/1/{region}/+/+/{kind}" for kind in DEVICE_WRITES]
        lines += [f"topic write bp/1/{region}/+/+/{kind}" for kind in DEVICE_READS]
        lines.append("")
    lines += [f"pattern write bp/1/{region}/+/%u/{kind}" for kind in DEVICE_WRITES]
    lines += [f"pattern read bp/1/{region}/+/%u/{kind}" for kind in DEVICE_READS]
    return "\n".join(lines) + "\n"


def daemon_user(folder: Path) -> str | None:
    """Whom mosquitto shall become: its own user if that one can reach ``folder``, else it stays root; None: not root.

    A state folder below a closed home (/root is 0700) cannot be reached by another user, and opening it would
    loosen everybody's secrets.
    """
    if os.geteuid() != 0:
        return None
    return DAEMON_USER if may_reach(folder, DAEMON_USER) else "root"


def may_reach(folder: Path, user: str) -> bool:
    """Can this user go into ``folder`` (or into the nearest one above that is there)? No, where there is none of it."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return False
    groups = set(os.getgrouplist(user, entry.pw_gid))
    path = folder.resolve()
    return all(_may_pass(parent, entry.pw_uid, groups) for parent in (path, *path.parents) if parent.exists())


def _may_pass(folder: Path, uid: int, groups: set[int]) -> bool:
    status = folder.stat()
    if status.st_uid == uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid in groups else 0o001))


def _make(folder: Path) -> None:
    """A unit's UMask=0077 would leave a new folder to root alone, and mosquitto would have to stay root. So one that is
    made here, or holds nothing but what is written here, lets mosquitto's user pass, and nobody else."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return
    ours = {path.name.removesuffix(NEW) for path in folder.iterdir()} <= OURS  # never somebody's home
    for path in reversed(made or [folder] * ours):
        if may_reach(path.parent, DAEMON_USER) and not may_reach(path, DAEMON_USER):
            os.chown(path, -1, pwd.getpwnam(DAEMON_USER).pw_gid)
            path.chmod(0o750)


def _place(path: Path, content: bytes, user: str | None) -> None:
    """Write a file that only the daemon's user (and root) can read; never readable by others even for a moment."""
    beside = path.with_name(path.name + NEW)
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    _give(beside, user)
    beside.replace(path)


def _give(path: Path, user: str | None) -> None:
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
