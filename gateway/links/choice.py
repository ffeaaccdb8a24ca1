"""By what way do frames come in and acknowledgements go out? An MQTT broker, or a NATS cluster."""

import random
import ssl
from typing import Protocol

from gateway.config import Config
from gateway.errors import GatewayError
from gateway.links.broker_link import Address, BrokerLink, Take


class Link(Protocol):
    """``connected`` or about to be: losing the way is a state, not an error."""

    connected: bool

    async def run(self) -> None:
        """Serve for ever; ends by cancellation only."""


def open_link(config: Config, tls: ssl.SSLContext, take: Take, chance: random.Random) -> Link:
    if not config.nodes:
        address = Address(config.broker_host, config.broker_port)
        return BrokerLink(address, config.worker, config.region, tls, take, chance)
    try:
        from gateway.links.nats_link import NatsLink  # whoever has one broker needs no driver for many
    except ImportError as error:
        message = "The broker is a NATS cluster, and the driver for it is not installed."
        raise GatewayError("no-driver", message, "Install this project's extra: nats.") from error
    nodes = [Address(host, port) for host, port in config.nodes]
    return NatsLink(nodes, config.worker, config.region, tls, take, chance)
