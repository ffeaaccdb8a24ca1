"""What does hostile input look like? Noise, and good input with a few places spoilt."""

import random
from collections.abc import Sequence

NOISE_LIMIT_BYTES = 600
SPOILT_LIMIT = 8
EDGES = (0x00, 0x01, 0x02, 0x03, 0x0D, 0x1F, 0x30, 0x3C, 0x5F, 0x7F, 0x80, 0x81, 0x82, 0x84, 0x88, 0x9F, 0xFE, 0xFF)


def garbage(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One input. One in ten is pure noise; the others began as something true."""
    if not seeds or chance.random() < 0.1:
        return chance.randbytes(chance.randint(0, NOISE_LIMIT_BYTES))
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, SPOILT_LIMIT)):
        _spoil(data, seeds, chance)
    return bytes(data)


def _spoil(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> None:
    at = _place(data, chance)
    match chance.randrange(8):
        case 0 if data:
            data[at] ^= 1 << chance.randrange(8)
        case 1 if data:
            data[at] = chance.choice(EDGES)
        case 2:
            del data[at:]
        case 3:
            del data[at : at + chance.randint(1, 32)]
        case 4:
            data[at:at] = bytes(chance.choice(EDGES) for _ in range(chance.randint(1, 8)))
        case 5:
            data[at:at] = data[at : at + chance.randint(1, 64)] * chance.randint(1, 8)
        case 6:
            other = chance.choice(seeds)
            data[at:] = other[_place(other, chance) :]
        case _:
            data[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\x80\0\0\0"))


def _place(data: bytes | bytearray, chance: random.Random) -> int:
    """Rather near the beginning: headers are there."""
    if not data:
        return 0
    return chance.randrange(len(data)) if chance.random() < 0.5 else chance.randrange(min(len(data), 48))
