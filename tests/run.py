"""`make test`: lint, types, import contract, then every test that can run here; what could not run is listed by name.

`--services` runs only the tests that need Elasticsearch or PostgreSQL, `--postgres` every test once more on PostgreSQL, `--faults`
the long form of the fault tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CHECKS = (
    ("ruff", [str(BIN / "ruff"), "check", "."]),
    ("ruff format", [str(BIN / "ruff"), "format", "--check", "."]),
    ("mypy --strict", [str(BIN / "mypy")]),
    ("import-linter", [str(BIN / "lint-imports"), "--config", "pyproject.toml"]),
)
EACH_TEST = ["-q", "-rsfE", "--durations=8", "-n", os.environ.get("HUIYING_TEST_WORKERS", "2"), "--dist", "worksteal"]


def main(arguments: list[str]) -> int:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    if "--services" in arguments:
        return _run("tests that need services", _pytest("-m", "services", *arguments[1:]), environment)
    if "--postgres" in arguments:
        return _on_postgres(arguments[1:], environment)
    if "--faults" in arguments:
        environment["HUIYING_FAULTS"] = "long"
        return _run("fault tests, long form", _pytest("tests/faults", *arguments[1:]), environment)
    for name, command in CHECKS:
        if code := _run(name, command, environment):
            return code
    return _run("tests", _pytest("-m", "not services", *arguments), environment)


def _on_postgres(arguments: list[str], environment: dict[str, str]) -> int:
    """Every test that uses a store once more, on the PostgreSQL that `make services` started."""
    from services.__main__ import running

    url = str(running().get("postgresql", {}).get("url", ""))
    if not url:
        print("── every test on PostgreSQL: NOT RUN, it is not there (make services)", flush=True)
        return 1
    command = _pytest("-m", "not services", *arguments)
    return _run("every test on PostgreSQL", command, environment | {"HUIYING_TEST_POSTGRES": url})


def _pytest(*more: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *EACH_TEST, *more]


def _run(name: str, command: list[str], environment: dict[str, str]) -> int:
    start = time.monotonic()
    print(f"── {name}", flush=True)
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    print(f"── {name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - start:.0f} s", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
