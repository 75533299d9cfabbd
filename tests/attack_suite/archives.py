"""Archives that are no honest ones. Each line of the file `archive` of a case changes the one of its tree:

    append PATH TYPE SIZE   one more entry at the end, with SIZE bytes on the lines below and a line feed
    type PATH C             the type of an entry
    name PATH OTHER         its name
    link PATH TARGET        what it links to
    mode PATH OCTAL
    header PATH AT HEX      bytes of its header; the sum is made right again
    sum PATH                a wrong sum
    pax PATH TEXT           a PAX header before it, with the record TEXT
    gnu-name PATH NAME      a long name of GNU tar before it
    end N                   N zero blocks at the end, in place of two
    behind HEX              bytes after the end of the tar
    cut N                   so many bytes less of the gzip
    flip N                  another byte N of the gzip, from its end
    member                  a second member of gzip
    after HEX               bytes after the gzip
    plain                   no gzip at all
"""

import gzip

from .trees import unescape

BLOCK = 512
FIELDS = {"name": (0, 100), "mode": (100, 8), "type": (156, 1), "link": (157, 100)}


def header(path: str, size: int, kind=b"0") -> bytearray:
    block = bytearray(BLOCK)
    block[0 : len(path)] = path.encode()
    block[100:108] = block[108:116] = block[116:124] = b"0000640\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % 0
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    return summed(block)


def summed(block: bytearray) -> bytearray:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return block


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)


def entries(tar: bytes):
    """Header and content of each entry."""
    at, found = 0, []
    while any(tar[at : at + BLOCK]):
        block = bytearray(tar[at : at + BLOCK])
        length = BLOCK + len(padded(bytes(int(block[124:135], 8))))
        found.append([block, tar[at + BLOCK : at + length]])
        at += length
    return found


def pax(text: str) -> bytes:
    record = f" {text}\n".encode()
    size = len(record) + 1
    while len(str(size)) + len(record) != size:
        size += 1
    return b"%d%s" % (size, record)


def changed(archive: bytes, recipe: bytes) -> bytes:
    """The archive after all lines of the recipe."""
    all_entries = entries(gzip.decompress(archive))
    end, behind, outer = 2, b"", []
    at = 0
    while at < len(recipe):
        stop = recipe.index(b"\n", at)
        verb, *words = recipe[at:stop].decode().split(" ")
        at = stop + 1
        path = unescape(words[0]) if words else ""
        here = next((n for n, (block, _) in enumerate(all_entries) if block[:100].rstrip(b"\0") == path.encode()), None)
        if verb == "append":
            size = int(words[2])
            content = recipe[at : at + size]
            at += size + 1
            all_entries.append([header(path, size, words[1].encode()), padded(content)])
        elif verb == "end":
            end = int(words[0])
        elif verb == "behind":
            behind += bytes.fromhex(words[0])
        elif verb in ("cut", "flip", "member", "after", "plain"):
            outer.append((verb, words))
        elif here is None:
            raise ValueError(f"no entry {path}")
        elif verb == "sum":
            all_entries[here][0][148] ^= 1
        elif verb == "pax":
            content = pax(" ".join(words[1:]))
            all_entries.insert(here, [header("PaxHeaders/x", len(content), b"x"), padded(content)])
        elif verb == "gnu-name":
            content = unescape(words[1]).encode() + b"\0"
            all_entries.insert(here, [header("././@LongLink", len(content), b"L"), padded(content)])
        elif verb == "header":
            start, content = int(words[1]), bytes.fromhex(words[2])
            all_entries[here][0][start : start + len(content)] = content
            summed(all_entries[here][0])
        else:
            start, length = FIELDS[verb]
            content = unescape(words[1]).encode().ljust(length, b"\0")
            all_entries[here][0][start : start + length] = content[:length]
            summed(all_entries[here][0])
    tar = b"".join(bytes(block) + content for block, content in all_entries) + bytes(BLOCK * end) + behind
    out = gzip.compress(tar, 1, mtime=0)
    for verb, words in outer:
        if verb == "cut":
            out = out[: -int(words[0])]
        elif verb == "flip":
            place = len(out) - 1 - int(words[0])
            out = out[:place] + bytes([out[place] ^ 1]) + out[place + 1 :]
        elif verb == "member":
            out += gzip.compress(b"", mtime=0)
        elif verb == "after":
            out += bytes.fromhex(words[0])
        else:
            out = tar
    return out
