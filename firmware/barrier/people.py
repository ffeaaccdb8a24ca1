"""How many went through a doorway, and which way: two beams, read like a quadrature encoder.

A body breaks outer, both, inner, none on its way in, and the reverse on its way out. Who turns back is not counted.
"""

NOBODY = (0, 0, 0, 0)  # (side it came from, last pattern, turned, more behind it)
CLEAR, OUTER, INNER, BOTH = 0, 1, 2, 3


def count(pair: tuple[int, int, int, int], outer: bool, inner: bool) -> tuple[tuple[int, int, int, int], int]:
    """One edge further: ``(pair, change)``, where +1 came in and -1 went out."""
    side, last, turned, more = pair
    pattern = (OUTER if outer else 0) | (INNER if inner else 0)
    if pattern == last:
        return pair, 0
    if pattern == CLEAR:
        return NOBODY, _passed(side, last, more)
    if last == CLEAR:
        return (pattern, pattern, 0, 0), 0
    far = INNER if side == OUTER else OUTER
    if pattern == side and last == BOTH and turned == 1:
        turned = 2
    elif pattern == far:
        # Nearly through, then back at the near beam, then nearly through again: one who dithers, or a second body
        # close behind the first (a tailgater's best trick). In doubt it is two.
        more += turned == 2
        turned = 1
    return (side, pattern, turned, more), 0


def _passed(side: int, last: int, more: int) -> int:
    if side == OUTER and last == INNER:
        return 1 + more
    if side == INNER and last == OUTER:
        return -1 - more
    return 0
