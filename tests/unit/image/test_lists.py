"""What is handed out with an image: the entry for Imager (acceptance test 8), packages and licences."""

import hashlib
import json

import pytest

from image import licences, oslist, sbom
from image.debian import sources

STATUS = """\
Package: nginx-light
Status: install ok installed
Architecture: all
Version: 1.26.3-3+deb13u11
Homepage: https://nginx.org

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: BSD-2-clause

Files: debian/*
License: GPL-2+ and Expat
 text
"""


@pytest.fixture
def root(tmp_path):
    for path, text in {
        "var/lib/dpkg/status": STATUS,
        "usr/share/doc/nginx-light/copyright": COPYRIGHT,
        "opt/hub/lib/python3.13/site-packages/Foo_Bar-2.dist-info/METADATA": "Name: Foo_Bar\nVersion: 2\n"
        "Classifier: License :: OSI Approved :: MIT License\n\nLicense: none\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def read(root):
    hashes = {"nginx-light_1.26.3-3+deb13u11": "ab" * 32}
    return sbom.read_debs(root, hashes) + sbom.read_python(root / "opt/hub")


def test_the_list_has_what_is_installed_with_version_hash_and_licence(root):
    assert sbom.write_list(read(root)).splitlines() == [
        f"deb nginx-light=1.26.3-3+deb13u11 {'ab' * 32} BSD-2-Clause AND GPL-2.0-or-later AND MIT",
        "pypi foo-bar=2 - MIT",
    ]


def test_spdx_names_each_package_once_and_every_licence_of_its_own(root):
    packages = [*read(root), sbom.Package("deb", "odd", "1", "LicenseRef-odd AND MIT")]
    document = json.loads(sbom.write_spdx(packages, name="hub-7", epoch=1_800_000_000))
    assert document["spdxVersion"] == "SPDX-2.3"
    assert document["creationInfo"]["created"] == "2027-01-15T08:00:00Z"
    identifiers = [package["SPDXID"] for package in document["packages"]]
    assert len(set(identifiers)) == len(identifiers) == 3
    assert [each["relatedSpdxElement"] for each in document["relationships"]] == identifiers
    assert [each["licenseId"] for each in document["hasExtractedLicensingInfos"]] == ["LicenseRef-odd"]
    by_name = {package["name"]: package for package in document["packages"]}
    assert by_name["nginx-light"]["checksums"][0]["checksumValue"] == "ab" * 32
    assert by_name["nginx-light"]["externalRefs"][0]["referenceLocator"] == (
        "pkg:deb/debian/nginx-light@1.26.3-3%2Bdeb13u11?arch=all"
    )


def test_two_lists_of_the_same_are_the_same(root):
    packages = read(root)
    backwards = list(reversed(packages))
    assert sbom.write_spdx(packages, name="x", epoch=1) == sbom.write_spdx(backwards, name="x", epoch=1)


@pytest.mark.parametrize(
    ("name", "spdx"),
    [
        ("GPL-2+", "GPL-2.0-or-later"),
        ("Expat", "MIT"),
        ("MIT", "MIT"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("Broadcom (firmware)", "LicenseRef-Broadcom-firmware"),
        ("***", "LicenseRef-unnamed"),
    ],
)
def test_licences_have_their_spdx_names(name, spdx):
    assert licences.to_spdx(name) == spdx


def test_an_old_copyright_file_claims_nothing():
    assert (
        licences.of_copyright("This package was put together by hand.\nLicense: see below") == "NOASSERTION"
    )


def make_entry(tmp_path, **changes):
    image, packed = tmp_path / "hub.img", tmp_path / "hub.img.xz"
    image.write_bytes(bytes(1024))
    packed.write_bytes(b"packed")
    document = json.loads(oslist.make_os_list(image, packed, version="7", epoch=1_800_000_000))
    document["os_list"][0].update(changes)
    return document


def test_imager_finds_all_that_it_needs_and_the_right_hashes(tmp_path):
    document = make_entry(tmp_path)
    entry = document["os_list"][0]
    assert oslist.find_faults(document) == []
    assert entry["extract_sha256"] == hashlib.sha256(bytes(1024)).hexdigest()
    assert entry["image_download_sha256"] == hashlib.sha256(b"packed").hexdigest()
    assert (entry["extract_size"], entry["image_download_size"]) == (1024, 6)
    assert entry["init_format"] == "none", "anything else and Imager writes settings of its own"
    assert entry["release_date"] == "2027-01-15"
    assert not {"pi5-64bit", "pi5"} & set(entry["devices"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": ""}, "no url"),
        ({"devices": []}, "no devices"),
        ({"extract_sha256": "12"}, "no SHA-256"),
        ({"extract_size": 1000}, "multiple of 512"),
        ({"init_format": "cloud"}, "init_format"),
    ],
)
def test_what_imager_refuses_is_named(tmp_path, changes, words):
    assert any(words in fault for fault in oslist.find_faults(make_entry(tmp_path, **changes)))


def test_debian_is_fetched_from_the_mirror_that_this_machine_uses():
    lines = sources("mirror/debian", "mirror/security")
    assert [line.split()[1:3] for line in lines] == [
        ["mirror/debian", "trixie"],
        ["mirror/debian", "trixie-updates"],
        ["mirror/security", "trixie-security"],
    ]
    assert all(line.endswith("main non-free-firmware") for line in lines)
