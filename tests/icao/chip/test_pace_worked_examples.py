"""PACE computes what Doc 9303-11 prints: appendices G (generic), H (integrated) and I (chip authentication mapping)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from icao.chip import ciphers, pace_mapping, pace_steps
from icao.chip.aes import Aes
from icao.chip.apdu import Command, Response, parse_response
from icao.chip.domain_parameters import BY_ID, read_public_key
from icao.chip.pace import Opened, open_by_pace
from icao.chip.pace_choice import Choice
from icao.chip.passwords import Password, PasswordKind
from icao.chip.secure_messaging import Session
from icao.lds.security_infos import (
    AES_128,
    PACE_DH_GM,
    PACE_DH_IM,
    PACE_ECDH_CAM,
    PACE_ECDH_GM,
    PACE_ECDH_IM,
    ChipAuthenticationKey,
    PaceInfo,
    parse_security_infos,
)
from icao.tlv import write

BRAINPOOL_P256R1, MODP_1024_160 = 13, 0
CIPHER = ciphers.BY_ARC[AES_128]
MRZ = Password(PasswordKind.MRZ, "T22000129364081251010318")


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def point(text: str) -> bytes:
    return b"\x04" + octets(text)


@dataclass(frozen=True)
class Example:
    """The numbers of one example. A command stands with the answer it got."""

    mapping: str
    group: int
    password: Password
    password_key: bytes
    nonce: bytes
    sealed_nonce: bytes
    drawn: tuple[bytes, ...]  # the reader's chance, in order
    reader_mapping: bytes
    chip_mapping: bytes
    generator: bytes
    reader_key: bytes
    chip_key: bytes
    chip_secret: bytes
    shared: bytes
    encryption: bytes
    authentication: bytes
    reader_token: bytes
    chip_token: bytes
    more: bytes = b""  # behind the chip's token
    chip_mapping_secret: bytes = field(default=b"")

    @property
    def choice(self) -> Choice:
        return Choice(PaceInfo(f"{self.mapping}.2", 2, self.group), BY_ID[self.group])

    def script(self) -> Iterator[tuple[bytes, bytes]]:
        arc, reference = self.mapping.rpartition(".")[2], 1 if self.password.kind is PasswordKind.MRZ else 2
        yield octets(f"0022C1A40F800A04007F00070202040{arc}0283010{reference}"), b""
        yield octets("10860000027C0000"), dynamic(0x80, self.sealed_nonce)
        mapped = dynamic(0x82, self.chip_mapping) if self.chip_mapping else octets("7C028200")
        yield general(0x10, 0x81, self.reader_mapping), mapped
        yield general(0x10, 0x83, self.reader_key), dynamic(0x84, self.chip_key)
        last = write(0x7C, write(0x86, self.chip_token) + self.more)
        yield general(0x00, 0x85, self.reader_token), last


def dynamic(tag: int, value: bytes) -> bytes:
    return write(0x7C, write(tag, value))


def general(cla: int, tag: int, value: bytes) -> bytes:
    data = dynamic(tag, value)
    return bytes((cla, 0x86, 0, 0, len(data))) + data + b"\0"


G1 = Example(
    PACE_ECDH_GM,
    BRAINPOOL_P256R1,
    MRZ,
    octets("89DED1B26624EC1E634C1989302849DD"),
    octets("3F00C4D39D153F2B2A214A078D899B22"),
    octets("95A3A016522EE98D01E76CB6B98B42C3"),
    (
        octets("7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99"),
        octets("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"),
    ),
    point(
        "7ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
        "544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D"
    ),
    point(
        "824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
        "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54"
    ),
    point(
        "8CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2"
        "8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522"
    ),
    point(
        "2DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
        "3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462"
    ),
    point(
        "9E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
        "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094"
    ),
    b"",
    octets("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925"),
    octets("F5F0E35C0D7161EE6724EE513A0D9A7F"),
    octets("FE251C7858B356B24514B3BD5F4297D1"),
    octets("C2B0BD78D94BA866"),
    octets("3ABB9674BCE93C08"),
)

G2 = Example(
    PACE_DH_GM,
    MODP_1024_160,
    MRZ,
    octets("89DED1B26624EC1E634C1989302849DD"),
    octets("FA5B7E3E49753A0DB9178B7B9BD898C8"),
    octets("854D8DF5827FA6852D1A4FA701CDDDCA"),
    (octets("5265030F751F4AD18B08AC565FC7AC952E41618D"), octets("89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA")),
    octets(
        "23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3E"
        "B71C343DB13D1DEBCE9A3666DBCFC920B49174A602CB47965CAA73DC702489A4"
        "4D41DB914DE9613DC5E98C94160551C0DF86274B9359BC0490D01B03AD54022D"
        "CB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C"
    ),
    octets(
        "78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E6"
        "23EA5738B26381E4DA19E004706FACE7B235C2DBF2F38748312F3C98C2DD4882"
        "A41947B324AA1259AC22579DB93F7085655AF30889DBB845D9E6783FE42C9F24"
        "49400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6"
    ),
    octets(
        "7C9CBFE98F9FBDDA8D143506FA7D9306F4CB17E3C71707AFF5E1C1A123702496"
        "84D64EE37AF44B8DBD9D45BF6023919CBAA027AB97ACC771666C8E98FF483301"
        "BFA4872DEDE9034EDFACB70814166B7F360676829B826BEA57291B5AD69FBC84"
        "EF1E779032A305803F74341793E869742D401325B37EE8565FFCDEE618342DC5"
    ),
    octets(
        "907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD91155"
        "1B9AE4D04369F29A02626C86FBC6747CC7BC352645B6161A2A42D44EDA80A08F"
        "A8D61B76D3A154AD8A5A51786B0BC07147057871A922212C5F67F43173172236"
        "B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5D4"
    ),
    octets(
        "075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152B"
        "D8B3A213F53820C42ADC79AB5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC"
        "71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250767A6D46DB974064"
        "386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1"
    ),
    octets("A5B780126B7C980E9FCEA1D4539DA1D27C342DFA"),
    octets(
        "6BABC7B3A72BCD7EA385E4C62DB2625BD8613B24149E146A629311C4CA6698E3"
        "8B834B6A9E9CD7184BA8834AFF5043D436950C4C1E7832367C10CB8C314D40E5"
        "990B0DF7013E64B4549E2270923D06F08CFF6BD3E977DDE6ABE4C31D55C0FA2E"
        "465E553E77BDF75E3193D3834FC26E8EB1EE2FA1E4FC97C18C3F6CFFFE2607FD"
    ),
    octets("2F7F46ADCC9E7E521B45D192FAFA9126"),
    octets("805A1D27D45A5116F73C54469462B7D8"),
    octets("B46DD9BD4D98381F"),
    octets("917F37B5C0E6D8D1"),
    more=octets("870F444554455354435643413030303033"),
    chip_mapping_secret=octets("66DDAFEAC1609CB5B963BB0CB3FF8B3E047F336C"),
)

# The key K_pi of both examples of appendix H is given there without its password: it is that of the CAN 123456.
CAN = Password(PasswordKind.CAN, "123456")
CAN_KEY = octets("591468CDA83D65219CCCB8560233600F")

H1 = Example(
    PACE_ECDH_IM,
    BRAINPOOL_P256R1,
    CAN,
    CAN_KEY,
    octets("2923BE84E16CD6AE529049F1F1BBE9EB"),
    octets("143DC40C08C8E891FBED7DEDB92B64AD"),
    (
        octets("5DD4CBFC96F5453B130D890A1CDBAE32"),
        octets("A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595"),
    ),
    octets("5DD4CBFC96F5453B130D890A1CDBAE32"),
    b"",
    point(
        "8E82D31559ED0FDE92A4D0498ADD3C23BABA94FB77691E31E90AEA77FB17D427"
        "4C1AE14BD0C3DBAC0C871B7F3608169364437CA30AC243A089D3F266C1E60FAD"
    ),
    point(
        "89CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D4"
        "6755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C37"
    ),
    point(
        "67F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8"
        "932B69A962B52A0985AD2C0A271EE6A13A8ADDDCD1A3A994B9DED257F4D22753"
    ),
    octets("107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A"),
    octets("4F150FDE1D4F0E38E95017B891BAE17133A0DF45B0D3E18B60BA7BEAFDC2C713"),
    octets("0D3FEB33251A6370893D62AE8DAAF51B"),
    octets("B01E89E3D9E8719E586B50B4A7506E0B"),
    octets("450F02B86F6A0909"),
    octets("75D4D96E8D5B0308"),
)

H2_READER_SECRET = octets(
    "4BD0E54740F9A028E6A515BFDAF967848C4F5F5FFF65AA0915947FFD1A0DF2FA"
    "6981271BC905F3551457B7E03AC3B8066DE4AA406C1171FB43DD939C4BA16175"
    "103BA3DEE16419AA248118F90CC36A3D6F4C373652E0C3CCE7F0F1D0C5425B36"
    "00F0F0D6A67F004C8BBA33F2B4733C7252445C1DFC4F1107203F71D2EFB28161"
)
H2 = Example(
    PACE_DH_IM,
    MODP_1024_160,
    CAN,
    CAN_KEY,
    octets("FA5B7E3E49753A0DB9178B7B9BD898C8"),
    octets("9ABB8864CA0FF1551E620D1EF4E13510"),
    (
        octets("B3A6DB3C870C3E99245E0D1C06B747DE"),
        # Printed as long as the prime; among q powers it is the same as its remainder.
        (int.from_bytes(H2_READER_SECRET, "big") % BY_ID[MODP_1024_160].order).to_bytes(20, "big"),
    ),
    octets("B3A6DB3C870C3E99245E0D1C06B747DE"),
    b"",
    octets(
        "1D7D767F11E333BCD6DBAEF40E799E7A926B96973550656FF3C830726D118D61"
        "C276CDCC61D475CF03A98E0C0E79CAEBA5BE25578BD4551D0B10903236F0B0F9"
        "76852FA78EEA14EA0ACA87D1E91F688FE0DFF897BBE35A472621D343564B262F"
        "34223AE8FC59B664BFEDFA2BFE7516CA5510A6BBB633D517EC25D4E0BBAA16C2"
    ),
    octets(
        "0F0CC62945A8029251FB7EF3C094E12EC68E4EF07F27CB9D9CD04C5C4250FAE0"
        "E4F8A951557E929AEB48E5C6DD47F2F5CD7C351A9BD2CD722C07EDE166770F08"
        "FFCB370262CF308DD7B07F2E0DA9CAAA1492344C852906919538C98A4BA4187E"
        "76CE9D87832386D319CE2E043C3343AEAE6EDBA1A9894DC5094D22F7FE1351D5"
    ),
    octets(
        "928D9A0F9DBA450F13FC859C6F290D1D36E42431138A4378500BEB4E0401854C"
        "FF111F71CB6DC1D0335807A11388CC8EAA87B07907AAD9FBA6B169AF6D8C26AF"
        "8DDDC39ADC3AD2E3FF882B84D23E9768E95A80E4746FB07A9767679FE92133B4"
        "D379935C771BD7FBED6C7BB4B1708B275EA75679524CDC9C6A91370CC662A2F3"
    ),
    octets(
        "020F018C7284B047FA7721A337EFB7ACB1440BB30C5252BD41C97C30C994BB78"
        "E9F0C5B32744D84017D21FFA6878396A6469CA283EF5C000DAF7D261A39AB886"
        "0ED4610AB5343390897AAB5A7787E4FAEFA0649C6A94FDF82D991E8E3FC332F5"
        "142729E7040A3F7D5A4D3CD75CBEE1F043C1CAD2DD484FEB4ED22B597D36688E"
    ),
    octets(
        "419410D6C0A17A4C07C54872CE1CBCEB0A2705C1A434C8A89A4CFE41F1D78124"
        "CA7EC52BDE7615E5345E48AB1ABB6E7D1D59A57F3174084D3CA4570397C1F622"
        "28BDFDB2DA191EA2239E2C060DBE3BBC23C2FCD0AF12E0F9E0B99FCF91FF1959"
        "011D5798B2FCBC1F14FCC24E441F4C8F9B08D977E9498560E63E7FFAB3134EA7"
    ),
    octets("01AFC10CF87BE36D8179E87370171F07"),
    octets("23F0FBD05FD6C7B8B88F4C8309669061"),
    octets("55D61977CBF5307E"),
    octets("C2F04230187E1525"),
)

I1 = Example(
    PACE_ECDH_CAM,
    BRAINPOOL_P256R1,
    Password(PasswordKind.MRZ, "C11T002JM496081222310314"),
    octets("4E6F6FBF7BE748B932C7B74161BBA9DF"),
    octets("658B860BC94DF6F044FCE6D5C82CF8E5"),
    octets("CB60E8E0D85B76A9BD304747C2AD42E2"),
    (
        octets("5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC"),
        octets("76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120"),
    ),
    point(
        "7F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE"
        "1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C1"
    ),
    point(
        "A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3"
        "04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E23"
    ),
    point(
        "89F0B5EABF3BE293C75903A3986131925C9F5B515CA95AF485DC7E886F03245D"
        "44BEFB2DD3A0DBD71CB5E618971CF4747F12B79E548379A40E45963BAAF3E829"
    ),
    point(
        "446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F95"
        "5483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC"
    ),
    point(
        "02AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA9933331"
        "11C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E1"
    ),
    octets("CD626EF3C256E235FE8912CAC28279E626008EDA6B3A05C4CF862A3BDAB79E78"),
    octets("67950559D0C06B4D4B86972D14460837461087F8419FDBC36AAF6CEAAC462832"),
    octets("0A9DA4DB03BDDE39FC5202BC44B2E89E"),
    octets("4B1C06491ED5140CA2B537D344C6C0B1"),
    octets("E86BD06018A1CD3B"),
    octets("8596CF055C67C1A3"),
    more=octets("8A301EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD10CBA372B42BE0B9B5F28AA8DE2F4F92"),
    chip_mapping_secret=octets("9E56A6B59C95D06ECE5CD10F983BB2F4F1943528E577F23881D89D8C3BBEE0AA"),
)
I1_CHIP_DATA = octets("85DC3FA93D0952BFA82F5FD189EE75BD82F11D1F0B8ED4BF5319AC9B53C426B3")
I1_CARD_SECURITY_KEY = octets(
    "30620609 04007F00 07020201 02305230 0C060704 007F0007 01020201 0D034200"
    "04187270 9494399E 7470A643 1BE25E83 EEE24FEA 568C2ED2 8DB48E05 DB3A610D"
    "C884D256 A40E35EF CB59BF67 53D3A489 D28C7A4D 973C2DA1 38A6E7A4 A08F68E1 6F02010D"
)

EXAMPLES = {"G.1": G1, "G.2": G2, "H.1": H1, "H.2": H2, "I.1": I1}
every_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)


class ScriptedChip:
    """Answers what the standard prints, to exactly the commands that it prints."""

    def __init__(self, script: Sequence[tuple[bytes, bytes]]) -> None:
        self.script = list(script)

    def __call__(self, command: Command) -> Response:
        expected, answer = self.script.pop(0)
        assert command.encode() == expected
        return parse_response(answer + b"\x90\x00")


def drawn_from(pieces: Sequence[bytes]) -> Callable[[int], bytes]:
    left = list(pieces)

    def draw(size_bytes: int) -> bytes:
        piece = left.pop(0)
        assert len(piece) == size_bytes
        return piece

    return draw


def run(example: Example) -> tuple[Session, Opened]:
    chip = ScriptedChip(tuple(example.script()))
    result = open_by_pace(chip, example.choice, example.password, drawn_from(example.drawn))
    assert not chip.script
    return result


@every_example
def test_the_reader_sends_what_is_printed_and_ends_with_the_printed_keys(example: Example) -> None:
    session, opened = run(example)
    assert session == Session(Aes(example.encryption, example.authentication), 0)
    assert opened.chip_key == example.chip_key
    assert opened.mapping_key == example.chip_mapping


@every_example
def test_the_nonce_is_enciphered_with_the_password(example: Example) -> None:
    assert pace_steps.password_key(CIPHER, example.password) == example.password_key
    assert CIPHER.encrypt(example.password_key, example.nonce) == example.sealed_nonce
    assert CIPHER.decrypt(example.password_key, example.sealed_nonce) == example.nonce


@pytest.mark.parametrize("example", [G1, G2, I1], ids=["G.1", "G.2", "I.1"])
def test_generic_mapping_gives_the_printed_generator(example: Example) -> None:
    group = BY_ID[example.group]
    secret = int.from_bytes(example.drawn[0], "big")
    assert group.public_key(secret, group.generator) == example.reader_mapping
    assert pace_mapping.generic(group, example.nonce, secret, example.chip_mapping) == example.generator


@pytest.mark.parametrize("example", [G2, I1], ids=["G.2", "I.1"])
def test_generic_mapping_gives_the_chip_the_same_generator(example: Example) -> None:
    group = BY_ID[example.group]
    secret = int.from_bytes(example.chip_mapping_secret, "big")
    assert group.public_key(secret, group.generator) == example.chip_mapping
    assert pace_mapping.generic(group, example.nonce, secret, example.reader_mapping) == example.generator


@pytest.mark.parametrize("example", [H1, H2], ids=["H.1", "H.2"])
def test_integrated_mapping_gives_the_printed_generator(example: Example) -> None:
    group = BY_ID[example.group]
    assert pace_mapping.integrated(group, CIPHER, example.nonce, example.reader_mapping) == example.generator


def test_the_pseudo_random_function_gives_the_printed_octets() -> None:
    assert pace_mapping.pseudo_random(CIPHER, H1.nonce, H1.reader_mapping, 256) == octets(
        "E4447E2DFB3586BAC05DDB00156B57FBB2179A3949294C97254189800C517BAA8DA0FF397ED8C445D3E421E4FEB57322"
    )
    assert pace_mapping.pseudo_random(CIPHER, H2.nonce, H2.reader_mapping, 1024) == octets(
        "EAB98D13E09052952AA729907C3C946184DEA0FE74AD2B3AF506F0A83018459C"
        "38099CD1F7FF4EA0A078DB1FAC1365505E3DC85500EF95E20B4EEF2E88489233"
        "BEE0546B472F994B618D168702406791DEEF3CB4810932EC278F3533FDB860EB"
        "4835C36FA4F1BF3FA0B828A718C96BDE88FBA38A3E6C35AAA10959251EB5FC71"
        "0FC187258995944C0F926E249373F485"
    )


@pytest.mark.parametrize("example", [G2, H1, H2, I1], ids=["G.2", "H.1", "H.2", "I.1"])
def test_both_ends_agree_on_the_printed_secret_and_tokens(example: Example) -> None:
    group = BY_ID[example.group]
    chip_secret, reader_secret = (int.from_bytes(each, "big") for each in (example.chip_secret, example.drawn[1]))
    assert group.public_key(chip_secret, example.generator) == example.chip_key
    assert group.agree(reader_secret, example.chip_key) == example.shared
    assert pace_steps.token(example.choice, example.shared, example.chip_key) == example.reader_token
    assert pace_steps.token(example.choice, example.shared, example.reader_key) == example.chip_token
    if group.order > chip_secret:  # in H.2 it is longer than the order
        assert group.agree(chip_secret, example.reader_key) == example.shared


def test_a_chip_that_trusts_terminal_authorities_names_them() -> None:
    _, opened = run(G2)
    assert opened.authorities == (b"DETESTCVCA00003",)


def test_chip_authentication_mapping_proves_the_printed_static_key() -> None:
    _, opened = run(I1)
    assert opened.chip_data == I1_CHIP_DATA
    (info,) = parse_security_infos(write(0x31, I1_CARD_SECURITY_KEY))
    assert isinstance(info, ChipAuthenticationKey)
    group, key = read_public_key(info.spki)
    assert group == BY_ID[BRAINPOOL_P256R1]
    assert info.key_id == BRAINPOOL_P256R1
    assert pace_steps.holds_static_key(group, opened.chip_data, key, opened.mapping_key)
    other = group.public_key(2, group.generator)
    assert not pace_steps.holds_static_key(group, opened.chip_data, other, opened.mapping_key)


def test_the_chip_would_seal_the_printed_data() -> None:
    sealed = pace_steps.seal_chip_data(I1.choice, I1.shared, I1_CHIP_DATA)
    assert write(0x8A, sealed) == I1.more
