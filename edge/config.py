"""What a lane is told before it starts: one TOML file, read once, by the composition root alone."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar  # Any: TOML values, until they are parsed here

from hardware.wires.page_reader import Profile
from web.hosts import LOCAL_HOSTS

Section = TypeVar("Section")
SECTIONS = ("device", "wires", "face", "uplink", "pages")
PORT_MAX = 65535
PUT_BACK_MAX_S = 60  # it is a person who lies there in memory
SPREAD_MAX_S = 60  # nobody waits longer for a broker that is there
RETENTION_MAX_DAYS = 36_500  # a date must come of it

IDENTITY = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")  # docs/contract.md, 1
ADDRESS = re.compile(r"[^:\s]{1,253}:[0-9]{1,5}")


class ConfigError(Exception):
    """One sentence: which setting, what is wrong, what it should be. ``cure`` where it is not in the configuration."""

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(f"{message} {cure}".strip())
        self.message, self.cure = message, cure


@dataclass(frozen=True, slots=True)
class Device:
    region: str
    post: str
    device: str
    direction: str = "entry"
    # People, doors and gate timers run so many times faster: 1 at a border, more in a simulation.
    time_scale: float = 1.0
    retention_days: int = 1095
    lists: str = "signed"  # by the region; "local": rules.toml and lists/ are put there by hand


@dataclass(frozen=True, slots=True)
class Wires:
    """URLs choose the device, real or simulated (docs/contract.md, 4)."""

    reader: str
    chip: str
    barrier: str
    reader_profile: Profile = "framed"
    barrier_lease_ms: int = 500
    put_back_s: float = 15.0  # how long what was read of a lifted document waits for it, in memory


@dataclass(frozen=True, slots=True)
class FaceSettings:
    camera: str
    threshold: float
    matcher: str = "sface"


@dataclass(frozen=True, slots=True)
class Uplink:
    host: str
    port: int
    backoff_ceiling_s: float = 60.0
    spread_s: float = 0.0  # a fleet that lost its broker comes back over so long a time
    status_every_s: float = 2.0
    kept_h: float = 48.0  # how long what was struck off is kept, for a region that loses it
    kept_mb: int = 64  # and how much of it at most; 0: nothing
    protocol: str = "5"
    more: list[str] = field(default_factory=list)  # HOST:PORT of the other nodes of a cluster

    @property
    def others(self) -> list[tuple[str, int]]:
        return [(host, int(port)) for host, _, port in (word.rpartition(":") for word in self.more)]


@dataclass(frozen=True, slots=True)
class Pages:
    port: int
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Config:
    """``folder`` is where the file stands; identity/, trust/, lists/, rules.toml and outbox.db stand beside it."""

    folder: Path
    device: Device
    wires: Wires
    face: FaceSettings
    uplink: Uplink
    pages: Pages


def read(path: Path) -> Config:
    """Parse and judge the file. Raises ConfigError with a sentence that names the setting."""
    try:
        table = tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError as error:
        cure = "Name the lane's edge.toml; deploy/lane/edge.toml is one with every setting."
        raise ConfigError(f"There is no configuration at {path}.", cure) from error
    except OSError as error:
        cure = "Name the lane's edge.toml, and see that this user may read it."
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", cure) from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    for name in table:
        if name not in SECTIONS:
            raise ConfigError(f"There is no section [{name}]{_meant(name, SECTIONS)}.")
    config = Config(
        folder=path.parent.resolve(),
        device=_section(table, "device", Device),
        wires=_section(table, "wires", Wires),
        face=_section(table, "face", FaceSettings),
        uplink=_section(table, "uplink", Uplink),
        pages=_section(table, "pages", Pages),
    )
    _judge(config)
    return config


def _section(table: Mapping[str, Any], name: str, kind: type[Section]) -> Section:
    values = table.get(name)
    if not isinstance(values, dict):
        raise ConfigError(f"The section [{name}] is missing.")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # every section is a dataclass
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"[{name}] has no setting '{key}'{_meant(key, known)}.")
        wanted = known[key].type
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            values[key] = value = float(value)
        if isinstance(wanted, type) and (not isinstance(value, wanted) or isinstance(value, bool)):
            raise ConfigError(f"[{name}] {key} must be a {wanted.__name__}.")
    try:
        return kind(**values)
    except TypeError as error:
        missing = [field for field in known if f"'{field}'" in str(error)]
        raise ConfigError(f"[{name}] lacks {', '.join(missing)}.") from error


def _meant(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f", but {near[0]}" if near else ""


def _judge(config: Config) -> None:
    for name in ("region", "post", "device"):
        if not IDENTITY.fullmatch(getattr(config.device, name)):
            raise ConfigError(f"[device] {name} must be small letters, digits and hyphens, at most 31.")
    if config.device.direction not in ("entry", "exit"):
        raise ConfigError('[device] direction must be "entry" or "exit".')
    if not 0.1 <= config.device.time_scale <= 100:
        raise ConfigError("[device] time_scale must lie between 0.1 and 100.")
    if config.wires.reader_profile not in ("framed", "plain"):
        raise ConfigError('[wires] reader_profile must be "framed" or "plain".')
    if not 200 <= config.wires.barrier_lease_ms <= 2000:  # reference for H5: half a second by default
        raise ConfigError("[wires] barrier_lease_ms must lie between 200 and 2000.")
    if not 0 <= config.wires.put_back_s <= PUT_BACK_MAX_S:
        raise ConfigError(f"[wires] put_back_s must lie between 0 and {PUT_BACK_MAX_S}.")
    for name, port in (("uplink", config.uplink.port), ("pages", config.pages.port)):
        if not 1 <= port <= PORT_MAX:
            raise ConfigError(f"[{name}] port must lie between 1 and {PORT_MAX}.")
    if config.pages.host not in LOCAL_HOSTS:
        raise ConfigError(f"[pages] host must be {' or '.join(LOCAL_HOSTS)}: nothing listens beyond this device.")
    if config.device.lists not in ("signed", "local"):
        raise ConfigError('[device] lists must be "signed" or "local".')
    if not 1 <= config.device.retention_days <= RETENTION_MAX_DAYS:
        raise ConfigError(f"[device] retention_days must lie between 1 and {RETENTION_MAX_DAYS}.")
    if not 0 <= config.uplink.spread_s <= SPREAD_MAX_S:
        raise ConfigError(f"[uplink] spread_s must lie between 0 and {SPREAD_MAX_S}.")
    for name in ("kept_h", "kept_mb"):
        if getattr(config.uplink, name) < 0:
            raise ConfigError(f"[uplink] {name} must not be less than 0.")
    for name in ("backoff_ceiling_s", "status_every_s"):
        if not getattr(config.uplink, name) > 0:
            raise ConfigError(f"[uplink] {name} must be more than 0.")
    if config.uplink.protocol not in ("5", "3.1.1"):
        raise ConfigError('[uplink] protocol must be "5" or "3.1.1".')
    if not isinstance(config.uplink.more, list) or not all(ADDRESS.fullmatch(str(word)) for word in config.uplink.more):
        raise ConfigError('[uplink] more must be a list of "HOST:PORT".')
    if not 0 < config.face.threshold < 1:
        raise ConfigError("[face] threshold must lie between 0 and 1.")
