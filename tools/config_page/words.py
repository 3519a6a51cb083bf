"""What the page hub-config.html says in other words than the file: one fills in fields, and sees no TOML."""

from hub.school.fields import both

# Of each value that one chooses: what it means. The file holds the value.
CHOICES = {
    "language": {
        name: both(word, word)
        for name, word in (
            ("uk", "українська"),
            ("en", "English"),
            ("ro", "română"),
            ("hu", "magyar"),
            ("pl", "polski"),
        )
    },
    "student_internet": {"off": both("ні", "no"), "filtered": both("так, з фільтром", "yes, with a filter")},
    "wifi.mode": {
        "builtin": both("сам хаб, до 7 пристроїв", "the hub itself, up to 7 devices"),
        "external-ap": both("точка доступу, під'єднана кабелем", "an access point on the cable"),
        "off": both("ніхто", "nobody"),
    },
    "uplink.kind": {
        "none": both("лише флешкою", "by stick only"),
        "ethernet": both("кабель", "cable"),
        "usb": both("телефон або модем у гнізді USB", "a phone or modem in a USB socket"),
        "wifi": both("Wi-Fi через USB-адаптер", "Wi-Fi by a USB adapter"),
    },
}
HELP = {
    "timezone": both("Від нього залежать дати й тихі години.", "Dates and quiet hours go by it."),
    "language": both(
        "Мова сторінок. Учень може вибрати іншу.", "Of the pages. A learner can choose another."
    ),
    "student_internet": both("Чи пускати учнів в інтернет.", "May learners use the Internet?"),
    "wifi.mode": both("Хто роздає Wi-Fi.", "Who makes the Wi-Fi."),
    "wifi.password": both(
        "Від 8 до 63 латинських літер, цифр і знаків. Порожнє поле: мережа без пароля.",
        "8 to 63 Latin letters, digits and signs. Empty: an open network.",
    ),
    "uplink.kind": both("Як хаб виходить до управління.", "How the hub reaches the office."),
    "uplink.ssid": both(
        "До якої мережі приєднатися через USB-адаптер.", "Which network to join by the USB adapter."
    ),
}
_PASSWORD = both(
    "від 8 до 63 латинських літер, цифр і знаків; для мережі без пароля залиште поле порожнім",
    "8 to 63 Latin letters, digits and signs; for an open network leave it empty",
)
EXPECTS = {"wifi.password": _PASSWORD, "uplink.password": _PASSWORD}
# By code, as hub/school/wording.py: what is wrong, and what to do on the page.
MESSAGES = {
    "empty": {
        "uk": ("Тут порожньо.", "Напишіть %(expects)s."),
        "en": ("This is empty.", "Write %(expects)s."),
    },
    "ssid-needed": {
        "uk": (
            "Мережа Wi-Fi хаба не має назви.",
            "Напишіть її тут або виберіть вище, що Wi-Fi не роздає ніхто.",
        ),
        "en": (
            "The Wi-Fi of the hub has no name.",
            "Write it here, or choose above that nobody makes the Wi-Fi.",
        ),
    },
    "uplink-ssid-needed": {
        "uk": ("Не вказано мережу, до якої приєднатися.", "Напишіть тут її назву, а нижче пароль."),
        "en": ("The network to join has no name.", "Write its name here and its password below."),
    },
    "socket-taken": {
        "uk": (
            "Мережеве гніздо зайняте точкою доступу, тож через нього до управління не вийти.",
            "Виберіть телефон чи модем, Wi-Fi або «лише флешкою».",
        ),
        "en": (
            "The network socket serves the access point, so it leads to no office.",
            "Choose a phone or modem, Wi-Fi, or “by stick only”.",
        ),
    },
    "no-uplink": {
        "uk": (
            "Учням дозволено інтернет, а хаб до нього не виходить.",
            "Виберіть тут «ні» або нижче інший зв'язок з управлінням.",
        ),
        "en": (
            "Learners may use the Internet, and the hub has no way to it.",
            "Choose “no” here, or below another way to the office.",
        ),
    },
    "address-needed": {
        "uk": ("Немає адреси депо.", "Впишіть її або зробіть порожніми всі поля управління."),
        "en": ("There is no address of the depot.", "Write it, or empty all of the office's fields."),
    },
    # Only of the page: a file that a hub has read holds this password no more, and "" would open the network.
    "taken": {
        "uk": ("Хаб уже забрав цей пароль із файлу.", "Впишіть його наново."),
        "en": ("A hub has taken this password out of the file.", "Type it anew."),
    },
}
TEXTS = {
    "uk": {
        "title": "Налаштування шкільного хаба",
        "intro": "Заповніть, збережіть файл hub-config.txt і скопіюйте його на диск HUB, тобто на картку. "
        "Нічого не надсилається: сторінка працює без інтернету.",
        "open": "Є файл від управління? Відкрийте його тут:",
        "opened": "Файл прочитано.",
        "odd": "Файл прочитано, але не рядки",
        "other_file": "Це не hub-config.txt: жодного рядка не вдалося прочитати.",
        "school": "Школа",
        "office": "Заповнює управління освіти",
        "save": "Зберегти hub-config.txt",
        "good": "Усе гаразд.",
        "saved": "Браузер зберіг файл, звичайно в теку «Завантаження». Скопіюйте його на диск HUB під назвою "
        "hub-config.txt.",
        "wrong": "Виправте позначене.",
        "text": "Вміст файлу",
        "other": "English",
    },
    "en": {
        "title": "Settings of a school's hub",
        "intro": "Fill in, save the file hub-config.txt and copy it onto the disk HUB, which is the card. "
        "Nothing is sent anywhere: this page works without Internet.",
        "open": "You got a file from the office? Open it here:",
        "opened": "The file was read.",
        "odd": "The file was read, but not the lines",
        "other_file": "This is no hub-config.txt: none of its lines can be read.",
        "school": "School",
        "office": "Filled in by the office",
        "save": "Save hub-config.txt",
        "good": "All is well.",
        "saved": "The browser has saved the file, usually in the folder Downloads. Copy it onto the disk HUB "
        "under the name hub-config.txt.",
        "wrong": "Correct what is marked.",
        "text": "Text of the file",
        "other": "Українська",
    },
}
