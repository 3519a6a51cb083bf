"""What an image holds, with versions and licences: a list to read and one in SPDX 2.3 for programs."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from image import licences

_REF = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_ID = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """One package in the image."""

    kind: str  # "deb" or "pypi"
    name: str
    version: str
    licence: str  # an SPDX expression
    sha256: str = ""  # of the package as it was fetched
    homepage: str = ""
    architecture: str = ""

    @property
    def purl(self) -> str:
        """Its package URL, as programs that look for faults know it."""
        place = "deb/debian" if self.kind == "deb" else "pypi"
        tail = f"?arch={self.architecture}" if self.architecture else ""
        return f"pkg:{place}/{self.name}@{self.version.replace('+', '%2B').replace(':', '%3A')}{tail}"


def read_debs(root: Path, hashes: dict[str, str]) -> list[Package]:
    """Return the packages that are installed in a root; `hashes`: name_version → SHA-256."""
    status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    found = []
    for text in status.strip().split("\n\n"):
        fields = HeaderParser().parsestr(text)
        if fields.get("Status", "").endswith(" installed"):
            found.append(deb(root, fields, hashes))
    return found


def deb(root: Path, fields: Message, hashes: dict[str, str]) -> Package:
    """Return one Debian package of its control fields."""
    name, version = fields.get("Package", ""), fields.get("Version", "")
    notice = root / "usr/share/doc" / name / "copyright"
    text = notice.read_text(encoding="utf-8", errors="replace") if notice.is_file() else ""
    return Package(
        "deb",
        name,
        version,
        licences.of_copyright(text),
        hashes.get(f"{name}_{version}", ""),
        fields.get("Homepage", ""),
        fields.get("Architecture", ""),
    )


def read_python(environment: Path) -> list[Package]:
    """Return the Python packages of an environment of the card."""
    found = []
    for metadata in sorted(environment.glob("lib/python3*/site-packages/*.dist-info/METADATA")):
        fields = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
        licence = licences.of_metadata(
            fields.get("License-Expression", ""), fields.get("License", ""), fields.get_all("Classifier", [])
        )
        name = re.sub(r"[-_.]+", "-", fields["Name"]).lower()
        found.append(Package("pypi", name, fields["Version"], licence, "", fields.get("Home-page", "")))
    return found


def write_list(packages: Iterable[Package]) -> str:
    """Return the record of a build: a line `kind name=version sha256 licence` for each package, in order."""
    return "".join(f"{p.kind} {p.name}={p.version} {p.sha256 or '-'} {p.licence}\n" for p in sorted(packages))


def write_spdx(packages: Iterable[Package], *, name: str, epoch: int) -> str:
    """Return the same as SPDX 2.3 in JSON: two builds of one state give the same bytes."""
    packages = sorted(packages)
    refs = sorted({ref for package in packages for ref in _REF.findall(package.licence)})
    described = {_identifier(package): package for package in packages}
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{epoch}",
        "creationInfo": {
            "created": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: hub-image"],
        },
        "packages": [_entry(identifier, package) for identifier, package in described.items()],
        "hasExtractedLicensingInfos": [
            {"licenseId": ref, "extractedText": "See /usr/share/doc/<package>/copyright in the image."}
            for ref in refs
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": identifier,
            }
            for identifier in described
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _identifier(package: Package) -> str:
    return f"SPDXRef-{package.kind}-{_ID.sub('-', package.name)}-{_ID.sub('-', package.version)}"


def _entry(identifier: str, package: Package) -> dict[str, object]:
    entry: dict[str, object] = {
        "SPDXID": identifier,
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": "NOASSERTION",
        "homepage": package.homepage or "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": package.licence,
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": package.purl,
            }
        ],
    }
    if package.sha256:
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": package.sha256}]
    return entry
