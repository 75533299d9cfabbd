# Other tools over the same files, with as many signatures: sourced by benches/whole. They compare digests with a list
# and verify signatures; who may sign what, and whether something is missing or older than before, they do not ask. One
# signature, over what an owner signed, is verified again and again. Where a tool is not installed, its row says so.

# other NAME COMMAND…: a row
other() {
  local name=$1; shift
  measure "directory $base/r" : "$@"
  awk -v name="$name" -v wall="$wall" -v cpu="$cpu" -v memory="$memory" -v ratio="$(ratio "$wall" "$floor_wall")" 'BEGIN {
    printf "| %s | %.0f ms | %.0f ms | %.0f MB | %s |\n", name, wall, cpu, memory * 1024 / 1e6, ratio }'
}
left_out() { echo "| $1 | left out: $2 | | | |"; }
are_there() { local tool; for tool in "$@"; do command -v "$tool" > /dev/null || return 1; done; }

part_others() {
  local others=$work/others many="for ((i = 0; i < $signatures; i++)); do"
  mkdir -p "$others/gnupg"; chmod 700 "$others/gnupg"
  (cd "$base/r" && find repo packages -type f -print0 | sort -z > "$others/files"
    xargs -0 sha256sum < "$others/files" > "$others/sha256"
    ! are_there b2sum || xargs -0 b2sum -l 256 < "$others/files" > "$others/blake2b")
  cp "$(find "$base/r/packages/.conex/index/$owner" -type f | head -n 1)" "$others/message"
  echo
  echo "| tool, with $signatures signatures | time | processor time | peak memory | time / floor |"
  echo '|---|---|---|---|---|'
  full r
  other '`conex verify`' "${command[@]}"
  if are_there minisign b2sum; then
    quietly minisign -G -W -p "$others/minisign.pub" -s "$others/minisign.key"
    quietly minisign -S -s "$others/minisign.key" -m "$others/message"
    other '`minisign`, once for each signature, and `b2sum -c`' bash -ec "cd '$base/r'; b2sum --quiet -c '$others/blake2b'
      $many minisign -V -q -p '$others/minisign.pub' -m '$others/message'; done"
  else
    left_out '`minisign` and `b2sum -c`' 'not installed'
  fi
  if are_there sqv gpg; then
    export GNUPGHOME=$others/gnupg
    quietly gpg --batch --passphrase '' --quick-gen-key somebody@example.org ed25519 sign never
    quietly gpg --batch --output "$others/keyring" --export
    quietly gpg --batch --output "$others/message.sig" --detach-sign "$others/message"
    ! are_there gpgconf || gpgconf --kill gpg-agent
    other '`sqv`, once for each signature, and `sha256sum -c`' bash -ec "cd '$base/r'; sha256sum --quiet -c '$others/sha256'
      $many sqv --keyring '$others/keyring' '$others/message.sig' '$others/message'; done"
  else
    left_out '`sqv` and `sha256sum -c`' 'not installed (it needs gpg for the signature)'
  fi
  if are_there python3 && python3 -c 'import securesystemslib.signer, cryptography' 2> "$work/out"; then
    other 'python-tuf'"'"'s securesystemslib, in one process' python3 -c '
import hashlib, sys
from securesystemslib.signer import CryptoSigner
root, sums, message, count = sys.argv[1:]
for line in open(sums):
    digest, path = line.rstrip("\n").split("  ", 1)
    with open(root + "/" + path, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == digest
signer = CryptoSigner.generate_ed25519()
message = open(message, "rb").read()
signature = signer.sign(message)
for _ in range(int(count)):
    signer.public_key.verify_signature(signature, message)
' "$base/r" "$others/sha256" "$others/message" "$signatures"
  else
    left_out "python-tuf's securesystemslib" 'not installed'
  fi
}
