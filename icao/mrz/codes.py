"""What does a three-letter code of a document mean, and whose certificates go with it? (Doc 9303-3, section 5)

A document names its issuer by three letters, its signer's certificate by two. ``certificate_countries`` brings
them together. Three specimen states exist for trials and never in the world: Utopia and its two neighbours.
"""

from functools import cache
from typing import Final

# Part A: the codes of ISO 3166-1, three letters, two, and the short name.
_ISO_3166: Final = """
    ABW AW Aruba; AFG AF Afghanistan; AGO AO Angola; AIA AI Anguilla; ALA AX Åland Islands; ALB AL Albania;
    AND AD Andorra; ARE AE United Arab Emirates; ARG AR Argentina; ARM AM Armenia; ASM AS American Samoa;
    ATA AQ Antarctica; ATF TF French Southern Territories; ATG AG Antigua and Barbuda; AUS AU Australia;
    AUT AT Austria; AZE AZ Azerbaijan; BDI BI Burundi; BEL BE Belgium; BEN BJ Benin;
    BES BQ Bonaire, Sint Eustatius and Saba; BFA BF Burkina Faso; BGD BD Bangladesh; BGR BG Bulgaria; BHR BH Bahrain;
    BHS BS Bahamas; BIH BA Bosnia and Herzegovina; BLM BL Saint Barthélemy; BLR BY Belarus; BLZ BZ Belize;
    BMU BM Bermuda; BOL BO Bolivia; BRA BR Brazil; BRB BB Barbados; BRN BN Brunei Darussalam; BTN BT Bhutan;
    BVT BV Bouvet Island; BWA BW Botswana; CAF CF Central African Republic; CAN CA Canada;
    CCK CC Cocos (Keeling) Islands; CHE CH Switzerland; CHL CL Chile; CHN CN China; CIV CI Côte d'Ivoire;
    CMR CM Cameroon; COD CD Democratic Republic of the Congo; COG CG Congo; COK CK Cook Islands; COL CO Colombia;
    COM KM Comoros; CPV CV Cabo Verde; CRI CR Costa Rica; CUB CU Cuba; CUW CW Curaçao; CXR CX Christmas Island;
    CYM KY Cayman Islands; CYP CY Cyprus; CZE CZ Czechia; DEU DE Germany; DJI DJ Djibouti; DMA DM Dominica;
    DNK DK Denmark; DOM DO Dominican Republic; DZA DZ Algeria; ECU EC Ecuador; EGY EG Egypt; ERI ER Eritrea;
    ESH EH Western Sahara; ESP ES Spain; EST EE Estonia; ETH ET Ethiopia; FIN FI Finland; FJI FJ Fiji;
    FLK FK Falkland Islands (Malvinas); FRA FR France; FRO FO Faroe Islands; FSM FM Micronesia; GAB GA Gabon;
    GBR GB United Kingdom; GEO GE Georgia; GGY GG Guernsey; GHA GH Ghana; GIB GI Gibraltar; GIN GN Guinea;
    GLP GP Guadeloupe; GMB GM Gambia; GNB GW Guinea-Bissau; GNQ GQ Equatorial Guinea; GRC GR Greece; GRD GD Grenada;
    GRL GL Greenland; GTM GT Guatemala; GUF GF French Guiana; GUM GU Guam; GUY GY Guyana; HKG HK Hong Kong;
    HMD HM Heard Island and McDonald Islands; HND HN Honduras; HRV HR Croatia; HTI HT Haiti; HUN HU Hungary;
    IDN ID Indonesia; IMN IM Isle of Man; IND IN India; IOT IO British Indian Ocean Territory; IRL IE Ireland;
    IRN IR Iran; IRQ IQ Iraq; ISL IS Iceland; ISR IL Israel; ITA IT Italy; JAM JM Jamaica; JEY JE Jersey;
    JOR JO Jordan; JPN JP Japan; KAZ KZ Kazakhstan; KEN KE Kenya; KGZ KG Kyrgyzstan; KHM KH Cambodia; KIR KI Kiribati;
    KNA KN Saint Kitts and Nevis; KOR KR Republic of Korea; KWT KW Kuwait; LAO LA Laos; LBN LB Lebanon; LBR LR Liberia;
    LBY LY Libya; LCA LC Saint Lucia; LIE LI Liechtenstein; LKA LK Sri Lanka; LSO LS Lesotho; LTU LT Lithuania;
    LUX LU Luxembourg; LVA LV Latvia; MAC MO Macao; MAF MF Saint Martin (French part); MAR MA Morocco; MCO MC Monaco;
    MDA MD Moldova; MDG MG Madagascar; MDV MV Maldives; MEX MX Mexico; MHL MH Marshall Islands; MKD MK North Macedonia;
    MLI ML Mali; MLT MT Malta; MMR MM Myanmar; MNE ME Montenegro; MNG MN Mongolia; MNP MP Northern Mariana Islands;
    MOZ MZ Mozambique; MRT MR Mauritania; MSR MS Montserrat; MTQ MQ Martinique; MUS MU Mauritius; MWI MW Malawi;
    MYS MY Malaysia; MYT YT Mayotte; NAM NA Namibia; NCL NC New Caledonia; NER NE Niger; NFK NF Norfolk Island;
    NGA NG Nigeria; NIC NI Nicaragua; NIU NU Niue; NLD NL Netherlands; NOR NO Norway; NPL NP Nepal; NRU NR Nauru;
    NZL NZ New Zealand; OMN OM Oman; PAK PK Pakistan; PAN PA Panama; PCN PN Pitcairn; PER PE Peru; PHL PH Philippines;
    PLW PW Palau; PNG PG Papua New Guinea; POL PL Poland; PRI PR Puerto Rico;
    PRK KP Democratic People's Republic of Korea; PRT PT Portugal; PRY PY Paraguay; PSE PS Palestine;
    PYF PF French Polynesia; QAT QA Qatar; REU RE Réunion; ROU RO Romania; RUS RU Russian Federation; RWA RW Rwanda;
    SAU SA Saudi Arabia; SDN SD Sudan; SEN SN Senegal; SGP SG Singapore;
    SGS GS South Georgia and the South Sandwich Islands; SHN SH Saint Helena, Ascension and Tristan da Cunha;
    SJM SJ Svalbard and Jan Mayen; SLB SB Solomon Islands; SLE SL Sierra Leone; SLV SV El Salvador; SMR SM San Marino;
    SOM SO Somalia; SPM PM Saint Pierre and Miquelon; SRB RS Serbia; SSD SS South Sudan; STP ST Sao Tome and Principe;
    SUR SR Suriname; SVK SK Slovakia; SVN SI Slovenia; SWE SE Sweden; SWZ SZ Eswatini;
    SXM SX Sint Maarten (Dutch part); SYC SC Seychelles; SYR SY Syria; TCA TC Turks and Caicos Islands; TCD TD Chad;
    TGO TG Togo; THA TH Thailand; TJK TJ Tajikistan; TKL TK Tokelau; TKM TM Turkmenistan; TLS TL Timor-Leste;
    TON TO Tonga; TTO TT Trinidad and Tobago; TUN TN Tunisia; TUR TR Türkiye; TUV TV Tuvalu; TWN TW Taiwan;
    TZA TZ Tanzania; UGA UG Uganda; UKR UA Ukraine; UMI UM United States Minor Outlying Islands; URY UY Uruguay;
    USA US United States of America; UZB UZ Uzbekistan; VAT VA Holy See; VCT VC Saint Vincent and the Grenadines;
    VEN VE Venezuela; VGB VG British Virgin Islands; VIR VI United States Virgin Islands; VNM VN Viet Nam;
    VUT VU Vanuatu; WLF WF Wallis and Futuna; WSM WS Samoa; YEM YE Yemen; ZAF ZA South Africa; ZMB ZM Zambia;
    ZWE ZW Zimbabwe
"""

# What is in use beside ISO 3166-1. No two letters: Doc 9303-3 has none, so no signer can be expected.
SPECIAL_ISSUERS: Final = {
    # Part A: extensions.
    "D": ("DE", "Germany"),
    "GBD": ("GB", "British overseas territories citizen"),
    "GBN": ("GB", "British national (overseas)"),
    "GBO": ("GB", "British overseas citizen"),
    "GBP": ("GB", "British protected person"),
    "GBS": ("GB", "British subject"),
    "RKS": ("KS", "Kosovo"),
    "XKX": ("KS", "Kosovo"),  # met in the field, as is XXK
    "XXK": ("KS", "Kosovo"),
    # Part B and C: the European Union and the United Nations.
    "EUE": ("EU", "European Union (laissez-passer)"),
    "UNO": ("UN", "United Nations Organization"),
    "UNA": ("UN", "United Nations specialized agency"),
    "UNK": ("UN", "United Nations Interim Administration Mission in Kosovo"),
    # Part D: other authorities.
    "XBA": ("", "African Development Bank"),
    "XIM": ("", "African Export-Import Bank"),
    "XCC": ("", "Caribbean Community"),
    "XCE": ("", "Council of Europe"),
    "XCO": ("", "Common Market for Eastern and Southern Africa"),
    "XEC": ("", "Economic Community of West African States"),
    "XPO": ("", "International Criminal Police Organization (Interpol)"),
    "XES": ("", "Organization of Eastern Caribbean States"),
    "XMP": ("", "Parliamentary Assembly of the Mediterranean"),
    "XOM": ("XO", "Sovereign Military Order of Malta"),  # XO: met in the field
    "XDC": ("", "Southern African Development Community"),
    # Part F: struck from ISO 3166, and still in pockets.
    "ANT": ("AN", "Netherlands Antilles"),
    "NTZ": ("NT", "Neutral Zone"),
    # Part G: specimens. Norvania and Zudland are ours.
    "UTO": ("UT", "Utopia (specimen)"),
    "NRV": ("NV", "Norvania (specimen)"),
    "ZZD": ("ZD", "Zudland (specimen)"),
    # Part H: signs master lists.
    "IAO": ("IA", "International Civil Aviation Organization"),
}

# Part E: what may stand as a nationality where there is none; no state issues under these.
SPECIAL_NATIONALITIES: Final = {
    "XXA": "stateless person (1954 convention)",
    "XXB": "refugee (1951 convention and 1967 protocol)",
    "XXC": "refugee, other",
    "XXX": "nationality unspecified",
}

# Some signers name their country in more than one way.
ALSO_IN_CERTIFICATES: Final = {"RKS": ("XK", "RK"), "XKX": ("XK", "RK"), "XXK": ("XK", "RK"), "EUE": ("LP",)}


def meaning(code: str) -> str:
    """Who stands behind a code of the zone, in English; empty when nobody does.

    >>> meaning("D"), meaning("XXA"), meaning("QQQ")
    ('Germany', 'stateless person (1954 convention)', '')
    """
    if code in SPECIAL_ISSUERS:
        return SPECIAL_ISSUERS[code][1]
    return SPECIAL_NATIONALITIES.get(code) or _states().get(code, ("", ""))[1]


def certificate_countries(issuer: str) -> frozenset[str]:
    """The two-letter codes that a signer of this issuer may bear; none when there is no such code.

    >>> certificate_countries("UTO"), certificate_countries("D"), certificate_countries("QQQ")
    (frozenset({'UT'}), frozenset({'DE'}), frozenset())
    """
    letters, _ = SPECIAL_ISSUERS.get(issuer) or _states().get(issuer, ("", ""))
    return frozenset((letters, *ALSO_IN_CERTIFICATES.get(issuer, ()))) if letters else frozenset()


@cache
def _states() -> dict[str, tuple[str, str]]:
    """Three letters to two and a name. 249 states and territories, so cached for good."""
    rows = (row.split(maxsplit=2) for row in _ISO_3166.split(";"))
    return {three: (two, name) for three, two, name in rows}
