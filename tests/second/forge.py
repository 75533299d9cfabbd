"""What an attacker writes: metadata, signatures, the published form and archives, valid or not."""

import base64
import hashlib
import io
import re
import tarfile
import zlib

import metadata
import published
import state
from ed25519 import BASE, NEUTRAL, ORDER, P, add, compress, decompress, digest, double, ssh_message, ssh_string


class Signer:
    """A person with a key, which is read from an OpenSSH private key without a passphrase."""

    def __init__(self, name, private):
        lines = private.strip().split("\n")[1:-1]
        data = base64.b64decode("".join(lines))
        position = data.rindex(b"\x00\x00\x00\x0bssh-ed25519")
        fields = data[position + 15:]
        self.name, self.public, self.seed = name, fields[4:36], fields[40:72]
        encoded = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + self.public).decode()
        self.text = "ssh-ed25519 " + encoded
        self.fingerprint = digest(base64.b64decode(encoded))

    def sign(self, namespace, message):
        return base64.b64encode(self.sign_bytes(ssh_message(namespace, message))).decode()

    def sign_bytes(self, signed, more=None):
        """RFC 8032; with another point in what commits to the nonce, the equation holds with the cofactor alone."""
        hashed = hashlib.sha512(self.seed).digest()
        scalar = (int.from_bytes(hashed[:32], "little") & (1 << 254) - 8) | 1 << 254
        nonce = int.from_bytes(hashlib.sha512(hashed[32:] + signed).digest(), "little") % ORDER
        r = compress(add(times_base(nonce), more) if more else times_base(nonce))
        k = int.from_bytes(hashlib.sha512(r + self.public + signed).digest(), "little") % ORDER
        return r + ((nonce + k * scalar) % ORDER).to_bytes(32, "little")


class Odd:
    """A signer whose key or signature is not what an honest one makes: format.md, "Checking is strict"."""

    def __init__(self, signer, how, public=None):
        self.name, self.how, self.signer = signer.name, how, signer
        wire = b"\0\0\0\x0bssh-ed25519\0\0\0 " + (public or signer.public)
        kind = "ssh-ed25519"
        if how.startswith("hardware"):
            application = {"hardware-other": b"web:x", "hardware-long": b"ssh:" + b"x" * 61}.get(how, b"ssh:")
            kind = "sk-ssh-ed25519@openssh.com"
            wire = (ssh_string(kind.encode()) + ssh_string(signer.public) + ssh_string(application))
            self.application = application
        self.text = kind + " " + base64.b64encode(wire).decode()
        self.fingerprint = digest(wire)

    def sign(self, namespace, message):
        signed = ssh_message(namespace, message)
        if self.how == "weak":  # under a key of small order this is a signature of anything
            return base64.b64encode(compress(times_base(7)) + (7).to_bytes(32, "little")).decode()
        if self.how.startswith("hardware"):
            rest = bytes([{"hardware-absent": 4}.get(self.how, 5)]) + b"\0\0\0\7"
            signed = hashlib.sha256(self.application).digest() + rest + hashlib.sha256(signed).digest()
            made = self.signer.sign_bytes(signed)
            return base64.b64encode(made if self.how == "hardware-short" else made + rest).decode()
        made = self.signer.sign_bytes(signed, TORSION if self.how == "torsion" else None)
        scalar = int.from_bytes(made[32:], "little")
        if self.how == "malleable":
            made = made[:32] + (scalar + ORDER).to_bytes(32, "little")
        if self.how == "longer":
            made += b"\1\0\0\0\0"
        if self.how == "other-namespace":
            made = self.signer.sign_bytes(ssh_message("conex-other-v1", message))
        return base64.b64encode(made).decode()


TORSION = decompress((P - 1).to_bytes(32, "little"))  # the point of order 2
ODD_KEYS = {
    "identity": (1).to_bytes(32, "little"), "order-2": (P - 1).to_bytes(32, "little"), "order-4": bytes(32),
    "identity-again": (P + 1).to_bytes(32, "little"), "identity-sign": ((1 << 255) + 1).to_bytes(32, "little"),
    "order-8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    "not-on-the-curve": (2).to_bytes(32, "little"), "beyond-p": b"\xff" * 32,
}
ODD_SIGNERS = ("weak", "malleable", "torsion", "longer", "other-namespace", "hardware", "hardware-absent", "hardware-short",
               "hardware-other", "hardware-long")


def times_base(scalar):
    total = NEUTRAL
    for shift in range(252, -4, -4):
        total = double(double(double(double(total))))
        total = add(total, BASE[scalar >> shift & 15])
    return total


def fields_of(data):
    """The fields of a file, in order, without its check line and signatures."""
    return {name: value for name, value in metadata.read_fields(data) if name not in ("check", "signatures")}


def write(fields, namespace=None, signers=(), signatures=()):
    """A file of these fields, with the check line and signatures that its type has."""
    text = "".join(metadata.print_field(name, value) for name, value in fields.items())
    if fields.get("type") != "index":
        text += metadata.print_field("check", metadata.check_of(text.encode()))
    if namespace:
        made = [(signer.fingerprint, signer.sign(namespace, text.encode())) for signer in signers]
        text += metadata.print_field("signatures", made + list(signatures))
    return text.encode()


def segment(identity, signer, entries, name=None):
    fields = {"format": 1, "type": "index", "repository": identity, "id": name or signer.name,
              "created": "2026-11-24T14:00:00Z", "entries": entries}
    data = write(fields, "conex-index-v1", [signer])
    return segment_path(name or signer.name, data), data


def segment_path(name, data):
    return f"packages/.conex/index/{name}/{metadata.check_of(data)}/index"


def entry_of(path, data):
    """The entry of a segment that vouches for a file."""
    kind, name, epoch, counter = state.version_at(path, data)
    return (kind, name, epoch, counter, digest(data))


def snapshot(files, signer, changes=None):
    """The snapshot that a notary makes of a tree, on top of the one that is there."""
    fields = fields_of(files[state.SNAPSHOT])
    stated = state.state_of(TreeOf(files))
    for name, value in stated.items():
        fields[name] = list(value.items()) if isinstance(value, dict) else value
    fields["counter"] += 1
    fields.update(changes or {})
    return write(fields, "conex-snapshot-v1", [signer])


class TreeOf:
    def __init__(self, files):
        self.files = files


# The published form: format.md, "The published form".

def publish(files):
    """Brings a tree into the published form. What cannot be shortened stays in full."""
    bundles = {bundle: [] for bundle in published.ALL_BUNDLES}
    versions = {version[:2]: (version[2], version[3], digest(data)) for path, data in files.items()
                for version in [state.version_at(path, data)] if version}
    found = {}
    for path, data in files.items():
        match = re.fullmatch(r"(packages/\.conex/index/([^/]+)/)[^/]+/index", path)
        short = match.group(1) + "index" if match else path
        bundle = published.bundle_of(short)
        if bundle is None:
            found[path] = data
            continue
        bundles[bundle].append((short, path, shorten(path, data, files, versions)))
    for bundle, parts in bundles.items():
        text = f"conex-bundle 1 {bundle}\n".encode()
        for short, _, data in sorted(parts):
            text += b"%s %d\n" % (short.encode(), len(data)) + data
        found[published.BUNDLES + bundle] = text
    if state.SNAPSHOT in found:
        found[state.SNAPSHOT] = shorten_snapshot(found[state.SNAPSHOT], files)
    return found


def without_check_line(data):
    return re.sub(rb'(?m)^check: "[0-9a-f]{16}"\n', b"", data, count=1)


def shorten(path, data, files, versions):
    if path.endswith("/checksum"):
        def line(match):
            real = files.get(path[:-len("checksum")] + match.group(1).decode())
            fits = real is not None and match.group(0).endswith(b' %d "%s"]' % (len(real), digest(real).encode()))
            return match.group(0)[:-76] + b" =" + match.group(2)[:8] + b"]" if fits else match.group(0)
        data = re.sub(rb'(?m)^  \["([^"]+)" [0-9]+ "blake2b=([0-9a-f]{64})"\]', line, data)
    if "/.conex/index/" in path:
        def entry(match):
            kind, name, epoch, counter, found = (part.decode() for part in match.groups())
            same = versions.get((kind, name)) == (int(epoch), int(counter), found)
            return match.group(0)[:-76] + b" =]" if same else match.group(0)
        return re.sub(rb'(?m)^  \["(\w+)" "([^"]+)" ([0-9]+) ([0-9]+) "(blake2b=[0-9a-f]{64})"\]', entry, data)
    return without_check_line(data)


def shorten_snapshot(data, files):
    stated = state.state_of(TreeOf(files))
    for field in ("janitors", "ids", "approved", "strays"):
        line = f'{field}: "{stated[field]}"'.encode()
        data = data.replace(line, line[:-74] + b"=" + line[-65:-57])
    for name, real in [*stated["indexes"].items(), *stated["packages"].items()]:
        line = f'  ["{name}" "{real}"]'.encode()
        data = data.replace(line, line[:-76] + b" =" + line[-66:-58] + b"]")
    return without_check_line(data)


# Archives.

def archive(files, directories=(), level=1):
    """A .tar.gz of a tree, as most writers make one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, data in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        for path in directories:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
    return pack(out.getvalue(), level)


def pack(data, level=1):
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()
