"""What might somebody try against the way from lane to region, and how must it end?

Outcomes: *refused* (not taken, nothing happens), *quarantine* (kept aside with a reason, acknowledged where a signature
proves the sender), *ignored* (dropped and counted), *alarm* (told to people), *stored* (taken as what it is).
"""

from typing import Final

DELIVERY: Final = {
    "D01": ("a frame of one device sent by another", "quarantine, alarm"),
    "D02": ("a cloned card: two boots of one device alive", "alarm on both"),
    "D03": ("a restored disk image counts its numbers again", "alarm"),
    "D04": ("the clock is three days behind", "stored, clock's quality told"),
    "D05": ("the clock is days ahead", "stored, clock's quality told"),
    "D06": ("the clock stands in 1970", "stored, clock's quality told"),
    "D07": ("a number is missing", "shown as a gap, sent again"),
    "D08": ("one number, two contents", "both in quarantine, alarm"),
    "D09": ("an event that no reader can take", "quarantine and acknowledged; the next flows"),
    "D10": ("a compressed bomb in place of events", "quarantine"),
    "D11": ("CBOR nested without end", "quarantine"),
    "D12": ("CBOR that claims 2^40 bytes", "quarantine"),
    "D13": ("CBOR that refers to itself", "quarantine"),
    "D14": ("a decimal with a huge exponent", "quarantine"),
    "D15": ("a name that comes twice", "quarantine"),
    "D16": ("JSON with 5,000 digits or 100,000 brackets", "quarantine"),
    "D17": ("the key id of another key", "refused"),
    "D18": ("the signature taken off", "refused"),
    "D19": ("a MAC keyed with the public key", "refused"),
    "D20": ("the algorithm moved out of the signature", "refused"),
    "D21": ("an unknown critical header", "refused"),
    "D22": ("bytes behind the frame", "refused"),
    "D23": ("headers slipped in beside the signature", "refused"),
    "D24": ("sealed to another region", "quarantine, alarm"),
    "D25": ("sealed by one and signed by another, or not signed", "refused"),
    "D26": ("one nonce under one key twice, after a restored image", "cannot happen: a fresh key a frame"),
    "D27": ("a forged acknowledgement", "ignored"),
    "D28": ("an acknowledgement of what was never sent", "ignored, alarm"),
    "D29": ("the id of another's event claimed first", "no effect"),
    "D30": ("a revoked device", "quarantine, alarm"),
    "D31": ("a frame over 256 KiB", "refused before it is parsed"),
    "D32": ("events from the future", "stored, flagged"),
}
BROKER: Final = {
    "E01": ("a publication on another's topic", "dropped by the broker"),
    "E02": ("a will on another's topic", "not delivered"),
    "E03": ("a retained order", "ignored"),
    "E04": ("a subscription to everything", "brings nothing"),
    "E05": ("a subscription to the broker's own topics", "brings nothing"),
    "E06": ("a shared subscription to others' topics", "brings nothing"),
    "E07": ("another's client id taken over", "no effect on the other"),
    "E08": ("another's queued orders erased by a take-over", "they arrive"),
    "E09": ("a flood beyond the broker's queue", "dropped by the broker, and no border event lost"),
    "E10": ("a packet of a megabyte", "refused"),
    "E11": (
        "a flood of connections without a certificate",
        "the others keep their connection; new ones wait if it fills the broker (threats.md)",
    ),
    "E12": ("TLS 1.2", "refused"),
    "E13": ("no certificate", "refused"),
    "E14": ("a certificate of a foreign authority", "refused"),
    "E15": ("a certificate that has ended", "refused"),
    "E16": ("a server's certificate shown as a client's", "refused"),
    "E17": ("a broker that hands out old frames again", "known already, not stored twice"),
    "E18": ("a broker that confirms everything and stores nothing", "rows stay, their age is told"),
    "E19": ("topics with .., NUL or 64 KB", "refused"),
}
MUST_HAVE_A_TEST: Final = DELIVERY | BROKER
