"""How does a region change its keys and grow by a worker, while posts are cut off that know the old ones alone?

Nothing is taken away unasked: the region opens with every key it holds, and devices learn of what is new when they are
renewed. So a new control key signs only when every device in touch has had a renewal, and a worker is added before it
is needed. A control key that somebody saw is ended by name.
"""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from gateway.care.ledger import Entry, entries, write_down
from gateway.config import copied_text
from gateway.errors import GatewayError
from gateway.identity import keyfiles
from gateway.identity.authority import make_worker
from gateway.identity.register import Register
from gateway.state import CONFIG_NAME, StateFolder, ack_name, ended_name
from messages.keys import ControlKey, RegionKey

Purpose = Literal["region", "control"]
PURPOSES: Final[tuple[Purpose, ...]] = ("region", "control")
MAKERS: Final[dict[Purpose, Callable[[str], bytes]]] = {
    "region": lambda kid: RegionKey.generate(kid).secret,
    "control": lambda kid: ControlKey.generate(kid).seed,
}
CONTROL_KID: Final = re.compile(r"control-[1-9][0-9]{0,8}", re.ASCII)
WORKER_NAME: Final = re.compile(r"gateway-[1-9][0-9]{0,3}")


def rotate(folder: StateFolder, purpose: Purpose) -> str:
    """The kid of the new key. The old ones stay."""
    if purpose == "control":
        folder.control_key()  # there is a first one
    kid = f"{purpose}-{max(1, folder.highest(purpose)) + 1}"
    keyfiles.write_key(folder.secret(f"{kid}.key"), MAKERS[purpose](kid), secret=True)
    return kid


def end(folder: StateFolder, kid: str, now: datetime) -> str:
    """Sign nothing with this control key any more, and let no renewal hand it out; the kid that signs from now on.

    Attack: somebody has seen the key, and could give orders to lanes until each of them was told to believe it no more.
    """
    believed = folder.controls()
    if kid not in believed:
        raise GatewayError("unknown-key", f"{kid!r} is no control key here.", f"There are: {', '.join(believed)}.")
    if len(believed) == 1:
        cure = "First: borderpost gateway key rotate control, and renew the devices, so that they know the new one."
        raise GatewayError("last-key", f"{kid} is the only control key: no device would obey any more.", cure)
    write_down(folder.state, Entry("ended", "", kid, int(now.timestamp() * 1000)))
    keyfiles.write(folder.secret(ended_name(kid)), b"", secret=True)
    return folder.control_key().kid


def end_again(folder: StateFolder) -> str:
    """In a folder whose keys may be those of a backup. The kid of a key that had to be made, for the one that was to
    sign from now on is lost; empty: there was one."""
    for entry in entries(folder.state, "ended"):
        if CONTROL_KID.fullmatch(entry.subject):
            keyfiles.write(folder.secret(ended_name(entry.subject)), b"", secret=True)
    before = folder.key_names("control")
    return next((kid for kid in folder.controls() if kid not in before), "")


def add_worker(folder: StateFolder, name: str, now: datetime, into: Path | None = None) -> bool:
    """Keys and certificate for one more worker, and with ``into`` what it needs on another host; False when it has keys
    already. Judged first, then made: devices believe a worker from their next renewal on, whether it works or not."""
    if not WORKER_NAME.fullmatch(name):
        raise GatewayError("bad-name", f"{name!r} is no worker's name.", "Name it gateway-2, gateway-3 ...")
    if into is not None:
        _make_room(folder, into)
    with closing(folder.open_store()) as connection, connection.transaction():
        new = make_worker(folder.state, name, Register(connection), now)
    if into is not None:
        copy_for(folder, name, into)
    return new


def _make_room(folder: StateFolder, into: Path) -> None:
    """Only a store that others can reach is shared, so the region must be on PostgreSQL."""
    if not folder.config.store:
        message = "This region's store is a file, which no worker on another host can reach."
        raise GatewayError("own-store", message, "Set the region up on a PostgreSQL first.")
    if (into / CONFIG_NAME).exists():
        raise GatewayError("not-empty", f"There is a gateway in {into} already.", "Choose another --into.")
    keyfiles.closed_folder(into)
    keyfiles.closed_folder(into / "secrets")


def copy_for(folder: StateFolder, name: str, into: Path) -> None:
    """What this worker needs on another host, and no more: neither a CA's key nor another worker's."""
    _make_room(folder, into)
    ended = {f"{kid}.key" for kid in folder.key_names("control") if kid not in folder.controls()}
    names = {path.name for path in folder.secret(".").glob("*.key") if _is_shared(path.name)}
    shared = sorted(names - ended)
    for secret in (*shared, ack_name(name), f"{name}.key"):
        keyfiles.write(into / "secrets" / secret, keyfiles.read_secret(folder.secret(secret)), secret=True)
    for public in ("servers-ca.crt", f"{name}.crt", *(f"{worker}.pub" for worker in folder.workers())):
        keyfiles.write(into / public, (folder.state / public).read_bytes(), secret=False)
    keyfiles.write(into / CONFIG_NAME, copied_text(folder.config, name).encode(), secret=True)  # last: then it is whole


def _is_shared(name: str) -> bool:
    return name in ("region.key", "store.key") or name.startswith(("region-", "control-"))
