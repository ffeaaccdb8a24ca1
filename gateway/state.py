"""Where does a gateway keep what it is? One folder, readable by its owner alone:

gateway.toml     what an operator may change
store.sqlite     events, and the register of devices and certificates
servers-ca.crt   what devices and workers trust        clients-ca.crt   what the broker trusts
gateway-1.crt    this worker's certificate
secrets/         CA keys, the region's key, the acknowledgement key, the store's key, the worker's key
broker/          broker.crt, broker.key
"""

from pathlib import Path

from gateway import keyfiles
from gateway.config import Config, load
from gateway.store.connection import Connection
from gateway.store.opening import open_store
from messages.keys import GatewayKey, RegionKey

WORKER = "gateway-1"
REGION_KID = "region-1"
CONFIG_NAME = "gateway.toml"


class StateFolder:
    """The folder of a gateway that was set up. ``config`` is another file than the folder's own only if named."""

    def __init__(self, state: Path, config: Config | None = None) -> None:
        self.state = state
        self.config: Config = config or load(state / CONFIG_NAME)

    def region_key(self) -> RegionKey:
        return RegionKey(REGION_KID, keyfiles.read_key(self.secret("region.key")))

    def ack_key(self) -> GatewayKey:
        return GatewayKey(WORKER, keyfiles.read_key(self.secret("ack.key")))

    def gateways(self) -> dict[str, bytes]:
        """The public keys of the workers whose acknowledgements count."""
        return {WORKER: self.ack_key().public}

    def controls(self) -> dict[str, bytes]:
        """The public keys that commands and manifests may be signed with."""
        path = self.secret("control-1.key")
        return {"control-1": GatewayKey("control-1", keyfiles.read_key(path)).public} if path.exists() else {}

    def store_key(self) -> bytes:
        return keyfiles.read_key(self.secret("store.key"))

    def store_path(self) -> Path:
        return self.state / "store.sqlite"

    def open_store(self) -> Connection:
        """One connection, for one thread at a time; GatewayError(bad-store) when there is none to be had."""
        return open_store(self.config.store, self.store_path())

    def servers_ca(self) -> Path:
        return self.state / "servers-ca.crt"

    def worker_certificate(self) -> Path:
        return self.state / f"{WORKER}.crt"

    def worker_key(self) -> Path:
        return self.secret(f"{WORKER}.key")

    def secret(self, name: str) -> Path:
        return self.state / "secrets" / name
