"""The bill of materials names every wheel, with its licence, its hash and what it needs."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from deploy.sbom import sbom


def wheel(folder: Path, name: str, *lines: str) -> Path:
    file = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    said = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines, "", "What it is."])
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr(f"{name.replace('-', '_')}-1.0.dist-info/METADATA", said)
    return file


def test_every_wheel_is_in_it_with_licence_hash_and_needs(tmp_path: Path) -> None:
    wheel(tmp_path, "huiying", "License-Expression: Apache-2.0", "Requires-Dist: Some.Lib>=2; python_version > '3'",
          "Requires-Dist: not-there ; extra == 'dev'")  # fmt: skip
    lib = wheel(tmp_path, "some-lib", "Classifier: License :: OSI Approved :: MIT License")
    wheel(tmp_path, "free-text", "License: as you like\n  and more")
    made = json.loads(sbom(tmp_path))
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["name"] == "huiying"
    by_name = {component["name"]: component for component in made["components"]}
    assert set(by_name) == {"some-lib", "free-text"}
    some = by_name["some-lib"]
    assert some["purl"] == "pkg:pypi/some-lib@1.0"
    assert some["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(lib.read_bytes()).hexdigest()}]
    assert "MIT" in json.dumps(some["licenses"])
    needs = {each["ref"]: each.get("dependsOn", []) for each in made["dependencies"]}
    assert needs["pkg:pypi/huiying@1.0"] == ["pkg:pypi/some-lib@1.0"]


def test_a_folder_without_our_own_wheel_is_no_bundle(tmp_path: Path) -> None:
    wheel(tmp_path, "some-lib")
    with pytest.raises(SystemExit, match="no wheel of huiying"):
        sbom(tmp_path)
