"""Pages a second on learned sites against trafilatura on the same pages, in one run; and reading whole pages.

    python -m benchmarks.extraction --data DIR [--rounds 20]

DIR holds gold.jsonl and the saved pages. Each article stands for its site: three readings teach its places, then it is
read again and again. Times are CPU seconds of one process. Pages whose places cannot be learned are counted, not timed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from crawlers.extraction.extract import extract
from crawlers.extraction.site_places import SitePlaces

READ = ("按本站学到的位置读出",)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--rounds", type=int, default=20)
    options = arguments.parse_args()
    rows = [json.loads(line) for line in (options.data / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    pages = [(options.data / row["file"]).read_bytes() for row in rows if row["is_article"]]
    places = SitePlaces()
    addresses = [f"https://site{number}.example/a/1.html" for number in range(len(pages))]
    learned = []
    for page, address in zip(pages, addresses, strict=True):
        for _ in range(3):
            extract(page, address, places=places)
        if extract(page, address, places=places).reasons == READ:
            learned.append((page, address))
    size = sum(len(page) for page, _ in learned) / len(learned)

    spent = time.process_time()
    for _ in range(options.rounds):
        for page, address in learned:
            extract(page, address, places=places)
    fast = options.rounds * len(learned) / (time.process_time() - spent)

    spent = time.process_time()
    for page, address in learned:
        extract(page, address)
    whole = len(learned) / (time.process_time() - spent)

    peer = _trafilatura([page for page, _ in learned], with_metadata=True)
    body_only = _trafilatura([page for page, _ in learned], with_metadata=False)
    sys.stdout.write(
        f"{len(learned)} of {len(pages)} articles learned, {size / 1000:.0f} kB mean; one in 50 readings is an audit (whole)\n"
        f"learned     {fast:7.1f} pages/s  {fast * size / 1e6:6.1f} MB/s\n"
        f"whole       {whole:7.1f} pages/s\n"
        f"trafilatura {peer:7.1f} pages/s  learned / trafilatura = {fast / peer:.1f}\n"
        f"  body only {body_only:7.1f} pages/s  learned / trafilatura = {fast / body_only:.1f}\n"
    )


def _trafilatura(pages: list[bytes], with_metadata: bool) -> float:
    import trafilatura

    trafilatura.extract(pages[0], with_metadata=with_metadata)  # loads its data
    spent = time.process_time()
    for page in pages:
        trafilatura.extract(page, with_metadata=with_metadata)
    return len(pages) / (time.process_time() - spent)


if __name__ == "__main__":
    main()
