"""How does the region's page say it? Reasons and outcomes in words for officers, ages in words for everybody."""

REASONS: dict[str, str] = {
    "document-unreadable": "Document not readable",
    "document-removed": "Document lifted too early",
    "document-expired": "Document expired",
    "document-not-yet-valid": "Document not valid yet",
    "document-left": "Document left on the reader",
    "chip-unreadable": "Chip not readable",
    "chip-access-denied": "Chip refused access",
    "chip-altered": "Chip content altered",
    "chip-cloned": "Chip is a copy",
    "signature-invalid": "Signature of the chip invalid",
    "issuer-unknown": "Issuing state unknown",
    "signer-expired": "Signer's certificate expired",
    "signer-revoked": "Signer's certificate revoked",
    "signer-deviates": "Known defect of the state's documents",
    "mrz-mismatch": "Printed lines and chip differ",
    "document-type-not-accepted": "Kind of document not accepted",
    "document-listed": "Document stands on a list",
    "person-listed": "Name and birth date stand on a list",
    "under-age": "Under the gate's age limit",
    "nationality-not-accepted": "Nationality not served by the gate",
    "lists-stale": "Lists too old",
    "rules-invalid": "Rules of entry missing or broken",
    "face-no-match": "Face does not match the document",
    "face-not-captured": "No usable picture of the face",
    "face-aborted": "Face comparison failed technically",
    "not-alone": "More than one person inside",
    "nobody-entered": "Nobody came in",
    "too-slow": "Took too long",
    "lingered": "Stayed inside",
    "record-failed": "Crossing could not be recorded",
    "controller-lost": "Barrier does not answer",
    "controller-fault": "Barrier reports a fault",
    "device-fault": "A device of the lane failed",
    "officer-called": "Officer closed the lane or was called",
}
OUTCOMES: dict[str, str] = {
    "granted": "Granted",
    "left": "Passed",
    "referred": "Referred",
    "abandoned": "Abandoned",
}
OUTCOME_ICONS: dict[str, str] = {"granted": "\u203a", "left": "\u2713", "referred": "!", "abandoned": "\u21a9"}
ALARMS: dict[str, str] = {
    "device-cloned": "Two devices share one identity",
    "sequence-conflict": "Two different events claim one number",
    "quarantine-full": "Sends too much that cannot be taken",
    "from-the-future": "Its clock is ahead",
    "revoked-key": "A revoked device still sends",
    "wrong-topic": "Sends under another's name",
    "wrong-region": "Sends what is sealed to another region",
}
DUTIES: dict[str, str] = {  # of a gateway itself
    "no-retention": "What is due was not taken away",
    "no-erasures": "What is to be erased could not be read",
    "no-retired-keys": "Old keys could not be ended",
    "no-certificates": "A certificate of the region is damaged",
}
DIRECTIONS: dict[str, str] = {"entry": "Entry", "exit": "Exit"}
PLACES: dict[str, str] = {"inside": "inside the gate", "outside": "before the gate"}


def said(code: str, table: dict[str, str]) -> str:
    """A code that is newer than this page is shown in its own letters, never left out.

    >>> said("not-alone", REASONS), said("wet-document", REASONS)
    ('More than one person inside', 'Wet document')
    """
    return table.get(code, code.replace("-", " ").capitalize())


def reasons(codes: tuple[str, ...]) -> str:
    return "; ".join(said(code, REASONS) for code in codes)


def age(seconds: float) -> str:
    """
    >>> age(4.7), age(119), age(7260), age(200000)
    ('4 s', '1 min', '2 h 1 min', '2 d')
    """
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d"
