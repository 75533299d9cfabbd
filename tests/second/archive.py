"""Reading an archive: V0.7, and hook.md, D12."""

import re
import zlib

MIB = 1 << 20
# format.md, "Limits"
MOST_PATH, MOST_COMPONENT, MOST_DEPTH = 255, 100, 16
MOST_FILE, MOST_BYTES, MOST_ENTRIES = 64 * MIB, 256 * MIB, 500_000


def parents(path):
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


class Refused(Exception):
    """What ends the reading: nothing is judged then."""

    def __init__(self, rule, code, where, text):
        super().__init__(text)
        self.finding = (rule, code, where, text)


def name_problem(path):
    try:
        data = path.encode()
    except UnicodeEncodeError:
        return "a name that is not UTF-8"
    if len(data) > MOST_PATH or len(path.rsplit("/", 1)[-1].encode()) > MOST_COMPONENT:
        return "a name that is too long"
    return None


def read(place, tree, findings):
    try:
        with open(place, "rb") as file:
            packed = file.read()
    except OSError:
        raise Refused("V0.1", "E001", "", "it cannot be read") from None
    tree.is_archive = True
    try:
        for path, is_directory, data in entries_of(unpack(packed)):
            add_entry(tree, path, is_directory, data)
    except Refused as refused:
        findings.error(*refused.finding)
        tree.whole = False
    return tree


def unpack(packed):
    """V0.7: one intact gzip member. The limits hold while it is read."""
    most = max(32 * MIB, 100 * len(packed))
    if len(packed) < 4 or packed[3] & ~0x09:  # its header has at most a name
        raise Refused("V0.7", "E080", "", "no gzip member with a plain header")
    reader = zlib.decompressobj(31)
    try:
        data = reader.decompress(packed, most + 1)
        if len(data) <= most:
            data += reader.flush()
    except zlib.error:
        raise Refused("V0.7", "E080", "", "no intact gzip member") from None
    if len(data) > most:
        raise Refused("V0.7", "E083", "", "it unpacks to too much")
    if not reader.eof or reader.unused_data:
        raise Refused("V0.7", "E080", "", "cut off, or something follows the gzip member")
    return data


def entries_of(data):
    """The path, whether it is a directory, and the content of each entry."""
    at, long_name, first = 0, None, True
    while True:
        header = data[at:at + 512]
        if len(header) < 512:
            raise tar_error("an end that is missing")
        if not any(header):
            if any(data[at:]) or len(data) - at < 1024 or len(data) % 512 or long_name:
                raise tar_error("an end in another form")
            return
        size = check_header(header)
        content, end = data[at + 512:at + 512 + size], at + 512 + (size + 511) // 512 * 512
        if len(data) < end or any(data[at + 512 + size:end]):
            raise tar_error("a content that is cut off, or not padded with zeros")
        at, kind = end, header[156:157]
        if kind == b"g" and first:
            if [key for key, _ in pax_records(content)] != [b"comment"]:
                raise tar_error("a global PAX record that somebody may act on")
        elif kind in (b"x", b"L") and long_name is None:
            if kind == b"L" and text_field(header[0:100]) != b"././@LongLink":
                raise tar_error("a long name in another form")
            long_name = pax_name(content) if kind == b"x" else LongName(content)
        elif kind in (b"0", b"\0", b"5"):
            name = name_of(header, long_name)
            yield canonical_name(name, kind == b"5", size), kind == b"5", content
            long_name = None
        else:
            raise tar_error("an entry of another type")
        first = False


class LongName:
    """A name that stands before its entry: in GNU's form, or None in a PAX header without `path`."""

    def __init__(self, content):
        self.name = content[:-1]
        if not self.name or b"\0" in self.name or content[-1:] != b"\0":
            raise tar_error("a long name in another form")


def pax_name(content):
    found = LongName(b"x\0")
    found.name = None
    for key, value in pax_records(content):
        if key == b"path" and found.name is None and value and b"\0" not in value:
            found.name = value
        elif key in (b"uid", b"gid") and re.fullmatch(b"[0-9]+", value) and int(value) < 1 << 32:
            pass
        elif key in (b"mtime", b"atime", b"ctime") and re.fullmatch(rb"-?[0-9]{1,18}(\.[0-9]*)?", value):
            pass
        elif key not in (b"uname", b"gname"):
            raise tar_error("a PAX record that somebody may act on")
    return found


def name_of(header, long_name):
    name = text_field(header[0:100])
    if long_name and long_name.name is not None and not long_name.name.startswith(name):
        raise tar_error("no start of the long name before it")
    if long_name and long_name.name is not None:
        return long_name.name
    prefix = text_field(header[345:500])
    return prefix + b"/" + name if prefix else name


def tar_error(text):
    return Refused("V0.7", "E081", "", text)


def check_header(header):
    """Checks the fields of a header that has to be plain, and gives the size that it says."""
    gnu = header[257:265] == b"ustar  \0"
    if not gnu and header[257:265] != b"ustar\x0000":
        raise tar_error("another format of headers")
    if number(header[148:156]) != sum(header) - sum(header[148:156]) + 8 * 0x20:
        raise tar_error("a header with a wrong sum")
    number(header[100:108])  # the mode
    number(header[136:148])  # the time
    for field in (header[108:116], header[116:124], header[329:337], header[337:345]):  # owner, group, device
        if field[0] == 0x80 and any(field[1:4]):
            raise tar_error("a number of more than 32 bits")
        if field[0] != 0x80 and field.strip(b" \0"):
            number(field)
    if any(header[157:257]) or any(header[500:]) or (gnu and any(header[345:500])):
        raise tar_error("something in the name of a link, or in the padding")
    return number(header[124:136])


def number(field):
    match = re.fullmatch(rb" *([0-7]+)[ \0]*", field)
    if not match:
        raise tar_error("a number in another form")
    return int(match.group(1), 8)


def text_field(field):
    text, _, rest = field.partition(b"\0")
    if any(rest):
        raise tar_error("a name with something behind its end")
    return text


def pax_records(content):
    records = []
    while content:
        match = re.match(rb"([1-9][0-9]{0,9}) ([^=]+)=", content)
        length = int(match.group(1)) if match else 0
        if not match or not match.end() < length <= len(content) or content[length - 1:length] != b"\n":
            raise tar_error("a PAX record in another form")
        records.append((match.group(2), content[match.end():length - 1]))
        content = content[length:]
    if not records:
        raise tar_error("a PAX header without a record")
    return records


def canonical_name(data, is_directory, size):
    """The path of an entry; empty for the root, which `.` stands for."""
    if is_directory and size:
        raise tar_error("a directory with content")
    try:
        path = data.decode()
    except UnicodeDecodeError:
        raise Refused("V0.7", "E082", "", "a name that is not UTF-8") from None
    if is_directory:
        path = path.removesuffix("/")
        if path == ".":
            return ""
    path = path.removeprefix("./")
    if "\\" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise Refused("V0.7", "E082", path, "a name that is not canonical")
    return path


def add_entry(tree, path, is_directory, data):
    if path in tree.named:
        raise Refused("V0.7", "E082", path, "a name that stands twice")
    if any(parent in tree.files for parent in parents(path)):
        raise Refused("V0.7", "E082", path, "a file with something below it")
    if not is_directory and path in tree.directories:
        raise Refused("V0.7", "E082", path, "a file and a directory of one name")
    tree.named.add(path)
    if not path:
        return
    problem = name_problem(path)
    if problem or len(data) > MOST_FILE or path.count("/") > MOST_DEPTH:
        raise Refused("V0.7", "E083", path, problem or "a limit")
    if is_directory:
        tree.directories.add(path)
    else:
        tree.files[path] = data
    tree.directories.update(parents(path))


