"""The offline bundle (离线安装包): everything that a machine without internet needs, in one tar file under dist/.

    python -m deploy.bundle            make it
    python -m deploy.bundle --check    make it, then install from it with the network off and use what was installed

In it: every wheel with its hash, our own wheel (without tests and benchmarks), a wheel of snownlp built here (it has none
of its own), install.sh, the systemd units, the bill of materials (sbom.cdx.json), and SHA256SUMS over all of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from deploy.sbom import sbom

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
EXTRAS = ("postgres", "scale")
UNWANTED = ("tests/", "benchmarks/", "evaluation/", "deploy/", "services/")
WANTED = ("huiying.py", "config/places.toml", "config/rules.toml", "dashboards/templates/", "pipeline/analysis/models/")

INSTALL = """#!/bin/sh
# 离线安装回应：sh install.sh [目标目录，默认 /opt/huiying]。需要 Python 3.11（含 venv），不需要网络。
set -eu
cd "$(dirname "$0")"
target=${1:-/opt/huiying}
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "需要 Python 3.11；请用 PYTHON=… 指明"; exit 1; }
sha256sum --check --quiet SHA256SUMS || { echo "安装包已损坏；请重新拷贝"; exit 1; }
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --require-hashes \\
    --find-links wheels -r requirements.txt
"$target/bin/huiying" --help >/dev/null
echo "已安装到 $target；下一步：$target/bin/huiying doctor。服务单元见 systemd/。"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="install from it with the network off, and use it")
    options = parser.parse_args(arguments)
    made = make(ROOT / "dist")
    print(f"{made}  {made.stat().st_size / 2**20:.0f} MiB")
    if options.check:
        check(made)
    return 0


def make(dist: Path) -> Path:
    """Build the bundle; its path."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    name = f"huiying-{version}-{platform.machine()}"
    dist.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist, prefix=".bundle-") as scratch:
        folder = Path(scratch) / name
        wheels = folder / "wheels"
        wheels.mkdir(parents=True)
        _run(str(BIN / "uv"), "build", "--quiet", "--wheel", "--out-dir", str(wheels), str(ROOT))
        (own,) = wheels.glob("huiying-*.whl")
        inspect(own)
        lock = Path(scratch) / "runtime.lock"
        compiled = [
            str(BIN / "uv"),
            "pip",
            "compile",
            "--quiet",
            "--generate-hashes",
            "--no-header",
            "--python-version",
            "3.11",
        ]
        compiled += [part for extra in EXTRAS for part in ("--extra", extra)]
        _run(*compiled, "--constraint", str(ROOT / "requirements.lock"), str(ROOT / "pyproject.toml"), "-o", str(lock))
        _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--require-hashes", "--wheel-dir", str(wheels), "-r", str(lock))  # fmt: skip
        lines = [_pin(wheel) for wheel in sorted(wheels.glob("*.whl"))]
        (folder / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "sbom.cdx.json").write_text(sbom(wheels) + "\n", encoding="utf-8")
        (folder / "install.sh").write_text(INSTALL, encoding="utf-8")
        (folder / "install.sh").chmod(0o755)
        shutil.copytree(ROOT / "deploy" / "systemd", folder / "systemd")
        for text in ("LICENSE", "NOTICE", "README.md"):
            shutil.copy(ROOT / text, folder / text)
        sums = [f"{_sha256(path)}  {path.relative_to(folder)}" for path in sorted(folder.rglob("*")) if path.is_file()]
        (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")
        whole = dist / f"{name}.tar"
        with tarfile.open(whole, "w") as archive:
            archive.add(folder, arcname=name)
    return whole


def inspect(wheel: Path) -> None:
    """Our wheel holds what runs and nothing that only proves it. SystemExit otherwise."""
    names = zipfile.ZipFile(wheel).namelist()
    extra = [name for name in names if name.startswith(UNWANTED)]
    missing = [wanted for wanted in WANTED if not any(name.startswith(wanted) for name in names)]
    if extra or missing:
        sys.exit(f"{wheel.name}: unwanted {extra[:3]}, missing {missing}")


def check(bundle: Path) -> None:
    """Install into an empty folder with the network off; import a message, find it. SystemExit when that fails."""
    offline = _offline()
    with tempfile.TemporaryDirectory(prefix="huiying-bundle-check-") as scratch:
        folder = Path(scratch)
        with tarfile.open(bundle) as archive:
            archive.extractall(folder, filter="data")
        (unpacked,) = folder.iterdir()
        target = folder / "installed"
        environment = {"PATH": os.environ["PATH"], "HOME": scratch, "LANG": "C.UTF-8", "PYTHON": sys.executable}
        _run(*offline, "sh", str(unpacked / "install.sh"), str(target), environment=environment, cwd=folder)
        (folder / "one.jsonl").write_text(
            json.dumps(
                {
                    "id": "m1",
                    "kind": "message",
                    "text": "柳东村拆迁补偿款没有到位",
                    "published_at": "2026-03-15T08:00:00",
                },
                ensure_ascii=False,
            )
            + "\n",
            encoding="utf-8",
        )
        environment |= {"HUIYING_DATA_DIR": str(folder / "var")}
        huiying = str(target / "bin" / "huiying")
        _run(*offline, huiying, "import", str(folder / "one.jsonl"), environment=environment, cwd=folder)
        found = _run(*offline, huiying, "search", "拆迁", "--json", environment=environment, cwd=folder)
        if json.loads(found)["total"] != 1:
            sys.exit(f"the installed program did not find its document: {found}")
    print(
        f"installed and used with the network {'off' if offline else 'NOT switched off (unshare is not allowed here)'}"
    )


def _offline() -> list[str]:
    """A prefix that runs a command without any network; nothing where that is not allowed."""
    if shutil.which("unshare") is None:
        return []
    for prefix in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0:  # noqa: S603
            return prefix
    return []


def _pin(wheel: Path) -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name.replace('_', '-')}=={version} --hash=sha256:{_sha256(wheel)}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(*command: str, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} … failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
