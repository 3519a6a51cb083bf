"""The schema of the school config: every field once, in an order that a person can fill in.

Only what stands here as data is checked, so that the page docs/hub-config.html checks the same: patterns
mean the same to Python and to JavaScript. Normative text: docs/format/school-config-v1.md.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.school.codes import LABEL_PATTERN
from hub.school.places import COUNTRIES, TIMEZONES

VERSION = 1
SECTIONS = ("wifi", "uplink", "central")
Words = Mapping[str, str]  # by language
CONTROL = "[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200b-\u200f\ufeff\ufffd]"  # in no value
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = "([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\\[[0-9a-fA-F:.]{2,45}\\])"
_USER = "[a-z0-9_][a-z0-9_.-]{0,62}"
_PATH = "(/[!-~]{0,1000})?"
_KEY_TYPES = "ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)"
_PORT = "(:[1-9][0-9]{0,4})?"
# What hub/passwords.py asks of every password: not the account's name, four characters that differ.
_TECHNICIANS = (
    "(?!.*[Tt][Ee][Cc][Hh][Nn][Ii][Cc][Ii][Aa][Nn])"
    r"(?=(.).*?(?!\1)(.).*?(?!\1|\2)(.).*?(?!\1|\2|\3).)"
    ".{10,128}"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One value of hub-config.txt."""

    key: str  # full: `wifi.ssid`
    label: Words
    help: Words  # comment lines of the file
    expects: Words  # completes "Write …"
    type: str = "text"  # text, number or lines
    default: Any = ""
    required: bool = False
    secret: bool = False  # taken off the FAT partition once the hub has it
    keeps: bool = False  # a secret that the hub goes on using, so that one that is not given counts as before
    pattern: str = ""  # of the whole value, or of each line; an empty value need not match
    choices: tuple[str, ...] = ()
    max_chars: int = 200
    max_bytes: int = 0  # as UTF-8; 0: no limit of its own
    least: int = 0
    most: int = 0
    example: str = ""
    office: bool = False  # filled in by `central card`, not by hand

    @property
    def name(self) -> str:
        """The key as it stands below its section."""
        return self.key.rpartition(".")[2]

    @property
    def section(self) -> str:
        """`wifi`, `uplink`, `central`, or empty."""
        return self.key.rpartition(".")[0]


def both(uk: str, en: str) -> Words:
    """Return a text in both languages."""
    return {"uk": uk, "en": en}


FIELDS: tuple[Field, ...] = (
    Field(
        "version",
        both("Версія файлу", "Version of the file"),
        both("Версія цього файлу. Не змінюйте.", "The version of this file. Leave it."),
        both("version = 1", "version = 1"),
        type="number",
        default=VERSION,
        least=VERSION,
        most=VERSION,
    ),
    Field(
        "school_code",
        both("Код школи", "Code of the school"),
        both(
            "Код школи латиницею: літери, цифри, дефіс; наприклад, код ЄДРПОУ.",
            "Code of the school: Latin letters, digits, hyphens.",
        ),
        both(
            "від 1 до 32 латинських літер, цифр або дефісів",
            "1 to 32 Latin letters, digits or hyphens",
        ),
        required=True,
        pattern="[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
        max_chars=32,
        example="12345678",
    ),
    Field(
        "school_name",
        both("Назва школи", "Name of the school"),
        both("Назва школи, як її бачать учні.", "Name of the school, as learners see it."),
        both("назву до 100 символів", "a name of up to 100 characters"),
        required=True,
        pattern="[^ ](.*[^ ])?",
        max_chars=100,
        example="Ліцей с. Вишневе",
    ),
    Field(
        "country",
        both("Країна", "Country"),
        both(
            "Країна двома великими латинськими літерами: від неї залежать дозволені канали Wi-Fi.",
            "Country as two capital letters: which Wi-Fi channels are allowed depends on it.",
        ),
        both("дві великі латинські літери, як-от UA", "two capital letters, such as UA"),
        default="UA",
        required=True,
        choices=COUNTRIES,
    ),
    Field(
        "timezone",
        both("Часовий пояс", "Time zone"),
        both("Часовий пояс.", "Time zone."),
        both("часовий пояс, як-от Europe/Kyiv", "a time zone, such as Europe/Kyiv"),
        default="Europe/Kyiv",
        required=True,
        choices=TIMEZONES,
    ),
    Field(
        "language",
        both("Мова", "Language"),
        both(
            "Мова сторінок: uk, en, ro, hu або pl. Учень може вибрати іншу.",
            "Language of the pages: uk, en, ro, hu or pl. A learner can choose another.",
        ),
        both("uk, en, ro, hu або pl", "uk, en, ro, hu or pl"),
        default="uk",
        required=True,
        choices=("uk", "en", "ro", "hu", "pl"),
    ),
    Field(
        "hub_name",
        both("Адреса порталу", "Address of the portal"),
        both(
            "Адреса, яку учні набирають у браузері.",
            "The address that learners type into the browser.",
        ),
        both(
            "малі латинські літери з крапкою, як-от hub.lan; не .local, не hubpacks.lan, не числа",
            "small Latin letters with a full stop, such as hub.lan; not .local, hubpacks.lan or a number",
        ),
        default="hub.lan",
        required=True,
        # Names below hubpacks.lan are those of lessons, which must not share the portal's origin.
        pattern=f"(?!.*\\.local$)(?!(.*\\.)?hubpacks\\.lan$)(?!.*\\.[0-9]+$){_LABEL}(\\.{_LABEL})+",
        max_chars=100,
    ),
    Field(
        "student_internet",
        both("Інтернет для учнів", "Internet for learners"),
        both(
            'Чи пускати учнів в інтернет: "off" (ні) або "filtered" (так, з фільтром).',
            'May learners use the Internet: "off" (no) or "filtered" (yes, with a filter).',
        ),
        both("off або filtered", "off or filtered"),
        default="off",
        required=True,
        choices=("off", "filtered"),
    ),
    Field(
        "technician_password",
        both("Пароль техніка", "Technician's password"),
        both(
            "Перший пароль техніка, від 10 символів. Без нього його задають на сторінці першого запуску.\n"
            "Хаб забирає його з цього файлу під час запуску.",
            "The technician's first password, 10 characters or more. Without it, it is set at first start.\n"
            "The hub takes it out of this file when it starts.",
        ),
        both(
            "від 10 до 128 символів, з них не менше 4 різних, без слова technician",
            "10 to 128 characters, 4 or more different ones, without the word technician",
        ),
        secret=True,
        pattern=_TECHNICIANS,
        max_chars=128,
    ),
    Field(
        "label_code",
        both("Код з наліпки", "Code of the label"),
        both(
            "Код з наліпки хаба: ним підтверджують, що стоять біля нього. Без нього хаб створює код сам.",
            "The code on the hub's label: it proves that one stands before it. Left out, the hub makes one.",
        ),
        both("код на зразок K7RM-4XQ9", "a code such as K7RM-4XQ9"),
        pattern=LABEL_PATTERN,
        max_chars=9,
        office=True,
    ),
    Field(
        "wifi.mode",
        both("Wi-Fi для класу", "Wi-Fi for the class"),
        both(
            'Хто роздає Wi-Fi: "builtin" (сам хаб, до 7 пристроїв), "external-ap" (точка доступу,\n'
            'під\'єднана кабелем) або "off" (ніхто).',
            'Who makes the Wi-Fi: "builtin" (the hub itself, up to 7 devices), "external-ap" (an access\n'
            'point on the cable) or "off" (nobody).',
        ),
        both("builtin, external-ap або off", "builtin, external-ap or off"),
        default="builtin",
        required=True,
        choices=("builtin", "external-ap", "off"),
    ),
    Field(
        "wifi.ssid",
        both("Назва мережі", "Name of the network"),
        both(
            "Назва мережі: до 32 латинських літер чи цифр або до 16 українських літер.",
            "Name of the network: up to 32 Latin letters or digits.",
        ),
        both("назву без пробілів на краях, до 32 байтів", "a name of up to 32 bytes without outer spaces"),
        pattern="[^ ](.*[^ ])?",
        max_chars=32,
        max_bytes=32,
        example="School-Hub",
    ),
    Field(
        "wifi.password",
        both("Пароль мережі", "Password of the network"),
        both(
            'Пароль мережі: від 8 до 63 латинських літер, цифр і знаків. "" - мережа без пароля.',
            'Password of the network: 8 to 63 Latin letters, digits and signs. "" makes an open network.',
        ),
        both(
            'від 8 до 63 латинських літер, цифр і знаків, або "" для мережі без пароля',
            '8 to 63 Latin letters, digits and signs, or "" for an open network',
        ),
        secret=True,
        keeps=True,
        pattern="[ -~]{8,63}",
        max_chars=63,
    ),
    Field(
        "wifi.channel",
        both("Канал", "Channel"),
        both("Канал від 1 до 13; 0 - хаб вибирає сам.", "Channel from 1 to 13; 0: the hub chooses."),
        both("число від 0 до 13 без лапок", "a number from 0 to 13 without quotation marks"),
        type="number",
        default=0,
        least=0,
        most=13,
    ),
    Field(
        "uplink.kind",
        both("Зв'язок з управлінням освіти", "Way to the office"),
        both(
            'Як хаб виходить до управління: "ethernet" (кабель), "usb" (телефон або модем),\n'
            '"wifi" (Wi-Fi через USB-адаптер) або "none" (лише флешкою).',
            'How the hub reaches the office: "ethernet" (cable), "usb" (phone or modem), "wifi" (Wi-Fi by\n'
            'a USB adapter) or "none" (by stick only).',
        ),
        both("none, ethernet, usb або wifi", "none, ethernet, usb or wifi"),
        default="ethernet",
        required=True,
        choices=("none", "ethernet", "usb", "wifi"),
    ),
    Field(
        "uplink.ssid",
        both("Мережа для зв'язку", "Network to join"),
        both(
            'Мережа, до якої приєднатися; лише для kind = "wifi".',
            'The network to join; only for kind = "wifi".',
        ),
        both("назву без пробілів на краях, до 32 байтів", "a name of up to 32 bytes without outer spaces"),
        pattern="[^ ](.*[^ ])?",
        max_chars=32,
        max_bytes=32,
    ),
    Field(
        "uplink.password",
        both("Пароль мережі для зв'язку", "Password of the network to join"),
        both("Пароль тієї мережі.", "The password of that network."),
        both(
            'від 8 до 63 латинських літер, цифр і знаків, або "" для мережі без пароля',
            '8 to 63 Latin letters, digits and signs, or "" for an open network',
        ),
        secret=True,
        keeps=True,
        pattern="[ -~]{8,63}",
        max_chars=63,
    ),
    Field(
        "central.address",
        both("Адреса депо", "Address of the depot"),
        both("Адреса депо.", "The address of the depot."),
        both(
            "адресу, як-от sftp://h-school-5@depot.example:22/",
            "an address such as sftp://h-school-5@depot.example:22/",
        ),
        pattern=f"sftp://{_USER}@{_HOST}{_PORT}{_PATH}|https://{_HOST}{_PORT}{_PATH}",
        max_chars=1200,
        office=True,
    ),
    Field(
        "central.host_keys",
        both("Ключі сервера депо", "Host keys of the depot"),
        both("Ключі, за якими хаб упізнає депо.", "The keys by which the hub knows the depot."),
        both(
            'список рядків на зразок ["ssh-ed25519 AAAA…"]', 'a list of lines such as ["ssh-ed25519 AAAA…"]'
        ),
        type="lines",
        default=(),
        pattern=f"({_KEY_TYPES}) AAAA[A-Za-z0-9+/]{{40,2000}}={{0,2}}( [ -~]{{0,200}})?",
        max_chars=2400,
        office=True,
    ),
    Field(
        "central.root",
        both("Корінь довіри", "Root of trust"),
        both("Корінь довіри управління в стисненому вигляді.", "The office's root of trust, packed."),
        both("один рядок, як його дало управління", "one line, as the office gave it"),
        pattern="[A-Za-z0-9+/]+={0,2}",
        max_chars=32_000,
        office=True,
    ),
    Field(
        "central.hub_id",
        both("Ідентифікатор хаба", "Identifier of the hub"),
        both(
            "Ідентифікатор хаба. Без нього хаб створює його сам.",
            "The hub's id. Without one the hub makes its own.",
        ),
        both(
            "малі латинські літери, цифри й дефіси, до 63",
            "small Latin letters, digits and hyphens, up to 63",
        ),
        pattern="[a-z0-9][a-z0-9-]{0,62}",
        max_chars=63,
        office=True,
    ),
    Field(
        "central.enrol_token",
        both("Одноразовий код запису", "One-time token"),
        both(
            "Одноразовий код, яким хаб записується до управління. Хаб забирає його з файлу.",
            "The one-time token by which the hub enrols. The hub takes it out of this file.",
        ),
        both("код, як його дало управління", "the token, as the office gave it"),
        secret=True,
        pattern="[a-z2-7]{4}(-[a-z2-7]{4}){7}",
        max_chars=39,
        office=True,
    ),
)
BY_KEY: Mapping[str, Field] = {each.key: each for each in FIELDS}


def matcher(one: Field) -> Callable[[str], "re.Match[str] | None"]:
    """Return the check of a whole value against the field's pattern."""
    return re.compile(one.pattern or ".*").fullmatch
