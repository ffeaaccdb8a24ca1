"""How is a machine readable zone written? (Doc 9303-4 to 9303-7) For issuing states, and so for their simulators."""

from icao.mrz.check_digit import check_digit
from icao.mrz.dates import yymmdd
from icao.mrz.layout import ALPHABET, LAYOUTS, Format, Layout, Place, digit_place
from icao.mrz.names import write_names
from icao.mrz.zone import MrzError


def compose(
    format: Format,
    *,
    document_code: str,
    issuing_state: str,
    document_number: str,
    surname: str,
    given_names: str,
    nationality: str,
    birth_date: str,
    sex: str,
    expiry_date: str,
    optional_1: str = "",
    optional_2: str = "",
) -> tuple[str, ...]:
    """The lines, check digits in place. Fields as ``Mrz`` has them. Raises MrzError when something does not fit."""
    layout = LAYOUTS[format]
    sheet = [["<"] * layout.width for _ in range(layout.lines)]
    number, optional_1 = _long(layout, document_number, optional_1)
    try:
        names = write_names(surname, given_names, layout.names[2] - layout.names[1])
        born, expires = yymmdd(birth_date), yymmdd(expiry_date)
    except ValueError as error:
        raise MrzError(f"The zone cannot be written: {error}.") from error
    fields = (
        (layout.document_code, document_code),
        (layout.issuing_state, issuing_state),
        (layout.names, names),
        (layout.document_number, number),
        (layout.nationality, nationality),
        (layout.birth_date, born),
        (layout.sex, "<" if sex == "X" else sex),
        (layout.expiry_date, expires),
        (layout.optional_1, optional_1),
        (layout.optional_2, optional_2),
    )
    for place, text in fields:
        _put(sheet, place, text)
    _put_digits(sheet, layout, long_number=number != document_number)
    return tuple("".join(row) for row in sheet)


def compose_td3(
    *,
    issuing_state: str,
    document_number: str,
    surname: str,
    given_names: str,
    nationality: str,
    birth_date: str,
    sex: str,
    expiry_date: str,
    optional_1: str = "",
    document_code: str = "P",
) -> tuple[str, str]:
    """The two lines of a passport. Raises MrzError."""
    first, second = compose(
        "TD3",
        document_code=document_code,
        issuing_state=issuing_state,
        document_number=document_number,
        surname=surname,
        given_names=given_names,
        nationality=nationality,
        birth_date=birth_date,
        sex=sex,
        expiry_date=expiry_date,
        optional_1=optional_1,
    )
    return first, second


def _long(layout: Layout, number: str, optional: str) -> tuple[str, str]:
    """A card's number of ten or more characters runs over into the optional data, its digit behind it."""
    if layout.format not in ("TD1", "TD2") or len(number) <= 9:
        return number, optional
    head, tail = number[:9], number[9:]
    overflow = tail + check_digit(f"{head}<{tail}") if set(number) <= ALPHABET else tail
    return head, f"{overflow}<{optional}" if optional else overflow


def _put(sheet: list[list[str]], place: Place | None, text: str) -> None:
    if place is None:
        if text:
            raise MrzError("This format has no second optional field.")
        return
    line, start, stop = place
    written = text.replace(" ", "<").ljust(stop - start, "<")
    if len(written) > stop - start or not set(written) <= ALPHABET:
        raise MrzError(f"A field of line {line + 1} holds more than {stop - start} characters of A-Z, 0-9 and blanks.")
    sheet[line][start:stop] = written


def _put_digits(sheet: list[list[str]], layout: Layout, *, long_number: bool) -> None:
    def covered(*places: Place) -> str:
        return "".join("".join(sheet[line][start:stop]) for line, start, stop in places)

    for place in (layout.document_number, layout.birth_date, layout.expiry_date):
        if not (long_number and place == layout.document_number):
            _put(sheet, digit_place(place), check_digit(covered(place)))
    if layout.optional_1_digit:
        _put(sheet, layout.optional_1_digit, check_digit(covered(layout.optional_1)))
    if layout.composite_digit:
        _put(sheet, layout.composite_digit, check_digit(covered(*layout.composite)))
