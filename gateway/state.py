"""Where does a gateway keep what it is? One folder, readable by its owner alone:

gateway.toml     what an operator may change
store.sqlite     events, and the register of devices and certificates
servers-ca.crt   what devices and workers trust        clients-ca.crt   what the broker trusts
gateway-1.crt    a worker's certificate                gateway-1.pub    what its acknowledgements are known by
enrolment.crt    what the enrolment listener shows
secrets/         CA keys, the region's keys, control keys, the store's key, keys of workers and of the listener
broker/          broker.crt, broker.key, clients.crl and revoked (whom the broker does not let in)
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.config import CONFIG_NAME as CONFIG_NAME
from gateway.config import WORKER as WORKER
from gateway.config import Config, load
from gateway.errors import GatewayError
from gateway.identity import keyfiles
from gateway.identity.own import expect_region
from gateway.store.connection import Connection
from gateway.store.opening import open_store
from messages.keys import ControlKey, GatewayKey, RegionKey, RegionKeys

REGION_KID = "region-1"
STORE_NAME = "store.sqlite"
INIT = "Make it with: borderpost gateway init --state DIR --region REGION"
RESTORE = "Restore it from the backup; what nobody has stored anything with, borderpost gateway init makes anew."
TOLD_TO_ALL_S = 30 * 86_400  # the life of a device's certificate: whoever was not renewed since is cut off


class StateFolder:
    """The folder of a gateway that was set up. ``config`` is another file than the folder's own only if named.

    Raises GatewayError when that names another region than the one that lies here."""

    def __init__(self, state: Path, config: Config | None = None) -> None:
        self.state = state
        self.config: Config = config or load(state / CONFIG_NAME)
        expect_region(state, self.config.region, self.config.path)

    def expect_set_up(self) -> None:
        """Before anything is made or changed for a worker, here or in a database. Raises GatewayError."""
        store = () if self.config.store else (self.store_path(),)
        self._expect(self.secret("region.key"), self.secret("store.key"), self.servers_ca(), *store)
        self.ack_key()  # it says what to do about a worker that has none
        self._expect(self.worker_certificate(), self.worker_key())

    def _expect(self, *paths: Path) -> None:
        missing = ", ".join(path.name for path in paths if not path.exists())
        if not missing:
            return
        message, cure = f"There is no gateway in {self.state}: {missing} missing.", INIT
        if self.secret("store.key").exists() or self.store_path().exists():
            message, cure = f"Of the gateway in {self.state} there is missing: {missing}.", RESTORE
        raise GatewayError("no-gateway", message, cure)

    def region_keys(self) -> "RegionKeyring":
        """Every key that frames of this region may be sealed to; devices seal to the newest."""
        return RegionKeyring(self._region_keys)

    def region_key(self) -> RegionKey:
        return self.region_keys().newest

    def ack_key(self, worker: str = "") -> GatewayKey:
        worker = worker or self.config.worker
        if worker != WORKER and not self.secret(ack_name(worker)).exists():
            cure = f"Add it with: borderpost gateway worker add {worker} --state {self.state}"
            raise GatewayError("no-worker", f"There are no keys of worker {worker} in {self.state}.", cure)
        return GatewayKey(worker, keyfiles.read_key(self.secret(ack_name(worker))))

    def gateways(self) -> dict[str, bytes]:
        """The public keys of the workers whose acknowledgements count. A folder from before there were several names
        the first one nowhere but by its key."""
        known = {name: keyfiles.read_public(self.state / f"{name}.pub") for name in self.workers()}
        return known if WORKER in known else {WORKER: self.ack_key(WORKER).public, **known}

    def workers(self) -> list[str]:
        return sorted((path.stem for path in self.state.glob("gateway-*.pub")), key=_number_of)

    def control_key(self) -> ControlKey:
        """What signs commands and manifests: the newest that every device in touch has been told of by now; where
        that was ended, the one that was made next: more devices know it than any later one."""
        keys = self._control_keys()
        known = [kid for kid in keys if kid == "control-1" or self._age_s(f"{kid}.key") >= TOLD_TO_ALL_S]
        kid = known[-1] if known else next(iter(keys))
        return ControlKey(kid, keys[kid])

    def _age_s(self, name: str) -> float:
        return time.time() - self.secret(name).stat().st_mtime

    def controls(self) -> dict[str, bytes]:
        """The public keys that commands and manifests may be signed with."""
        keys = self._control_keys()
        return {kid: ControlKey(kid, seed).public for kid, seed in keys.items()}

    def _control_keys(self) -> dict[str, bytes]:
        """Those that were not ended, the newest last. Where there is none, one is made: in a folder from before there
        were any, and in one that is back from a backup older than the key that took the ended one's place."""
        believed = [kid for kid in self.key_names("control") if not self.secret(ended_name(kid)).exists()]
        if not believed:
            believed = [f"control-{self.highest('control') + 1}"]
            keyfiles.write_key(self.secret(f"{believed[0]}.key"), ControlKey.generate(believed[0]).seed, secret=True)
        return {kid: keyfiles.read_key(self.secret(f"{kid}.key")) for kid in believed}

    def key_names(self, purpose: str) -> list[str]:
        """The kids of the key files that are here, ended or not; the newest last."""
        return sorted((path.stem for path in (self.state / "secrets").glob(f"{purpose}-*.key")), key=_number_of)

    def highest(self, purpose: str) -> int:
        """The highest number that a key of this purpose has, or had that was ended and lost; 0: none is known."""
        ended = (path.stem for path in (self.state / "secrets").glob(f"{purpose}-*.ended"))
        return max((_number_of(name) for name in (*self.key_names(purpose), *ended)), default=0)

    def _region_keys(self) -> dict[str, bytes]:
        """``region-1``, ``region-2`` and so on with their keys; the newest last."""
        later = [kid for kid in self.key_names("region") if kid != REGION_KID]
        found = {kid: keyfiles.read_key(self.secret(f"{kid}.key")) for kid in later}
        return {REGION_KID: keyfiles.read_key(self.secret("region.key")), **found}

    def store_key(self) -> bytes:
        return keyfiles.read_key(self.secret("store.key"))

    def store_path(self) -> Path:
        return self.state / STORE_NAME

    def open_store(self) -> Connection:
        """One connection, for one thread at a time; GatewayError(bad-store) when there is none to be had, and
        GatewayError(no-gateway) when it was never made: an empty one in its place would answer that nothing is missing.
        """
        if not self.config.store:
            self._expect(self.store_path())
        return open_store(self.config.store, self.store_path())

    def servers_ca(self) -> Path:
        return self.state / "servers-ca.crt"

    def worker_certificate(self) -> Path:
        return self.state / f"{self.config.worker}.crt"

    def worker_key(self) -> Path:
        return self.secret(f"{self.config.worker}.key")

    def secret(self, name: str) -> Path:
        return self.state / "secrets" / name


class RegionKeyring(RegionKeys):
    """One that is not known is looked for once more on the disk: a key that was added while a worker runs must never
    make that worker refuse a frame."""

    def __init__(self, read: Callable[[], Mapping[str, bytes]]) -> None:
        self._read = read
        super().__init__(self._fresh())

    @property
    def newest(self) -> RegionKey:
        return list(self.values())[-1]

    def __missing__(self, kid: str) -> RegionKey:
        fresh = self._fresh()
        self.update(fresh)
        return fresh[kid]

    def get(self, kid: str, default: Any = None) -> Any:  # as dict says it
        try:
            return self[kid]
        except KeyError:
            return default

    def _fresh(self) -> dict[str, RegionKey]:
        return {kid: RegionKey(kid, secret) for kid, secret in self._read().items()}


def ack_name(worker: str) -> str:
    return "ack.key" if worker == WORKER else f"{worker}.ack.key"


def ended_name(kid: str) -> str:
    """An empty file, by which no other key gets this number, and no restore brings the key back that lies beside it."""
    return f"{kid}.ended"


def _number_of(name: str) -> int:
    number = name.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0
