"""hub-status.txt: what the hub read and how it is, for whoever puts the card into a PC. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.school import Finding, SchoolConfig
from hub.school.statusblock import StatusBlock, render_block
from hub.school.wording import in_language

_TEXTS = {
    "uk": {
        "title": "Стан шкільного хаба",
        "written": "Записано: %s (за годинником хаба)",
        "good": "Файл %s прочитано, усе гаразд.",
        "odd": "Файл %s прочитано. Зверніть увагу:",
        "last-good": "Файл %s має помилки, тому хаб працює з попередніми налаштуваннями. Виправте:",
        "default": "Файл %s має помилки, а попередніх налаштувань немає. Хаб роздає мережу %s без пароля;\n"
        "у ній на сторінці http://%s/start його налаштовують і без файлу. Або виправте:",
        "missing": "Файлу %s немає; хаб працює з попередніми налаштуваннями.",
        "missing-default": "Файлу %s немає, попередніх налаштувань теж. Хаб роздає мережу %s без пароля;\n"
        "у ній на сторінці http://%s/start його налаштовують і без файлу.",
        "after": "Потім вставте картку назад і ввімкніть хаб.",
        "problems": "Не вдалося:",
        "school": "Школа: %s (%s)",
        "wifi": "Wi-Fi: %s",
        "external-ap": "точка доступу, під'єднана кабелем",
        "off": "хаб його не роздає",
        "address": "Адреса порталу: http://%s/",
        "also": "Або: http://%s/",
        "hub": "Ідентифікатор хаба: %s",
        "fingerprint": "Відбиток ключа: %s (звірте з управлінням)",
        "new-key": "Ключ хаба створено щойно: управління має його підтвердити.",
        "code": "Код з наліпки: %s (потрібен, щоб задати або скинути пароль техніка)",
        "versions": "Програма: %s; образ: %s",
        "synced": "Останній обмін з управлінням: %s",
        "never": "ще не було",
        "office": "Для управління освіти (central enrol --from-status hub-status.txt):",
        "none": "немає",
    },
    "en": {
        "title": "State of this school's hub",
        "written": "Written: %s (by the hub's clock)",
        "good": "The file %s was read; all is well.",
        "odd": "The file %s was read. Please note:",
        "last-good": "The file %s has errors, so the hub works with the settings from before. Correct:",
        "default": "The file %s has errors, and there are no settings from before. The hub makes an open"
        " Wi-Fi, %s;\nin it the page http://%s/start sets it up without a file. Or correct:",
        "missing": "There is no file %s; the hub works with the settings from before.",
        "missing-default": "There is no file %s, nor settings from before. The hub makes an open Wi-Fi, %s;\n"
        "in it the page http://%s/start sets it up without a file.",
        "after": "Then put the card back and start the hub.",
        "problems": "What did not work:",
        "school": "School: %s (%s)",
        "wifi": "Wi-Fi: %s",
        "external-ap": "an access point on the cable",
        "off": "none made by the hub",
        "address": "Address of the portal: http://%s/",
        "also": "Or: http://%s/",
        "hub": "Hub id: %s",
        "fingerprint": "Fingerprint of its key: %s (compare with the office)",
        "new-key": "The hub's key was made just now: the office has to approve it.",
        "code": "Code of the label: %s (sets or resets the technician's password)",
        "versions": "Software: %s; image: %s",
        "synced": "Last sync with the office: %s",
        "never": "none yet",
        "office": "For the office (central enrol --from-status hub-status.txt):",
        "none": "none",
    },
}


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What the file tells."""

    config: SchoolConfig
    source: str  # card, last-good or default
    file_name: str
    has_file: bool
    findings: Sequence[Finding]
    problems: Sequence[str]
    block: StatusBlock | None  # None: the hub has no identity, as on a disk that cannot be written
    is_new_key: bool
    label_code: str
    numbers: Sequence[str]  # of the hub in the class's network
    software: str
    image: str
    last_sync: str  # empty: never
    written_at: str


def render_status(facts: StatusFacts, language: str) -> str:
    """Return the file; what has to be done stands first."""
    say = in_language(_TEXTS, language)
    title = say["title"]
    parts = [
        f"{title}\n{'=' * len(title)}",
        _about_config(facts, say, language),
        _problems(facts, say),
        _about_hub(facts, say),
    ]
    if facts.block is not None:
        parts.append(f"{say['office']}\n{render_block(facts.block)}")
    parts.append(say["written"] % facts.written_at)
    return "\n\n".join(part for part in parts if part) + "\n"


def is_same_but_time(before: str, after: str) -> bool:
    """Whether two of these files differ only in when they were written: then a card is spared the write."""
    return _without_time(before) == _without_time(after)


def _without_time(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip().rpartition("\n")[0]


def _about_config(facts: StatusFacts, say: dict[str, str], language: str) -> str:
    listed = [f"  - {finding.text(language)}" for finding in facts.findings if finding.code != "no-file"]
    name, setup = facts.file_name, (facts.file_name, facts.config.wifi.ssid, facts.config.hub_name)
    if facts.source == "card":
        return say["good"] % name if not listed else "\n".join([say["odd"] % name, *listed])
    if not facts.has_file:
        is_known = facts.source == "last-good"
        return say["missing"] % name if is_known else say["missing-default"] % setup
    first = say["last-good"] % name if facts.source == "last-good" else say["default"] % setup
    return "\n".join([first, *listed, say["after"]])


def _problems(facts: StatusFacts, say: dict[str, str]) -> str:
    return (
        "\n".join([say["problems"], *(f"  - {problem}" for problem in facts.problems)])
        if facts.problems
        else ""
    )


def _about_hub(facts: StatusFacts, say: dict[str, str]) -> str:
    config = facts.config
    lines = [
        say["school"] % (config.school_name, config.school_code),
        say["wifi"] % (config.wifi.ssid if config.wifi.mode == "builtin" else say[config.wifi.mode]),
        say["address"] % config.hub_name,
        *(say["also"] % number for number in facts.numbers),
    ]
    if facts.block is not None:
        lines += [say["hub"] % facts.block.hub_id, say["fingerprint"] % facts.block.fingerprint]
    if facts.is_new_key:
        lines.append(say["new-key"])
    if facts.label_code:
        lines.append(say["code"] % facts.label_code)
    lines.append(say["versions"] % (facts.software or say["none"], facts.image or say["none"]))
    lines.append(say["synced"] % (facts.last_sync or say["never"]))
    return "\n".join(lines)
