"""One thing that is wrong, or odd, in a school config: where, what was found, what to write."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.school.wording import MESSAGES, in_language, line_text


@dataclass(frozen=True, slots=True)
class Finding:
    """A remark on one line; with an `error` the file is not used, with a `warning` it is."""

    line: int  # from 1; 0: the file as a whole
    key: str  # full key, as `wifi.ssid`; empty: none
    code: str  # of wording.MESSAGES
    values: Mapping[str, str] = field(default_factory=dict)
    is_error: bool = True

    @property
    def severity(self) -> str:
        """`error` or `warning`."""
        return "error" if self.is_error else "warning"

    def message(self, language: str = "en") -> str:
        """Return what was found."""
        return in_language(MESSAGES[self.code], language)[0] % self._shown(language)

    def advice(self, language: str = "en") -> str:
        """Return what to write or do."""
        return in_language(MESSAGES[self.code], language)[1] % self._shown(language)

    def text(self, language: str = "en") -> str:
        """Return all of it as one line: `Line 7: … Write: …`."""
        where = f"{line_text(self.line, language)}: " if self.line else ""
        return f"{where}{self.message(language)} {self.advice(language)}".strip()

    def to_dict(self, language: str = "en") -> dict[str, str | int]:
        """Return it for `--json`."""
        return {
            "line": self.line,
            "key": self.key,
            "code": self.code,
            "severity": self.severity,
            "message": self.message(language),
            "advice": self.advice(language),
        }

    def _shown(self, language: str) -> dict[str, str]:
        """Return the values, those that come in languages in this one."""
        suffix = f"@{language if language == 'uk' else 'en'}"
        own = {name.removesuffix(suffix): text for name, text in self.values.items() if name.endswith(suffix)}
        return {"key": self.key.rpartition(".")[2], "full": self.key, **self.values, **own}
