"""What does each node of a NATS cluster need from the region? Its certificate, the two CAs, and who may do what.

One folder a node: ``node.crt``, ``node.key``, ``servers-ca.crt``, ``clients-ca.crt``, ``users.conf`` and the
configuration itself. Asked again, it brings them up to date: a node keeps its key for as long as its certificate is
good and stands for the hosts that are named.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.identity import certificates, keyfiles
from gateway.identity.authority import is_due, load_issuer
from gateway.identity.register import Register
from gateway.links.nats_users import users_text
from gateway.state import StateFolder
from messages.topics import is_name

CONFIG_NAME: Final = "nats-server.conf"


def write_nodes(
    folder: StateFolder, into: Path, nodes: Mapping[str, Sequence[str]], config: Path, now: datetime
) -> list[str]:
    """Write the folder of each node (name to the hosts under which it is reached); returns what is new or changed."""
    for name in nodes:
        if not is_name(name):
            raise GatewayError("bad-name", f"{name!r} is no node's name.", "Use lower case letters, digits, hyphens.")
    try:
        settings = config.read_bytes()
    except OSError as error:
        raise GatewayError("no-config", f"{config} cannot be read: {error.strerror}.", "Give --config FILE.") from error
    with closing(folder.open_store()) as connection:
        register = Register(connection)
        users = users_text(folder.config.region, register.devices(), sorted(folder.gateways())).encode()
        changed: list[str] = []
        for name, hosts in nodes.items():
            node = keyfiles.closed_folder(into / name)
            if is_due(node / "node.key", node / "node.crt", now, hosts):
                _certify(folder, register, node, name, hosts, now)
                changed.append(f"{name}/node.crt")
            contents = {
                "servers-ca.crt": folder.servers_ca().read_bytes(),
                "clients-ca.crt": (folder.state / "clients-ca.crt").read_bytes(),
                CONFIG_NAME: settings,
                "users.conf": users,
            }
            changed += [f"{name}/{file}" for file, content in contents.items() if _kept(node / file, content)]
    return changed


def _certify(
    folder: StateFolder, register: Register, node: Path, name: str, hosts: Sequence[str], now: datetime
) -> None:
    key, issuer = certificates.new_key(), load_issuer(folder.state, "servers-ca")
    certificate = certificates.node_certificate(issuer, name, hosts, key.public_key(), now)
    register.issued(certificate.serial_number, name, "broker", certificate.not_valid_after_utc.isoformat())
    keyfiles.write(node / "node.key", certificates.key_pem(key), secret=True)
    keyfiles.write(node / "node.crt", certificates.certificate_pem(certificate), secret=False)


def _kept(path: Path, content: bytes) -> bool:
    """False when this is what it holds already."""
    if path.exists() and path.read_bytes() == content:
        return False
    keyfiles.write(path, content, secret=False)
    return True
