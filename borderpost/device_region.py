"""What does the region do about its devices? Invite them by a claim, show them, hear them out, and revoke them."""

import argparse
import json
from datetime import UTC, datetime

from borderpost.gateway import gateway_errors
from borderpost.verbs import region_verb

HOURS_DEFAULT = 24


def add_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    claim = region_verb(verbs, "claim", "a code by which one device may enrol once, over the network", _claim)
    claim.add_argument("--post", required=True, help="name of the post where the device will stand")
    claim.add_argument("--device", required=True, help="name of the device")
    claim.add_argument("--hours", type=int, default=HOURS_DEFAULT, help="for how long the code is good")
    revoke = region_verb(
        verbs, "revoke", "end a device's keys and certificates, at once and for ever; or an invitation", _revoke
    )
    revoke.add_argument("device", metavar="DEVICE")
    revoke.add_argument("--reason", default="", help="kept in the register")
    hear = region_verb(
        verbs,
        "hear",
        "for 30 days more, take what a device signed with the key before its newest: it was cut off",
        _hear,
    )
    hear.add_argument("device", metavar="DEVICE")
    region_verb(verbs, "show", "devices, their keys and certificates, and open claims", _show)


def _claim(args: argparse.Namespace) -> int:
    from gateway.identity.authority import Authority
    from gateway.identity.joining import Joining

    with gateway_errors():
        authority = Authority(args.state)
        claim = Joining(authority).claim(args.post, args.device, datetime.now(UTC), args.hours)
    ends = claim.ends.isoformat(timespec="seconds")
    if args.json:
        print(json.dumps({"claim": claim.code, "device": args.device, "post": args.post, "ends": ends}))
    else:
        at = authority.config.enrolment or "HOST:PORT"
        if claim.known:
            print(f"{args.device} is enrolled: this brings it back with its own keys. If its card was replaced, or its")
            print(f"keys are lost, say instead: borderpost device revoke {args.device}, and claim a new name.\n")
        print(f"{claim.code}\n\nGood once, until {ends}. At the device, while the gateway runs:")
        print(f"borderpost device enrol --at {at} --claim CODE --edge DIR --post {args.post} --device {args.device}")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    from gateway.identity.authority import Authority
    from gateway.identity.joining import Joining
    from gateway.identity.revocation import tell_broker

    with gateway_errors():
        authority = Authority(args.state)
        revoked = Joining(authority).revoke(args.device, args.reason, datetime.now(UTC))
        if revoked:
            tell_broker(authority.config.reload)
    told = {"device": args.device, "revoked": revoked, "broker_told": revoked and bool(authority.config.reload)}
    if args.json:
        print(json.dumps(told))
        return 0
    if not revoked:
        print(f"{args.device} was invited, and has not come: its claim is void now. The name may be claimed again.")
        return 0
    print(f"Device {args.device} is revoked: nothing it signs is taken, and its certificate opens no new connection.")
    if not authority.config.reload:
        print(f"Now say: borderpost gateway broker --state {authority.state} --into DIR, and reload the broker;")
        print("until then a connection that stands stays open. [broker] reload in gateway.toml can do both.")
    return 0


def _hear(args: argparse.Namespace) -> int:
    from gateway.identity.authority import Authority
    from gateway.identity.joining import Joining

    with gateway_errors():
        kid, until = Joining(Authority(args.state)).hear(args.device, datetime.now(UTC))
    told = {"device": args.device, "kid": kid, "until": until.isoformat(timespec="seconds")}
    if args.json:
        print(json.dumps(told))
    else:
        print(f"What {kid} signed is taken until {told['until']}: the device sends it again by itself, within a minute")
        print("of being in touch. Whoever has that key besides can tell as much until then.")
    return 0


def _show(args: argparse.Namespace) -> int:
    from gateway.identity.authority import Authority
    from gateway.identity.joining import Joining

    with gateway_errors():
        devices = Joining(Authority(args.state)).show(datetime.now(UTC))
    if args.json:
        print(json.dumps({"devices": devices}))
        return 0
    if not devices:
        print("No device is enrolled, and none is invited.")
        return 0
    rows: list[tuple[str, ...]] = [("DEVICE", "POST", "STATE", "KEYS", "CERTIFICATE ENDS", "LAST EVENT", "CLAIM UNTIL")]
    for device in devices:
        keys = ", ".join(f"{key['kid']} {key['state']}" for key in device["keys"])
        claim = device["claim"]["ends"] if device["claim"] else None
        told = (keys, device["certificate_ends"], device["last_event"], claim)
        rows.append((device["device"], device["post"], device["state"], *(text or "-" for text in told)))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return 0
