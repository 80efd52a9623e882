"""`make test`: lint, types, import contract, then every test that can run here; what could not run is listed by name.

A few tests that fail beside the others are run once more, alone, and named: with real browsers, processes and servers on a
busy machine one may starve. What fails again has failed.

`--services` runs only the tests that need Elasticsearch or PostgreSQL, `--postgres` every test once more on PostgreSQL, `--faults`
the long form of the fault tests, one after the other, each saying how far it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
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
MOST_AGAIN = 5
EACH_TEST = ["-q", "-rsfE", "--durations=8", "-n", os.environ.get("HUIYING_TEST_WORKERS", "2"), "--dist", "worksteal"]


def main(arguments: list[str]) -> int:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    if "--services" in arguments:
        return _tests("tests that need services", ["-m", "services", *arguments[1:]], environment)
    if "--postgres" in arguments:
        return _on_postgres(arguments[1:], environment)
    if "--faults" in arguments:
        environment["HUIYING_FAULTS"] = "long"
        return _run("fault tests, long form", _pytest("tests/faults", "-n0", "-v", "-s", *arguments[1:]), environment)
    for name, command in CHECKS:
        if code := _run(name, command, environment):
            return code
    return _tests("tests", ["-m", "not services", *arguments], environment)


def _tests(name: str, selected: list[str], environment: dict[str, str]) -> int:
    """Run the selected tests on both cores; what failed, when it is little, once more alone."""
    with tempfile.TemporaryDirectory() as cache:
        code = _run(name, _pytest("-o", f"cache_dir={cache}", *selected), environment)
        failed = Path(cache) / "v" / "cache" / "lastfailed"
        names = list(json.loads(failed.read_text(encoding="utf-8"))) if code == 1 and failed.exists() else []
        if not 0 < len(names) <= MOST_AGAIN:
            return code
        code = _run(
            f"{name}, again and alone",
            _pytest("-o", f"cache_dir={cache}", "-n0", "--last-failed", *selected),
            environment,
        )
    for each in names if code == 0 else ():
        print(f"── failed beside other tests, passed alone: {each}", flush=True)
    return code


def _on_postgres(arguments: list[str], environment: dict[str, str]) -> int:
    """Every test that uses a store once more, on the PostgreSQL that `make services` started."""
    from services.__main__ import running

    url = str(running().get("postgresql", {}).get("url", ""))
    if not url:
        print("── every test on PostgreSQL: NOT RUN, it is not there (make services)", flush=True)
        return 1
    return _tests(
        "every test on PostgreSQL", ["-m", "not services", *arguments], environment | {"HUIYING_TEST_POSTGRES": url}
    )


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
