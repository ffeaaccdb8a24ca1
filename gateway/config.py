"""What may an operator set for a gateway? One TOML file in its state folder, read once, by the composition root."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import GatewayError
from gateway.settings import expect_known
from gateway.store.opening import is_url
from messages.topics import is_name

CONFIG_NAME = "gateway.toml"
DEFAULT_BROKER_PORT = 8883
DEFAULT_PAGES_PORT = 8080
DEFAULT_ENROLMENT_PORT = 8444
PORT_MAX = 65_535
LOOPBACK = "127.0.0.1"
EVERYWHERE = ("", "*", "0", "0.0.0.0", "::")  # noqa: S104 (to be refused)
WORKER = "gateway-1"
KEEP_DAYS = 3_650
KEEP_DAYS_MAX = 36_500


@dataclass(frozen=True, slots=True)
class Config:
    region: str
    state: Path
    broker_host: str
    broker_port: int
    pages_host: str
    pages_port: int
    store: str = ""  # the URL of a PostgreSQL; empty: the file in the state folder
    worker: str = WORKER  # which of the region's workers this is
    enrolment_host: str = LOOPBACK
    enrolment_port: int = DEFAULT_ENROLMENT_PORT
    nodes: tuple[tuple[str, int], ...] = ()  # of a NATS cluster; none: an MQTT broker
    reload: tuple[str, ...] = ()  # the command by which the broker reads its lists again
    keep_days: int = KEEP_DAYS  # then an event's row goes, too; what is personal goes on the date in the row
    path: Path = field(default=Path(CONFIG_NAME), compare=False)  # where this was read

    @property
    def enrolment(self) -> str:
        """Where devices enrol and renew; empty: nowhere."""
        return f"{self.enrolment_host}:{self.enrolment_port}" if self.enrolment_port else ""


def load(path: Path) -> Config:
    """Read ``path``; the state folder is the one it names, or else lies in. Raises GatewayError with a sentence."""
    try:
        raw = tomllib.loads(path.read_text())
    except FileNotFoundError:
        cure = "Make it with: borderpost gateway init --state DIR --region REGION"
        raise GatewayError("no-gateway", f"There is no gateway in {path.parent}.", cure) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GatewayError("bad-config", f"{path} cannot be read: {error}.", "Correct it.") from error
    expect_known(path, raw)
    region = raw.get("region")
    if not isinstance(region, str) or not is_name(region):
        raise GatewayError("bad-config", f"{path} names no region.", 'Add a line like: region = "north"')
    broker_host, broker_port = _address(path, raw, "broker", DEFAULT_BROKER_PORT)
    pages_host, pages_port = _address(path, raw, "pages", DEFAULT_PAGES_PORT)
    state = path.parent / str(raw.get("state", "."))
    return Config(
        region,
        state,
        broker_host,
        broker_port,
        pages_host,
        pages_port,
        _store(path, raw),
        _worker(path, raw),
        *_address(path, raw, "enrolment", DEFAULT_ENROLMENT_PORT),
        _nodes(path, raw),
        _reload(path, raw),
        _keep_days(path, raw),
        path,
    )


def default_text(region: str, store: str = "") -> str:
    return "\n".join(
        (
            f'region = "{region}"',
            *((f'store = "{store}"',) if store else ()),
            "",
            "# host: by which devices reach this one (a name or an address); then say `borderpost gateway init` again.",
            "[broker]",
            f'host = "{LOOPBACK}"',
            f"port = {DEFAULT_BROKER_PORT}",
            "",
            "[pages]  # no login yet: leave it on this machine",
            f'host = "{LOOPBACK}"',
            f"port = {DEFAULT_PAGES_PORT}",
            "",
            "[enrolment]  # where devices enrol and renew; port = 0: nowhere",
            f'host = "{LOOPBACK}"',
            f"port = {DEFAULT_ENROLMENT_PORT}",
            "",
        )
    )


def copied_text(config: Config, worker: str) -> str:
    """Of another worker of the same region, on another host: the same store and broker, no enrolment."""
    nodes = ", ".join(f'"{host}:{port}"' for host, port in config.nodes)
    return "\n".join(
        (
            f'region = "{config.region}"',
            f'store = "{config.store}"',
            f'worker = "{worker}"',
            "",
            "[broker]",
            *(('kind = "nats"', f"nodes = [{nodes}]") if nodes else ()),
            f'host = "{config.broker_host}"',
            f"port = {config.broker_port}",
            "",
            "[pages]  # no login yet: leave it on this machine",
            f'host = "{LOOPBACK}"',
            f"port = {DEFAULT_PAGES_PORT}",
            "",
            "[enrolment]  # the first worker does it",
            "port = 0",
            "",
        )
    )


def _nodes(path: Path, raw: dict[str, object]) -> tuple[tuple[str, int], ...]:
    """``kind = "nats"`` and ``nodes = ["HOST:PORT", ...]`` under [broker]."""
    broker = raw.get("broker")
    table: dict[str, object] = broker if isinstance(broker, dict) else {}
    nodes = table.get("nodes", [])
    found = [_node(word) for word in nodes] if isinstance(nodes, list) else [None]
    kind = table.get("kind", "mqtt")
    if None in found or kind not in ("mqtt", "nats") or bool(found) != (kind == "nats"):
        cure = 'Write: kind = "nats" and nodes = ["HOST:PORT", ...], or neither.'
        raise GatewayError("bad-config", f"[broker] in {path} names no broker and no cluster.", cure)
    return tuple(node for node in found if node is not None)


def _node(word: object) -> tuple[str, int] | None:
    host, _, port = str(word).rpartition(":")
    return (host, int(port)) if host and port.isdecimal() and int(port) <= PORT_MAX else None


def _store(path: Path, raw: dict[str, object]) -> str:
    store = raw.get("store", "")
    if not isinstance(store, str) or (store and not is_url(store)):
        cure = 'Leave it out for a file, or write: store = "postgresql://..."'
        raise GatewayError("bad-config", f"The store in {path} is no URL of a PostgreSQL.", cure)
    return store


def _worker(path: Path, raw: dict[str, object]) -> str:
    worker = raw.get("worker", WORKER)
    if not isinstance(worker, str) or not is_name(worker) or not worker.startswith("gateway-"):
        raise GatewayError("bad-config", f"The worker in {path} is none.", 'Write it as: worker = "gateway-2"')
    return worker


def _reload(path: Path, raw: dict[str, object]) -> tuple[str, ...]:
    broker = raw.get("broker", {})
    words = broker.get("reload", []) if isinstance(broker, dict) else []
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        cure = 'Write it as words: reload = ["systemctl", "reload", "mosquitto"]'
        raise GatewayError("bad-config", f"[broker] reload in {path} is no command.", cure)
    return tuple(words)


def _keep_days(path: Path, raw: dict[str, object]) -> int:
    table = raw.get("retention", {})
    days = table.get("events_days", KEEP_DAYS) if isinstance(table, dict) else None
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= KEEP_DAYS_MAX:
        message = f"[retention] events_days in {path} must be a number of days, 1 to {KEEP_DAYS_MAX}."
        raise GatewayError("bad-config", message, "Correct it.")
    return days


def _address(path: Path, raw: dict[str, object], name: str, default_port: int) -> tuple[str, int]:
    table = raw.get(name, {})
    host, port = (table.get("host", LOOPBACK), table.get("port", default_port)) if isinstance(table, dict) else (0, 0)
    if not isinstance(host, str):
        raise GatewayError("bad-config", f"[{name}] host in {path} is no name or address.", "Write it in quotes.")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= PORT_MAX:
        cure = f"Write a number: port = {default_port}"
        raise GatewayError("bad-config", f"[{name}] port in {path} is no port from 0 to {PORT_MAX}.", cure)
    if name != "pages":  # those look after it themselves
        expect_somewhere(f"[{name}] host in {path}", host)
    return host, port


def expect_somewhere(what: str, host: str) -> None:
    """A device that is told to come to "every address" comes to its own."""
    if host.strip("[]") in EVERYWHERE:
        cure = "Write the name or the address by which devices reach this host."
        raise GatewayError("bad-config", f"{what} is {host!r}, and there no device can go.", cure)
