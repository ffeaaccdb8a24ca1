"""The units and the settings that are delivered say what the program understands, and give it no more than it needs."""

import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from borderpost.__main__ import build
from edge import config as lane
from gateway import config as region
from gateway.settings import SETTINGS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
LANE, GATEWAY = DEPLOY / "lane" / "borderpost-lane@.service", DEPLOY / "gateway" / "borderpost-gateway.service"
BROKER = DEPLOY / "gateway" / "borderpost-broker.service"
MOSQUITTO = DEPLOY / "gateway" / "mosquitto.conf"  # laid over Debian's own unit
UNITS = sorted(DEPLOY.glob("**/*.service"))
DAEMONS = [path for path in UNITS if path != BROKER]
PROGRAM = "/opt/borderpost/.venv/bin/borderpost"
OURS = [path for path in UNITS if f"ExecStart={PROGRAM} " in path.read_text()]

Unit = Mapping[str, Mapping[str, list[str]]]

# Whatever a stranger brings to run inside, it finds nothing to become, to change or to look into.
CLOSED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "PrivateTmp": "yes",
    "RestrictNamespaces": "yes",
    "LockPersonality": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "LimitCORE": "0",  # a core file would hold keys and a face
    "Restart": "always",
    "StateDirectoryMode": "0700",
}


def parsed(path: Path) -> Unit:
    """systemd.syntax(7), as far as it is used here: a line that is none is an error."""
    unit: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith(("#", ";")):
            continue
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = unit.setdefault(heading[1], {})
            continue
        key, equals, value = line.partition("=")
        assert equals, line
        assert re.fullmatch(r"[A-Za-z]+", key), line
        section.setdefault(key, []).append(value)
    return unit


def command(unit: Unit) -> list[str]:
    [line] = unit["Service"]["ExecStart"]
    return shlex.split(line.replace("%i", "lane-1"))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists_with_options_that_it_takes(path: Path) -> None:
    program, *words = command(parsed(path))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert Path(program).name in project["scripts"]
    assert callable(build().parse_args(words).run)


def test_a_lane_a_gateway_a_worker_and_a_broker_have_their_units() -> None:
    assert [path.name for path in OURS] == [
        "borderpost-gateway@.service", BROKER.name, GATEWAY.name, LANE.name,
    ]  # fmt: skip


@pytest.mark.parametrize("path", DAEMONS, ids=lambda path: path.name)
def test_a_daemon_is_nobodys_root_and_comes_back_whatever_ended_it(path: Path) -> None:
    service = parsed(path)["Service"]
    assert service["User"] not in ([""], ["root"], ["0"])
    assert {key: service.get(key) for key in CLOSED} == {key: [value] for key, value in CLOSED.items()}


def test_the_broker_is_closed_in_like_the_rest_and_was_never_root() -> None:
    """Debian's own unit starts it as root with everything open to it, and strangers speak to it."""
    service = parsed(MOSQUITTO)["Service"]
    assert service["User"] == ["mosquitto"]
    assert (service["ExecStartPre"], service["ExecStart"][0]) == ([""], "")  # nothing that Debian's begins with
    closed = {key: value for key, value in CLOSED.items() if key != "StateDirectoryMode"}
    assert {key: service.get(key) for key in closed} == {key: [value] for key, value in closed.items()}
    [into] = [word for word in command(parsed(BROKER)) if word.startswith("/etc/mosquitto/")]
    assert service["ReadWritePaths"] == [f"{into}/persistence"]


def test_the_chip_reader_daemon_is_there_when_its_lane_starts() -> None:
    """A package that `./run` fetched is started by nobody before the next start of the machine."""
    unit = parsed(LANE)["Unit"]
    for relation in ("Wants", "After"):
        assert "pcscd.socket" in " ".join(unit[relation]).split()


@pytest.mark.parametrize("side", ["lane", "gateway"])
def test_a_guide_names_what_its_polkit_rule_needs_and_how_the_command_is_found(side: str) -> None:
    """A Debian without a desktop has no polkitd: the rule would be read by nobody, and a revocation cut nobody off."""
    guide = (DEPLOY / side / "README.md").read_text()
    assert re.search(r"apt-get install [^`]*\bpolkitd\b", guide)
    assert "ln -s /opt/borderpost/.venv/bin/borderpost /usr/local/bin/" in guide


def test_the_broker_starts_with_its_host() -> None:
    """`./run` fetched it, and let nothing start by itself."""
    for guide in (DEPLOY / "gateway" / "README.md", ROOT / "docs" / "region.md"):
        assert "systemctl enable mosquitto" in guide.read_text(), guide


def test_the_doors_at_which_connections_are_counted_are_those_that_devices_use() -> None:
    """E11: a door that nobody counts can be filled by one machine. That the kernel obeys is said in the guide."""
    rules, gateway = (
        (DEPLOY / "gateway" / "borderpost-doors.nft").read_text(),
        region.load(DEPLOY / "gateway" / "gateway.toml"),
    )
    [doors] = re.findall(r"tcp dport \{ ([\d, ]+) \} ct state new jump one_more", rules)
    assert {int(port) for port in doors.split(", ")} == {gateway.broker_port, gateway.enrolment_port}
    counted = re.findall(r"^\t\tadd @held[46] .* ct count over (\d+) .* reject with tcp reset$", rules, re.MULTILINE)
    [most] = re.findall(r"--most (\d+)", BROKER.read_text())
    assert len(counted) == 2  # IPv4 and IPv6
    assert all(50 * int(each) <= int(most) for each in counted)  # as it says itself: it takes 50 addresses
    assert "`borderpost-doors.nft` to `/etc`" in (DEPLOY / "gateway" / "README.md").read_text()


@pytest.mark.parametrize(("path", "goal_mb"), [(LANE, 70 + 150), (GATEWAY, 150)], ids=["lane", "gateway"])
def test_memory_has_a_limit_with_room_above_the_goal(path: Path, goal_mb: int) -> None:
    """The lane's includes its matcher (docs/figures.md)."""
    [most] = parsed(path)["Service"]["MemoryMax"]
    limit = re.fullmatch(r"(\d+)M", most)
    assert limit is not None
    assert 2 * goal_mb <= int(limit[1]) <= 1_000


def test_a_service_that_never_gives_up_is_never_told_to() -> None:
    for path in (LANE, GATEWAY):
        assert parsed(path)["Unit"]["StartLimitIntervalSec"] == ["0"]


def test_the_folder_that_a_daemon_works_in_is_the_only_one_that_it_may_write() -> None:
    for path, option in ((LANE, "--config"), (GATEWAY, "--state")):
        words, service = command(parsed(path)), parsed(path)["Service"]
        named = Path(words[words.index(option) + 1])
        folder = named.parent if named.suffix else named
        [state] = service["StateDirectory"]
        assert folder == Path("/var/lib") / state.replace("%i", "lane-1")
        assert "ReadWritePaths" not in service


def test_a_lane_may_ask_whether_its_clock_is_right_and_waits_for_neither_network_nor_clock() -> None:
    """ProtectClock forbids adjtimex altogether: every event would say that its time is unknown."""
    unit = parsed(LANE)
    assert "ProtectClock" not in unit["Service"]
    [calls] = unit["Service"]["SystemCallFilter"]
    assert {"adjtimex", "clock_adjtime"} <= set(calls.split())
    assert "online" not in str(unit["Unit"])
    assert "time-sync" not in str(unit["Unit"])


# What the kernel calls a kind of device, and the module that brings it; "": built in, on Debian and on a Raspberry Pi.
BROUGHT_BY = {
    "ttyACM": "cdc_acm", "ttyUSB": "usbserial", "video4linux": "videodev", "media": "mc",
    "ttyAMA": "", "ttyS": "", "dma_heap": "",
}  # fmt: skip


def test_whatever_a_lane_may_use_is_known_to_the_kernel_before_it_starts() -> None:
    """systemd.resource-control(5): a kind of device that cannot be resolved at the start is not allowed, ever."""
    unit = parsed(LANE)
    kinds = [line.removeprefix("char-").removesuffix(" rw") for line in unit["Service"]["DeviceAllow"]]
    needed = {f"modprobe@{BROUGHT_BY[kind]}.service" for kind in kinds if BROUGHT_BY[kind]}
    for relation in ("Wants", "After"):
        named = {name for line in unit["Unit"][relation] for name in line.split()}
        assert {name for name in named if name.startswith("modprobe@")} == needed


def test_the_broker_is_told_by_the_unit_that_is_delivered() -> None:
    config = region.load(DEPLOY / "gateway" / "gateway.toml")
    assert config.reload == ("systemctl", "start", BROKER.name)
    rules = (DEPLOY / "gateway" / "50-borderpost-broker.rules").read_text()
    [user] = parsed(GATEWAY)["Service"]["User"]
    assert f'"unit") == "{BROKER.name}"' in rules
    assert f'subject.user == "{user}"' in rules
    [into] = [word for word in command(parsed(BROKER)) if word.startswith("/etc/mosquitto/")]
    assert f"{into}/mosquitto.conf" in (DEPLOY / "gateway" / "mosquitto.conf").read_text()


def test_a_broker_that_ran_before_is_restarted_once_else_its_listeners_stay_those_of_debian() -> None:
    """Its own unit reloads by SIGHUP, and that opens no port; a revocation needs no more, and cuts nobody off."""
    [then] = [word for word in command(parsed(BROKER)) if "mosquitto.service" in word]
    assert then == "systemctl reload-or-restart mosquitto.service"
    for guide in (DEPLOY / "gateway" / "README.md", ROOT / "docs" / "region.md"):
        assert re.search(r"systemctl restart mosquitto.*`host` or `port`", guide.read_text()), guide


# --- settings ---
SETTING = re.compile(r"^(?:# )?(\w+) = (.+)$", re.MULTILINE)


def spelt_out(path: Path) -> tuple[str, dict[str, set[str]]]:
    """The file with every line that stands behind a ``#`` in force, and which settings stand in it."""
    text = re.sub(r"^# (\w+ = )", r"\1", path.read_text(), flags=re.MULTILINE)
    found: dict[str, set[str]] = {"": set()}
    for table, setting in re.findall(r"^(?:\[(\w+)\]|(\w+) =)", text, flags=re.MULTILINE):
        if table:
            found[table] = set()
        else:
            found[list(found)[-1]].add(setting)
    return text, found


def test_the_example_of_a_lane_is_read_and_names_every_setting_with_what_holds_without_it(tmp_path: Path) -> None:
    example = DEPLOY / "lane" / "edge.toml"
    text, found = spelt_out(example)
    kinds = {"device": lane.Device, "wires": lane.Wires, "face": lane.FaceSettings, "uplink": lane.Uplink}
    known = {name: {field.name for field in fields(kind)} for name, kind in {**kinds, "pages": lane.Pages}.items()}
    assert found == {"": set(), **known}
    whole = tmp_path / "edge.toml"
    whole.write_text(text)
    read, spelt = lane.read(example), lane.read(whole)
    assert [getattr(spelt, name) for name in known] == [getattr(read, name) for name in known]


def test_the_example_of_a_gateway_is_read_and_names_every_setting_with_what_holds_without_it(tmp_path: Path) -> None:
    example = DEPLOY / "gateway" / "gateway.toml"
    text, found = spelt_out(example)
    tables = set(SETTINGS) - {""}
    assert {name: words | (tables if not name else set()) for name, words in found.items()} == {
        name: set(words) for name, words in SETTINGS.items()
    }
    whole = tmp_path / "gateway.toml"
    whole.write_text(text)
    read, spelt = region.load(example), region.load(whole)
    told = [field.name for field in fields(region.Config) if field.name not in ("state", "path")]
    assert [getattr(spelt, name) for name in told] == [getattr(read, name) for name in told]


@pytest.mark.parametrize("file", ["lane/edge.toml", "gateway/gateway.toml"])
def test_every_setting_of_an_example_says_what_it_is(file: str) -> None:
    plain = {"region", "post", "device", "barrier", "port", "host"}  # said by their table, or by their name
    for setting, rest in SETTING.findall((DEPLOY / file).read_text()):
        assert setting in plain or "#" in rest, setting
