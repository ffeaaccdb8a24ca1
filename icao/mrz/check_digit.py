"""What does a check digit say? (Doc 9303-3, 4.9)"""

from typing import Final

WEIGHTS: Final = (7, 3, 1)
VALUES: Final = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}


def check_digit(text: str) -> str:
    """The digit that belongs behind ``text``, which holds A-Z, 0-9 and the filler only.

    >>> check_digit("520727")
    '3'
    >>> check_digit("AB2134<<<")
    '5'
    """
    return str(sum(VALUES[character] * WEIGHTS[place % 3] for place, character in enumerate(text)) % 10)
