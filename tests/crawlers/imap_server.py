"""A mailbox on loopback that speaks as much IMAP4rev1 as reading new letters needs."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Sequence


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say("* OK ready")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            if not self._command(tag, rest):
                return

    def _command(self, tag: str, rest: str) -> bool:
        mailbox = self.server.mailbox
        verb = rest.split(" ", 1)[0].upper()
        mailbox.commands.append(rest if verb != "LOGIN" else "LOGIN …")
        if verb == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1")
        elif verb == "LOGIN":
            if rest.split(" ")[1:] != [mailbox.user, f'"{mailbox.password}"']:
                self._say(f"{tag} NO wrong password")
                return True
        elif verb in ("EXAMINE", "SELECT"):
            self._say(f"* {len(mailbox.letters)} EXISTS", "* OK [UIDVALIDITY 1]")
        elif rest.upper().startswith("UID SEARCH"):
            first = int(re.search(r"UID (\d+):", rest[10:]).group(1))
            uids = [n for n in range(1, len(mailbox.letters) + 1) if n >= min(first, len(mailbox.letters))]
            self._say("* SEARCH " + " ".join(map(str, uids)))
        elif rest.upper().startswith("UID FETCH"):
            uid = int(rest.split(" ")[2])
            letter = mailbox.letters[uid - 1]
            self.wfile.write(b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (uid, uid, len(letter), letter))
        elif verb == "LOGOUT":
            self._say("* BYE", f"{tag} OK bye")
            return False
        self._say(f"{tag} OK done")
        return True

    def _say(self, *lines: str) -> None:
        for line in lines:
            self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    mailbox: ImapMailbox


class ImapMailbox:
    """`commands` lists what was asked, so that a test can see that nothing was changed."""

    def __init__(self, letters: Sequence[bytes], user: str = "xinxiang", password: str = "chunjiang") -> None:
        self.letters = list(letters)
        self.user, self.password = user, password
        self.commands: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mailbox = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> ImapMailbox:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"imap://127.0.0.1:{self._server.server_address[1]}"
