"""Trees of a case: small texts that say what is written, and where.

A text starts with `from NAME`, the tree that it changes (`from nothing` for an empty one). Then come, one after the
other:

    write PATH SIZE       and on the lines below SIZE bytes and a line feed
    fill PATH SIZE HEX    SIZE times the byte HEX
    remove PATH           a file, or whatever is there
    directory PATH        an empty directory
    symlink PATH TARGET
    hardlink PATH OTHER   a second name of the file OTHER
    fifo PATH
    mode PATH OCTAL

In a path and a target, a byte that is no printable ASCII, a blank and `%` are `%` and two hex digits.
"""

import gzip
import io
import os
import re
import tarfile
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

PRINTABLE = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) != "%")


class Impossible(Exception):
    """A tree cannot be brought into a form."""


def escape(path: str) -> str:
    return quote_from_bytes(os.fsencode(path), safe=PRINTABLE)


def unescape(text: str) -> str:
    return os.fsdecode(unquote_to_bytes(text))


class Tree:
    """Files, and by path what is no file with a mode of its own: (kind, argument)."""

    def __init__(self, files=(), odd=()):
        self.files = dict(files)
        self.odd = dict(odd)

    def __eq__(self, other):
        return (self.files, self.odd) == (other.files, other.odd)

    def copy(self):
        return Tree(self.files, self.odd)

    def apply(self, text: bytes):
        """Changes the tree as the lines below the first one say."""
        at = text.index(b"\n") + 1
        while at < len(text):
            end = text.index(b"\n", at)
            verb, *words = text[at:end].decode().split(" ")
            at = end + 1
            path = unescape(words[0])
            if verb == "write":
                size = int(words[1])
                self.files[path] = text[at : at + size]
                self.odd.pop(path, None)
                if text[at + size : at + size + 1] != b"\n":
                    raise ValueError(f"the size of {words[0]} does not fit")
                at += size + 1
            elif verb == "fill":
                self.files[path] = bytes.fromhex(words[2]) * int(words[1])
            elif verb == "remove":
                if self.files.pop(path, None) is None and self.odd.pop(path, None) is None:
                    raise ValueError(f"there is no {words[0]} to remove")
            elif verb in ("directory", "fifo"):
                self.odd[path] = (verb, "")
            elif verb in ("symlink", "hardlink", "mode"):
                self.odd[path] = (verb, unescape(words[1]))
            else:
                raise ValueError(f"no such line: {verb}")

    def difference(self, base) -> bytes:
        """The lines that make this tree of another one."""
        out = []
        for path in sorted(set(base.files) | set(base.odd)):
            if path not in self.files and path not in self.odd:
                out.append(b"remove %s\n" % escape(path).encode())
        for path, content in sorted(self.files.items()):
            if base.files.get(path) != content:
                out.append(b"write %s %d\n%s\n" % (escape(path).encode(), len(content), content))
        for path, (kind, argument) in sorted(self.odd.items()):
            if base.odd.get(path) != (kind, argument):
                words = [kind, escape(path), escape(argument)]
                out.append(" ".join(words).rstrip().encode() + b"\n")
        return b"".join(out)

    def write(self, top: Path):
        """Makes the directory `top` hold this tree."""
        made = set()

        def place(path):
            if {"", ".", ".."} & set(path.split("/")):
                raise Impossible("no file has this name")
            target = os.path.join(top, path)
            above = os.path.dirname(target)
            if above not in made:
                os.makedirs(above, exist_ok=True)
                made.add(above)
            return target

        os.makedirs(top, exist_ok=True)
        try:
            for path, content in self.files.items():
                with open(place(path), "wb") as file:
                    file.write(content)
            for path, (kind, argument) in self.odd.items():
                target = place(path)
                if kind == "directory":
                    os.makedirs(target, exist_ok=True)
                elif kind == "symlink":
                    os.symlink(argument, target)
                elif kind == "hardlink":
                    os.link(os.path.join(top, argument), target)
                elif kind == "fifo":
                    os.mkfifo(target)
                else:
                    os.chmod(target, int(argument, 8))
        except (OSError, ValueError) as reason:
            raise Impossible(f"no file system holds this tree: {reason}") from None

    def archive(self) -> bytes:
        """The tree as opam 2.6 has it: `.tar.gz`."""
        kinds = {"directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE,
                 "hardlink": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE}
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            entries = [(path, tarfile.REGTYPE, "", content) for path, content in self.files.items()]
            for path, (kind, argument) in self.odd.items():
                if kind == "mode":
                    raise Impossible("the modes in an archive say nothing")
                entries.append((path, kinds[kind], argument, b""))
            for path, kind, argument, content in sorted(entries):
                header = tarfile.TarInfo(path)
                header.type, header.linkname, header.size = kind, argument, len(content)
                header.mode = 0o755 if kind == tarfile.DIRTYPE else 0o640
                try:
                    tar.addfile(header, io.BytesIO(content))
                except ValueError as reason:
                    raise Impossible(f"no archive holds this tree: {reason}") from None
        return gzip.compress(out.getvalue(), 1, mtime=0)


def source_of(text: bytes) -> str:
    """The tree that a text changes."""
    first = re.match(rb"from (\S+)\n", text)
    if first is None:
        raise ValueError("it does not start with `from`")
    return first[1].decode()
