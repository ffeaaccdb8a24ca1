"""What must a lane find before it starts, and what is said when it is not there? Files, keys, and a free port."""

import logging
import socket
from pathlib import Path

from edge.closed import is_closed
from edge.config import ConfigError, Device, Pages, Uplink
from edge.identity.identity import Identity
from edge.identity.validity import Validity
from edge.inspection.trust import TrustError, TrustStore
from edge.outbox.clock import PostClock
from edge.outbox.errors import OutboxError
from edge.outbox.kept import Keeping
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from hardware.drivers.chip import ChipReader, open_chip
from web.serve import listen

log = logging.getLogger("edge")

KEY_BYTES = 32
HOUR_MS, MB_BYTES = 3_600_000, 1_000_000
ODDITIES_LOGGED = 20  # of a trust store; real lists hold hundreds
PUT_THERE = "Put it there, closed to others (chmod 600); deploy/lane/README.md, step 6, says what it holds."
OFFICER_KEY_MIN_CHARACTERS = 8  # at one wrong guess a second


class CannotStart(Exception):
    """Why the lane does not start, and what to do: two sentences."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message, self.cure = message, cure


def listening(pages: Pages) -> socket.socket:
    """Taken before anything is started, so that a taken port leaves nothing behind."""
    try:
        return listen(pages.host, pages.port)
    except OSError as error:
        raise CannotStart(
            f"Port {pages.port} on {pages.host} is taken.", "End the program that holds it, or set [pages] port."
        ) from error


def opened(path: Path, sealer: Sealer, uplink: Uplink) -> Outbox:
    keeping = Keeping(int(uplink.kept_h * HOUR_MS), uplink.kept_mb * MB_BYTES)
    try:
        outbox = Outbox.open(path, sealer, keeping)
    except OutboxError as error:
        raise CannotStart(str(error), "Then start the lane again.") from error
    if outbox.moved_aside is not None:
        log.error("the outbox was damaged; it was moved to %s and a new one begun", outbox.moved_aside.name)
    return outbox


def clock_behind(outbox: Outbox, identity: Identity) -> PostClock:
    """Its certificate tells a device without events how late it must be."""
    return PostClock(outbox.floor_ms, signed_ms=signed_ms(identity))


def signed_ms(identity: Identity) -> int:
    """When the region signed its certificate; 0 of one that is damaged."""
    validity = Validity.if_readable(identity.cert)
    return 0 if validity is None else int(validity.begins.timestamp() * 1000)


def trusting(folder: Path) -> TrustStore:
    try:
        trust = TrustStore.open(folder)
    except TrustError as error:
        raise CannotStart(str(error), "Then start the lane again.") from error
    # A state whose certificate is not read is an unknown state, and nobody would know why.
    odd = trust.oddities
    for oddity in odd[:ODDITIES_LOGGED]:
        log.warning("trust store, %s: %s", oddity.name, oddity.why)
    if len(odd) > ODDITIES_LOGGED:
        log.warning("trust store: %d odd in all; `borderpost document trust show %s` names them", len(odd), folder)
    return trust


def chip_reader(url: str) -> ChipReader:
    try:
        return open_chip(url)
    except ValueError as error:
        raise ConfigError(f"[wires] chip: {error}") from error


def expect_own(identity: Identity, device: Device) -> None:
    """The display would show one lane, and the region would hear of another."""
    topic = identity.topic
    if (topic.region, topic.post, topic.device) != (device.region, device.post, device.device):
        raise ConfigError(
            f"[device] names {device.region}/{device.post}/{device.device}, and the identity beside it is"
            f" {topic.region}/{topic.post}/{topic.device}'s: correct the one or enrol the other."
        )


def officer_key(path: Path) -> str:
    key = _secret(path)
    if len(key) < OFFICER_KEY_MIN_CHARACTERS:
        message = (
            f"The key file {path.name} in {path.parent} must hold {OFFICER_KEY_MIN_CHARACTERS} characters or more."
        )
        raise ConfigError(message, "Whoever guesses it gives orders to the lane: write a longer one into it.")
    return key


def raw_key(path: Path) -> bytes:
    """Raises ConfigError; what stands in a damaged file is never shown, it may be most of a key."""
    try:
        key = bytes.fromhex(_secret(path))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        message = f"The key file {path.name} in {path.parent} must hold {2 * KEY_BYTES} hexadecimal digits."
        raise ConfigError(message, PUT_THERE)
    return key


def _secret(path: Path) -> str:
    """Raises ConfigError. Attack: somebody with a login here reads the key of the desk, of the door or of the lists."""
    try:
        closed, content = is_closed(path), path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"The key file {path.name} is missing in {path.parent}.", PUT_THERE) from error
    except OSError as error:
        message = f"The key file {path.name} in {path.parent} cannot be read ({error.strerror})."
        raise ConfigError(message, "See that it is a file of the lane's user.") from error
    if not closed:
        message = f"The key file {path.name} in {path.parent} can be read or changed by others."
        raise ConfigError(message, f"Close it (chmod 600 {path}); if somebody may have read it, make a new one.")
    return content.decode("ascii", "replace").strip()
