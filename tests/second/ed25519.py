"""Keys and signatures: format.md, "Keys and fingerprints" and "Signatures"."""

import base64
import hashlib
import struct

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def digest(data):
    """BLAKE2b with 256 bits: format.md, "Digests"."""
    return "blake2b=" + hashlib.blake2b(data, digest_size=32).hexdigest()


# The group of RFC 8032, in extended coordinates.

def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def double(p):
    a = p[0] * p[0] % P
    b = p[1] * p[1] % P
    h = a + b
    e = h - (p[0] + p[1]) ** 2 % P
    g = a - b
    f = 2 * p[2] * p[2] % P + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def negate(p):
    return (P - p[0], p[1], p[2], P - p[3])


def compress(p):
    z = pow(p[2], P - 2, P)
    x, y = p[0] * z % P, p[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decompress(data):
    """The point, or None where the bytes are none or not its canonical form."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * ROOT_OF_MINUS_ONE % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def has_small_order(p):
    p = double(double(double(p)))
    return p[0] % P == 0 and (p[1] - p[2]) % P == 0


def table(p):
    """The multiples of a point from 0 to 15."""
    entries = [NEUTRAL]
    for _ in range(15):
        entries.append(add(entries[-1], p))
    return entries


BASE = table(decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")))
TABLES = {}


def usable_point(data):
    """V0.4: on the curve, canonical, and not of small order. None otherwise."""
    if data not in TABLES:
        point = decompress(data)
        usable = point is not None and not has_small_order(point)
        TABLES[data] = table(negate(point)) if usable else None
    return TABLES[data]


def verify_strict(public, message, signature):
    """RFC 8032 with the strictness of format.md: "Checking is strict"."""
    minus_key = usable_point(public)
    r, s = signature[:32], int.from_bytes(signature[32:64], "little")
    if minus_key is None or s >= ORDER:
        return False
    hashed = hashlib.sha512(r + public + message).digest()
    k = int.from_bytes(hashed, "little") % ORDER
    total = NEUTRAL
    for shift in range(252, -4, -4):
        total = double(double(double(double(total))))
        total = add(total, BASE[s >> shift & 15])
        total = add(total, minus_key[k >> shift & 15])
    return compress(total) == r and not has_small_order(total)


# Keys as OpenSSH writes them.

class Key:
    """One public key: its kind, its point, and the application of a hardware key."""

    def __init__(self, text):
        """Raises ValueError where the text is not the one form of a key."""
        kind, _, encoded = text.partition(" ")
        wire = canonical_base64(encoded)
        parts = wire_strings(wire)
        hardware = kind == "sk-ssh-ed25519@openssh.com"
        if kind != "ssh-ed25519" and not hardware:
            raise ValueError("another kind of key")
        if len(parts) != (3 if hardware else 2) or parts[0] != kind.encode():
            raise ValueError("another wire format")
        if len(parts[1]) != 32:
            raise ValueError("a point of another length")
        self.application = parts[2] if hardware else None
        if hardware and not (self.application.startswith(b"ssh:") and len(self.application) <= 64
                             and all(0x21 <= byte <= 0x7E for byte in self.application)):
            raise ValueError("an application that is not allowed")
        self.text, self.public, self.wire = text, parts[1], wire
        self.fingerprint = digest(wire)

    def is_usable(self):
        return usable_point(self.public) is not None


def canonical_base64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 text in another form")
    return data


def wire_strings(wire):
    parts = []
    while wire:
        if len(wire) < 4:
            raise ValueError("a length that is cut off")
        (length,) = struct.unpack(">I", wire[:4])
        if length > len(wire) - 4:
            raise ValueError("a string that is cut off")
        parts.append(wire[4:4 + length])
        wire = wire[4 + length:]
    return parts


def ssh_string(data):
    return struct.pack(">I", len(data)) + data


def ssh_message(namespace, message):
    """The byte string that is signed: OpenSSH's PROTOCOL.sshsig."""
    return (b"SSHSIG" + ssh_string(namespace.encode()) + ssh_string(b"") + ssh_string(b"sha512")
            + ssh_string(hashlib.sha512(message).digest()))


VERIFIED = {}


def verify_ssh(key, namespace, message, signature):
    """Whether a signature as it stands in a file verifies. Asks for each one once."""
    asked = (key.wire, namespace, hashlib.sha512(message).digest(), signature)
    if asked not in VERIFIED:
        VERIFIED[asked] = verify_ssh_anew(key, namespace, message, signature)
    return VERIFIED[asked]


def verify_ssh_anew(key, namespace, message, signature):
    signed = ssh_message(namespace, message)
    if key.application is None:
        return len(signature) == 64 and verify_strict(key.public, signed, signature)
    if len(signature) != 69 or not signature[64] & 1:
        return False
    signed = (hashlib.sha256(key.application).digest() + signature[64:]
              + hashlib.sha256(signed).digest())
    return verify_strict(key.public, signed, signature[:64])
