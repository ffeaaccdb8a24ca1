"""Which letters A-Z stand for a national one? The tables of Doc 9303-3, section 6, as published.

``transliteration`` applies them. Where the standard allows several spellings, the first is the recommended one.
"""

# ruff: noqa: RUF001  # letters that look alike are what this file is about

from typing import Final, Literal

Language = Literal["", "be", "bg", "mk", "sr", "uk"]  # ISO 639-1, where 6.B has exceptions; empty: none of them

# --- 6.A, Latin: the letters that do not simply lose their marks ---
SPELLED: Final = {
    "Ä": "AE", "Æ": "AE", "Å": "AA", "Ð": "D", "Đ": "D", "Ħ": "H", "Ĳ": "IJ", "Ł": "L", "Ŀ": "L", "Ŋ": "N",
    "Ø": "OE", "Ö": "OE", "Œ": "OE", "ẞ": "SS", "Þ": "TH", "Ŧ": "T", "Ü": "UE",
}  # fmt: skip
ALSO_SPELLED: Final = {"Ä": ("A",), "Å": ("A",), "Ñ": ("NXX",), "Ö": ("O",), "Ü": ("UXX", "U")}

# --- 6.B, Cyrillic ---
CYRILLIC: Final = {
    "А": "A", "Б": "B", "В": "V", "Г": "G", "Д": "D", "Е": "E", "Ж": "ZH", "З": "Z", "И": "I", "Й": "I", "К": "K",
    "Л": "L", "М": "M", "Н": "N", "О": "O", "П": "P", "Р": "R", "С": "S", "Т": "T", "У": "U", "Ф": "F", "Х": "KH",
    "Ц": "TS", "Ч": "CH", "Ш": "SH", "Щ": "SHCH", "Ъ": "IE", "Ы": "Y", "Э": "E", "Ю": "IU", "Я": "IA",
    "Ё": "E", "Ђ": "D", "Є": "IE", "Ѕ": "DZ", "І": "I", "Ї": "I", "Ј": "J", "Љ": "LJ", "Њ": "NJ", "Ќ": "K",
    "Ў": "U", "Џ": "DZ", "Ѫ": "U", "Ѵ": "Y", "Ґ": "G", "Ғ": "G", "Һ": "C",
    # No rows of the table: a sign without a sound, and two letters that it prints under a neighbour's number.
    "Ь": "", "Ѓ": "G", "Ћ": "C",
}  # fmt: skip
CYRILLIC_NATIONAL: Final[dict[Language, dict[str, str]]] = {
    "be": {"Ё": "IO", "Г": "H"},
    "bg": {"Щ": "SHT"},
    "mk": {"Ѓ": "GJ", "Ғ": "GJ", "Ќ": "KJ", "Х": "H", "Ц": "C", "Џ": "DJ"},
    "sr": {"Г": "H", "Ж": "Z", "Х": "H", "Ц": "C", "Ч": "C", "Ш": "S"},
    "uk": {"Г": "H", "И": "Y"},
}
UKRAINIAN_FIRST: Final = {"Є": "YE", "Ї": "YI", "Й": "Y", "Ю": "YU", "Я": "YA"}  # at the beginning of a word

# --- 6.C, Arabic, with Farsi, Urdu and Pashto: X is an escape, and no code begins another. Letters by their number. ---
ARABIC: Final = {
    0x621: "XE", 0x622: "XAA", 0x623: "XAE", 0x624: "U", 0x625: "I", 0x626: "XI", 0x627: "A", 0x628: "B",
    0x629: "XTA", 0x62A: "T", 0x62B: "XTH", 0x62C: "J", 0x62D: "XH", 0x62E: "XKH", 0x62F: "D", 0x630: "XDH",
    0x631: "R", 0x632: "Z", 0x633: "S", 0x634: "XSH", 0x635: "XSS", 0x636: "XDZ", 0x637: "XTT", 0x638: "XZZ",
    0x639: "E", 0x63A: "G", 0x641: "F", 0x642: "Q", 0x643: "K", 0x644: "L", 0x645: "M", 0x646: "N", 0x647: "H",
    0x648: "W", 0x649: "XAY", 0x64A: "Y", 0x671: "XXA", 0x679: "XXT", 0x67C: "XRT", 0x67E: "P", 0x681: "XKE",
    0x685: "XXH", 0x686: "XC", 0x688: "XXD", 0x689: "XDR", 0x691: "XXR", 0x693: "XRR", 0x696: "XRX", 0x698: "XJ",
    0x69A: "XXS", 0x6A4: "V", 0x6A5: "XF", 0x6A9: "XKK", 0x6AB: "XXK", 0x6AD: "XNG", 0x6AF: "XGG", 0x6BA: "XNN",
    0x6BC: "XXN", 0x6BE: "XDO", 0x6C0: "XYH", 0x6C1: "XXG", 0x6C2: "XGE", 0x6C3: "XTG", 0x6CC: "XYA",
    0x6CD: "XXY", 0x6D0: "Y", 0x6D2: "XYB", 0x6D3: "XBE",
}  # fmt: skip
TEH_MARBUTA, SHADDA, FARSI_YEH = "\u0629", "\u0651", "\u06cc"
TEH_MARBUTA_LAST: Final = "XAH"  # where it ends a name
FARSI_YEH_ALSO: Final = ("Y", "XAY")  # Appendix B
# The stretch, the vowels, and four letters of the Maghreb that are no longer written.
NOT_ENCODED: Final = frozenset(map(chr, (0x640, *range(0x64B, 0x651), 0x652, 0x670, 0x69C, 0x6A2, 0x6A7, 0x6A8)))
