"""What can be wrong with a directory or an archive besides its files. Each is a function: of the place of a
directory, which it changes; or of the bytes of a tar file, of which it gives a .tar.gz."""

import os
import zlib

import forge


def make_link(root, path):
    os.symlink("/dev/null", os.path.join(root, path))


def make_directory(root, path):
    os.makedirs(os.path.join(root, path), exist_ok=True)


DIRECTORY_EXTRAS = (
    lambda root: make_link(root, "link"), lambda root: make_link(root, "packages/uutf/link"),
    lambda root: os.mkfifo(os.path.join(root, "packages", "fifo")), lambda root: make_directory(root, "packages/empty"),
    lambda root: make_directory(root, "packages/uutf/files"), lambda root: make_directory(root, "doc/opam"),
    lambda root: make_directory(root, "packages/uutf/Opam"), lambda root: make_directory(root, ".git/opam"),
    lambda root: make_link(root, ".git"), lambda root: make_directory(root, "packages/x/y/z"),
    lambda root: make_directory(root, "compilers"), lambda root: make_directory(root, "packages/FMT"),
    lambda root: os.chmod(os.path.join(root, "packages"), 0o500),
    lambda root: os.chmod(os.path.join(root, "repo"), 0o444), lambda root: os.chmod(os.path.join(root, "repo"), 0o755),
    lambda root: os.link(os.path.join(root, "repo"), os.path.join(root, "version")),
    lambda root: make_directory(root, ".gitignore"), lambda root: make_directory(root, "packages/.conex/bundle"),
    lambda root: make_directory(root, "packages/.conex/janitors/9"),
    lambda root: make_directory(root, "packages/uutf/uutf.9/opam"), lambda root: make_directory(root, "doc\\opam"),
)


# Archives.

def change_block(data, at, text):
    return data[:at] + text + data[at + len(text):]


def with_sum(data):
    """The first header of a tar file with its sum made anew."""
    return change_block(data, 148, b"%06o\0 " % (sum(data[:148]) + sum(data[156:512]) + 8 * 0x20))


def entry(name, kind, content=b""):
    header = name.encode().ljust(100, b"\0") + b"0000755\0" + b"0000000\0" * 2 + b"%011o\0" % len(content)
    header += b"00000000000\0" + b" " * 8 + kind
    header = (header.ljust(257, b"\0") + b"ustar\x0000").ljust(512, b"\0")
    return with_sum(header) + content + b"\0" * (-len(content) % 512)


def pax(kind, *records):
    """A PAX header with these records."""
    return entry("pax", kind, b"".join(map(record, records)))


def record(text):
    body = b" " + text.encode() + b"\n"
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length += 1
    return str(length).encode() + body


def in_header(at, text):
    """Other bytes in the first header."""
    return lambda tar: forge.pack(with_sum(change_block(tar, at, text)))


def in_front(*entries):
    """Entries before all others."""
    return lambda tar: forge.pack(b"".join(entries) + tar)


def ending(change):
    return lambda tar: forge.pack(change(tar[:-(len(tar) - len(tar.rstrip(b"\0"))) // 512 * 512 or None]))


def gzip(flags, fields=b"", tail=b"", method=8):
    """A gzip member with another header or end."""
    def member(tar):
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        body = packer.compress(tar) + packer.flush()
        sums = zlib.crc32(tar).to_bytes(4, "little") + (len(tar) & 0xFFFFFFFF).to_bytes(4, "little")
        return b"\x1f\x8b" + bytes([method, flags]) + b"\0" * 5 + b"\3" + fields + body + sums + tail
    return member


X, FILE, DIRECTORY, LONG = b"x", b"0", b"5", "././@LongLink"
HEADER_SUM = (zlib.crc32(b"\x1f\x8b\x08\x02" + b"\0" * 5 + b"\3") & 0xFFFF).to_bytes(2, "little")

IN_HEADERS = (
    (0, b"./x\0"), (0, b"/x\0"), (0, b"a\\b\0"), (0, b"a\0b"), (0, b"d/" + b"x" * 98), (0, b"doc/\0" + b"\0" * 40),
    (100, b"0000444\0"), (100, b"\0" * 8), (100, b"   644 \0"), (100, b"0004755\0"), (100, b"\x80" + b"\0" * 6 + b"\1"),
    (108, b"x"), (108, b"77777777"), (108, b"\x80" + b"\0" * 6 + b"\1"), (108, b"\xff" + b"\0" * 6 + b"\1"),
    (108, b"\0" * 8), (116, b" " * 8), (116, b"000\0junk"), (116, b"000\0 \0 \0"), (116, b"\0000000\0\0"),
    (124, b"         5\0 "), (124, b"\x80" + b"\0" * 11), (124, b" " * 11 + b"\0"), (136, b"z"), (136, b"\0" * 12),
    (136, b"-0000000001\0"), (136, b"\x80" + b"\0" * 10 + b"\1"), (156, b"\0"), (156, b"1"), (156, b"2"), (156, b"7"),
    (157, b"x"), (257, b"ustar  \0"), (257, b"\0" * 8), (263, b"01"), (257, b"ustar \x000"), (265, b"root\0x"),
    (265, b"\xff" * 32), (329, b"0000001\0"), (329, b"zz\0"), (329, b" " * 8), (329, b"\x80" + b"\0" * 6 + b"\1"),
    (337, b"x"), (345, b"doc\0"), (345, b"doc/\0"), (345, b".\0"), (500, b"x"),
)
IN_FRONT = (
    (entry("doc", DIRECTORY),), (entry("doc/", DIRECTORY),), (entry("packages/", DIRECTORY),),
    (entry("doc/", DIRECTORY), entry("doc/", DIRECTORY)), (entry("packages/uutf/opam/", DIRECTORY),),
    (entry("./", DIRECTORY),), (entry(".", DIRECTORY),), (entry("./", DIRECTORY), entry("./", DIRECTORY)),
    (entry("/", DIRECTORY),), (entry("doc//", DIRECTORY),), (entry(".git/", DIRECTORY),), (entry("./doc/", DIRECTORY),),
    (entry("./doc/", DIRECTORY), entry("doc/", DIRECTORY)), (entry("doc/", DIRECTORY, b"x"),),
    (entry("doc", FILE), entry("doc/", DIRECTORY)), (entry("doc", FILE), entry("doc/a", FILE)),
    (entry("doc/a", FILE), entry("doc", FILE)), (entry("README", FILE), entry("readme", FILE)),
    (entry("a\x01b", FILE),), (entry("a b", FILE),), (entry("./doc", FILE),), (entry("././doc", FILE),),
    (entry(".//doc", FILE),), (entry("/doc", FILE),), (entry("a/../doc", FILE),), (entry("", FILE),),
    (entry(".git", FILE),), (entry("doc/.git/x", FILE),), (entry("./doc", FILE), entry("doc", FILE)),
    (entry("doc", FILE), entry("./", DIRECTORY)), (entry(LONG, b"L", b"doc\0"), entry("doc", FILE)),
    (entry(LONG, b"L", b"doc\0"), entry("do", FILE)), (entry(LONG, b"L", b"doc"), entry("doc", FILE)),
    (entry(LONG, b"L", b"d/" + b"x" * 99 + b"\0"), entry("d/" + "x" * 98, FILE)),
    (entry(LONG, b"L", b"d/" + b"x" * 60 + b"/" + b"y" * 60 + b"\0"), entry("d/" + "x" * 60 + "/" + "y" * 37, FILE)),
    (entry("x", b"L", b"doc\0"), entry("doc", FILE)), (entry(LONG, b"L", b"\0"), entry("", FILE)), (entry("x", b"K", b"doc\0"), entry("doc", FILE)),
    (entry(LONG, b"L", b"doc\0"), pax(X, "mtime=1"), entry("doc", FILE)),
    (pax(b"g", "comment=a"),), (pax(b"g", "comment=a"), pax(b"g", "comment=a")), (pax(b"g", "comment=a", "comment=b"),),
    (pax(b"g", "mtime=1"),), (pax(b"g", "path=a"),), (pax(b"g", "comment="),), (entry("doc", FILE), pax(b"g", "comment=a")),
    (pax(X),), (pax(X, "mtime=12345.67"),), (pax(X, "mtime=1", "mtime=2"),), (pax(X, "mtime="),),
    (pax(X, "atime=1x"),), (pax(X, "ctime=-1.5"),), (pax(X, "uid=1", "gid=1"),), (pax(X, "uid=4294967296"),),
    (pax(X, "uid="),), (pax(X, "gid=-1"),), (pax(X, "uname="),), (pax(X, "uname=a\0b"),), (pax(X, "foo=a"),),
    (pax(X, "size=5"),), (pax(X, "linkpath=a"),), (pax(X, "hdrcharset=BINARY"),), (pax(X, "comment=a"),),
    (pax(X, "SCHILY.xattr.a=b"),), (pax(X, "mtime=1"), pax(X, "mtime=1")), (pax(X, "mtime=1"), entry("doc/", DIRECTORY)),
    (pax(X, "path=foo"),), (pax(X, "path=a"), entry("z", FILE)), (pax(X, "path=doc/"), entry("z/", DIRECTORY)),
    (pax(X, "path=doc"), entry("z/", DIRECTORY)), (pax(X, "path="), entry("z", FILE)), (pax(X, "path=./a"), entry("z", FILE)),
    (pax(X, "path=a", "path=a"), entry("z", FILE)), (pax(X, "path=/a"), entry("z", FILE)),
    (pax(X, "path=a\0b"), entry("z", FILE)), (pax(X, "path=repo"), entry("z", FILE)),
    (entry("x", b"x", b"17 mtime=12345.67\n"),), (entry("x", b"x", b"6 a=b\n junk"),), (entry("x", b"x", b"06 a=b\n"),),
)
ENDS = (
    lambda tar: tar, lambda tar: tar + b"\0" * 512, lambda tar: tar + b"\0" * 1024, lambda tar: tar + b"\0" * 1031,
    lambda tar: tar + b"\0" * 100_352, lambda tar: tar + b"\0" * 1024 + b"x" * 512, lambda tar: tar[:len(tar) // 2],
    lambda tar: b"", lambda tar: b"\0" * 1024, lambda tar: tar[:1024] + tar, lambda tar: tar + pax(X, "mtime=1") + b"\0" * 1024,
)
ARCHIVE_EXTRAS = (
    *(in_header(at, text) for at, text in IN_HEADERS), *(in_front(*entries) for entries in IN_FRONT),
    *map(ending, ENDS), lambda tar: forge.pack(change_block(tar, 148, b"0000000")),
    lambda tar: forge.pack(change_block(tar, 148, b"%08o" % (sum(tar[:148]) + sum(tar[156:512]) + 256))),
)
GZIP_EXTRAS = (
    gzip(8, b"name\0"), gzip(8), gzip(16, b"a comment\0"), gzip(4, b"\2\0ab"), gzip(2, HEADER_SUM), gzip(2, b"\1\1"), gzip(1),
    gzip(32), gzip(0, method=7), gzip(0, tail=b"\0"), lambda tar: gzip(0)(tar) + gzip(0)(b""),
    lambda tar: gzip(0)(b"") + gzip(0)(tar), lambda tar: gzip(0)(tar)[:-1], lambda tar: b"hello", lambda tar: b"",
)
