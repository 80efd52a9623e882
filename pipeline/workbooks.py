"""Opening a spreadsheet that a stranger made (XLSX): what it unpacks to is looked at first, and no entity is resolved.

A small file can unpack to more than any memory (zip bomb), or name itself again and again (XML bomb); offices' exports of
a hundred thousand rows unpack to some tens of megabytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import openpyxl
from lxml.etree import XMLSyntaxError
from openpyxl.utils.exceptions import InvalidFileException

MOST_UNPACKED = 200 * 2**20  # bytes of all parts together
MOST_PARTS = 2_000
_TROUBLES = (InvalidFileException, BadZipFile, ParseError, XMLSyntaxError, zlib.error, KeyError, ValueError, TypeError,
             AttributeError, IndexError, OSError, EOFError, NotImplementedError)  # fmt: skip


class NotASpreadsheet(ValueError):
    """Why the file is not read, in words."""


def rows_of(path: Path) -> Iterator[tuple[Any, ...]]:
    """The values of a file's first sheet, row by row. NotASpreadsheet when it is broken, too large, or made to harm."""
    with path.open("rb") as file:
        yield from rows_in(file)


def rows_in(source: BinaryIO) -> Iterator[tuple[Any, ...]]:
    """The same of a file that is open."""
    try:
        with ZipFile(source) as parts:
            listed = parts.infolist()
        if len(listed) > MOST_PARTS or sum(part.file_size for part in listed) > MOST_UNPACKED:
            raise NotASpreadsheet(f"解开后超过 {MOST_UNPACKED // 2**20} MB")
        book = openpyxl.load_workbook(source, read_only=True, data_only=True)
        try:
            yield from book.worksheets[0].iter_rows(values_only=True)
        finally:
            book.close()
    except NotASpreadsheet:
        raise
    except _TROUBLES as error:
        raise NotASpreadsheet(
            str(error).strip().splitlines()[0][:200] if str(error).strip() else "文件已损坏"
        ) from error
