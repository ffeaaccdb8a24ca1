"""Which country stands behind a three-letter code? (Doc 9303-3, section 5)

A document names its issuer by three letters, its signer's certificate by two. ``certificate_countries`` brings
them together. Three specimen states exist for trials and never in the world: Utopia and its two neighbours.
"""

from typing import Final

# Part A: the codes of ISO 3166-1.
_ISO_3166: Final = """
    ABW AW  AFG AF  AGO AO  AIA AI  ALA AX  ALB AL  AND AD  ARE AE  ARG AR  ARM AM  ASM AS  ATA AQ  ATF TF  ATG AG
    AUS AU  AUT AT  AZE AZ  BDI BI  BEL BE  BEN BJ  BES BQ  BFA BF  BGD BD  BGR BG  BHR BH  BHS BS  BIH BA  BLM BL
    BLR BY  BLZ BZ  BMU BM  BOL BO  BRA BR  BRB BB  BRN BN  BTN BT  BVT BV  BWA BW  CAF CF  CAN CA  CCK CC  CHE CH
    CHL CL  CHN CN  CIV CI  CMR CM  COD CD  COG CG  COK CK  COL CO  COM KM  CPV CV  CRI CR  CUB CU  CUW CW  CXR CX
    CYM KY  CYP CY  CZE CZ  DEU DE  DJI DJ  DMA DM  DNK DK  DOM DO  DZA DZ  ECU EC  EGY EG  ERI ER  ESH EH  ESP ES
    EST EE  ETH ET  FIN FI  FJI FJ  FLK FK  FRA FR  FRO FO  FSM FM  GAB GA  GBR GB  GEO GE  GGY GG  GHA GH  GIB GI
    GIN GN  GLP GP  GMB GM  GNB GW  GNQ GQ  GRC GR  GRD GD  GRL GL  GTM GT  GUF GF  GUM GU  GUY GY  HKG HK  HMD HM
    HND HN  HRV HR  HTI HT  HUN HU  IDN ID  IMN IM  IND IN  IOT IO  IRL IE  IRN IR  IRQ IQ  ISL IS  ISR IL  ITA IT
    JAM JM  JEY JE  JOR JO  JPN JP  KAZ KZ  KEN KE  KGZ KG  KHM KH  KIR KI  KNA KN  KOR KR  KWT KW  LAO LA  LBN LB
    LBR LR  LBY LY  LCA LC  LIE LI  LKA LK  LSO LS  LTU LT  LUX LU  LVA LV  MAC MO  MAF MF  MAR MA  MCO MC  MDA MD
    MDG MG  MDV MV  MEX MX  MHL MH  MKD MK  MLI ML  MLT MT  MMR MM  MNE ME  MNG MN  MNP MP  MOZ MZ  MRT MR  MSR MS
    MTQ MQ  MUS MU  MWI MW  MYS MY  MYT YT  NAM NA  NCL NC  NER NE  NFK NF  NGA NG  NIC NI  NIU NU  NLD NL  NOR NO
    NPL NP  NRU NR  NZL NZ  OMN OM  PAK PK  PAN PA  PCN PN  PER PE  PHL PH  PLW PW  PNG PG  POL PL  PRI PR  PRK KP
    PRT PT  PRY PY  PSE PS  PYF PF  QAT QA  REU RE  ROU RO  RUS RU  RWA RW  SAU SA  SDN SD  SEN SN  SGP SG  SGS GS
    SHN SH  SJM SJ  SLB SB  SLE SL  SLV SV  SMR SM  SOM SO  SPM PM  SRB RS  SSD SS  STP ST  SUR SR  SVK SK  SVN SI
    SWE SE  SWZ SZ  SXM SX  SYC SC  SYR SY  TCA TC  TCD TD  TGO TG  THA TH  TJK TJ  TKL TK  TKM TM  TLS TL  TON TO
    TTO TT  TUN TN  TUR TR  TUV TV  TWN TW  TZA TZ  UGA UG  UKR UA  UMI UM  URY UY  USA US  UZB UZ  VAT VA  VCT VC
    VEN VE  VGB VG  VIR VI  VNM VN  VUT VU  WLF WF  WSM WS  YEM YE  ZAF ZA  ZMB ZM  ZWE ZW
"""

# Part A: shortened, British, and what is in use beside ISO 3166-1.
SPECIAL_ISSUERS: Final = {
    "D": ("DE", "Germany"),
    "GBD": ("GB", "British overseas territories citizen"),
    "GBN": ("GB", "British national (overseas)"),
    "GBO": ("GB", "British overseas citizen"),
    "GBP": ("GB", "British protected person"),
    "GBS": ("GB", "British subject"),
    "RKS": ("KS", "Kosovo"),
    "UNK": ("UN", "United Nations Interim Administration Mission in Kosovo"),
    "XKX": ("KS", "Kosovo"),
    # Part B and C: organisations.
    "EUE": ("EU", "European Union (laissez-passer)"),
    "UNO": ("UN", "United Nations Organization"),
    "UNA": ("UN", "United Nations specialized agency"),
    "XBA": ("XB", "African Development Bank"),
    "XIM": ("XM", "African Export-Import Bank"),
    "XCC": ("XC", "Caribbean Community"),
    "XCE": ("CE", "Council of Europe"),
    "XCO": ("XE", "Common Market for Eastern and Southern Africa"),
    "XEC": ("XE", "Economic Community of West African States"),
    "XPO": ("XP", "Interpol"),
    "XOM": ("XO", "Sovereign Military Order of Malta"),
    # Specimen codes.
    "UTO": ("UT", "Utopia (specimen)"),
    "NRV": ("NV", "Norvania (specimen)"),
    "ZZD": ("ZD", "Zudland (specimen)"),
}

# Part D: what may stand as a nationality where there is none; no state issues under these.
SPECIAL_NATIONALITIES: Final = {
    "XXA": "stateless person (1954 convention)",
    "XXB": "refugee (1951 convention and 1967 protocol)",
    "XXC": "refugee, other",
    "XXX": "nationality unspecified",
}

# Some signers name their country in more than one way.
ALSO_IN_CERTIFICATES: Final = {"RKS": ("XK", "RK"), "XKX": ("XK", "RK"), "EUE": ("LP",)}


def certificate_countries(issuer: str) -> frozenset[str]:
    """The two-letter codes that a signer of this issuer may bear; none when the code is unknown.

    >>> certificate_countries("UTO"), certificate_countries("D"), certificate_countries("QQQ")
    (frozenset({'UT'}), frozenset({'DE'}), frozenset())
    """
    if issuer in SPECIAL_ISSUERS:
        return frozenset((SPECIAL_ISSUERS[issuer][0], *ALSO_IN_CERTIFICATES.get(issuer, ())))
    pairs = _ISO_3166.split()
    found = dict(zip(pairs[::2], pairs[1::2], strict=True)).get(issuer)
    return frozenset() if found is None else frozenset((found,))
