"""What of a stranger's words may a terminal or a log be told? What can be printed; nothing that steers it."""


def printable(words: str) -> str:
    """Of the same length.

    >>> printable("a\\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in words)
