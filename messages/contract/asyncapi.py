"""Which channels, messages and operations has a device of this contract? AsyncAPI 3.0, from the device's side."""

from typing import Any, Final

from messages.contract.carried import CARRIED, Carried
from messages.contract.schemas import DIALECT, Schema, event_schemas
from messages.topics import ROOT, Channel

LEVELS: Final = {
    "region": "The region whose gateway reads this.",
    "post": "The border post where the device stands.",
    "device": "The device: the common name of its certificate, and its MQTT client id.",
}


def document() -> Schema:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "borderpost delivery",
            "version": "1.0.0",
            "description": "What an e-gate and its region say to each other. Written by `python -m messages.contract`;"
            " the rules that a schema cannot say are in docs/contract.md.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CARRIED[0].content_type,
        "servers": {"broker": _server()},
        "channels": {channel.value: _channel(channel) for channel in Channel},
        "operations": {f"{_action(row)}-{row.name}": _operation(row) for row in CARRIED},
        "components": {
            "messages": {row.name: _message(row) for row in CARRIED},
            "schemas": {name: _bundled(name, told) for name, told in event_schemas().items()},
            "parameters": {level: {"description": says} for level, says in LEVELS.items()},
            "securitySchemes": {
                "mutual-tls": {
                    "type": "X509",
                    "description": "TLS 1.3 with a certificate of the region for the device; the broker maps its common"
                    " name to the topics that it may write and read.",
                }
            },
        },
    }


def _server() -> Schema:
    return {
        "host": "localhost:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": "3.1.1",
        "description": "Any broker of MQTT 3.1.1 or 5; nothing of MQTT 5 is needed.",
        "security": [{"$ref": "#/components/securitySchemes/mutual-tls"}],
        "bindings": {"mqtt": {"cleanSession": True, "bindingVersion": "0.2.0"}},
    }


def _channel(channel: Channel) -> Schema:
    rows = [row for row in CARRIED if row.channel is channel]
    return {
        "address": f"{ROOT}/{{region}}/{{post}}/{{device}}/{channel}",
        "parameters": {level: {"$ref": f"#/components/parameters/{level}"} for level in LEVELS},
        "messages": {row.name: {"$ref": f"#/components/messages/{row.name}"} for row in rows},
        "servers": [{"$ref": "#/servers/broker"}],
    }


def _operation(row: Carried) -> Schema:
    return {
        "action": _action(row),
        "channel": {"$ref": f"#/channels/{row.channel}"},
        "messages": [{"$ref": f"#/channels/{row.channel}/messages/{row.name}"}],
        "summary": row.says,
        "bindings": {"mqtt": {"qos": row.qos, "retain": False, "bindingVersion": "0.2.0"}},
    }


def _action(row: Carried) -> str:
    return "send" if row.sender == "device" else "receive"


def _message(row: Carried) -> Schema:
    events: Any = [{"$ref": f"#/components/schemas/{name}"} for name in event_schemas()] if row.name == "frame" else []
    return {
        "name": row.name,
        "contentType": row.content_type,
        "summary": row.says,
        "description": f"Signed by {row.signer}. The bytes are `{row.rule}` in docs/schemas/borderpost.cddl.",
        "payload": {
            "type": "string",
            "format": "binary",
            "maxLength": row.limit_bytes,
            **({"x-events": events} if events else {}),
        },
    }


def _bundled(name: str, told: Schema) -> Schema:
    """The same schema inside this document: what it refers to stands below its own name here."""
    inner = {key: value for key, value in told.items() if key not in ("$schema", "$id")}
    moved: Schema = _moved(inner, f"#/components/schemas/{name}/$defs/")
    return {"$schema": DIALECT, **moved}


def _moved(value: Any, place: str) -> Any:  # Any: JSON
    match value:
        case {"$ref": str() as target}:
            return {"$ref": target.replace("#/$defs/", place)}
        case dict():
            return {key: _moved(item, place) for key, item in value.items()}
        case list():
            return [_moved(item, place) for item in value]
        case _:
            return value
