"""The bill of materials (SBOM) of a bundle: CycloneDX 1.6 as JSON, out of the wheels themselves.

    python -m deploy.sbom WHEELS OUT.json     any folder of wheels; `make bundle` writes it into the bundle

Each component with its version, licence as its own metadata states it, SHA-256 of the wheel and package URL, and which
needs which. Whoever must answer "are we affected?" asks this file, with the network off.
"""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT_NAME = "huiying"


@dataclass(frozen=True, slots=True)
class Wheel:
    """What a wheel says of itself."""

    name: str
    version: str
    licence: str
    needs: frozenset[str]
    sha256: str


def read(path: Path) -> Wheel:
    """SystemExit when the wheel has no metadata."""
    with zipfile.ZipFile(path) as parts:
        named = [name for name in parts.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        if len(named) != 1:
            sys.exit(f"{path.name}: no METADATA")
        said = HeaderParser().parsestr(parts.read(named[0]).decode("utf-8"))
    needs = (
        _canonical(re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0]) for need in said.get_all("Requires-Dist", [])
    )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Wheel(_canonical(said["Name"]), said["Version"], _licence(said), frozenset(needs), digest)


def sbom(wheels: Path) -> str:
    """The bill of all wheels in the folder; SystemExit when our own is not among them."""
    found = {wheel.name: wheel for wheel in map(read, sorted(wheels.glob("*.whl")))}
    if ROOT_NAME not in found:
        sys.exit(f"{wheels}: no wheel of {ROOT_NAME}")
    components = {name: _component(wheel) for name, wheel in found.items()}
    bom = Bom(components=[component for name, component in components.items() if name != ROOT_NAME])
    bom.metadata.component = components[ROOT_NAME]
    for name, wheel in found.items():
        bom.register_dependency(components[name], [components[need] for need in sorted(wheel.needs & found.keys())])
    return str(JsonV1Dot6(bom).output_as_string(indent=1))


def _component(wheel: Wheel) -> Component:
    url = PackageURL("pypi", None, wheel.name, wheel.version)
    return Component(
        name=wheel.name,
        version=wheel.version,
        type=ComponentType.APPLICATION if wheel.name == ROOT_NAME else ComponentType.LIBRARY,
        bom_ref=url.to_string(),
        purl=url,
        licenses=[LicenseFactory().make_from_string(wheel.licence)] if wheel.licence else [],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
    )


def _licence(said: Message) -> str:
    """The expression, else the classifiers' names, else the first line of the free text."""
    if said["License-Expression"]:
        return str(said["License-Expression"])
    classified = [
        each.rsplit(" :: ", 1)[-1] for each in said.get_all("Classifier", []) if each.startswith("License :: ")
    ]
    free = (said["License"] or "").strip().splitlines()
    return " / ".join(classified) or (free[0][:100] if free else "")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(sbom(Path(sys.argv[1])) + "\n", encoding="utf-8")
