# A root of Debian testing, with its compiler: sourced by the scripts that build there.

# testing_root: sets `root` to such a root, in CONEX_ROOT, where it is kept, or in a directory that is gone in the end
testing_root() {
  [ "$(id -u)" = 0 ] || die 'debootstrap and chroot need root'
  need debootstrap=debootstrap

  root=${CONEX_ROOT:-}
  if [ -z "$root" ]; then
    root=$(mktemp -d "${TMPDIR:-/tmp}/conex-foreign.XXXXXX")
    trap 'rm -rf --one-file-system "$root" "$root.new"' EXIT
  fi
  # Testing moves on: a root that was kept for a month is made anew.
  if [ -n "$(find "$root/made-by-conex" -mtime +30 2> /dev/null)" ]; then rm -rf --one-file-system "$root"; fi
  if [ ! -x "$root/usr/bin/cargo" ]; then
    say 'debootstrap makes a root of Debian testing'
    mkdir -p "$root"; rm -rf --one-file-system "$root.new"
    debootstrap --variant=minbase --include=cargo,rust-src,gcc,libc6-dev,ca-certificates testing "$root.new" > "$root.log" 2>&1 ||
      { tail -n 5 "$root.log" >&2; die "debootstrap failed; see $root.log"; }
    # whole, or not at all: what a killed run left is no root
    rm -f "$root.log"; touch "$root.new/made-by-conex"; rmdir "$root"; mv "$root.new" "$root"
  fi
  # Whatever this machine needs to reach the registry of crates.
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || { mkdir -p "$root${file%/*}"; cp -L "$file" "$root$file"; }
  done
}

# inside COMMAND…: in the root, in the clone that lies there, if one does
inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 CARGO_HOME=/cargo CARGO_TARGET_DIR=/target \
    ${CARGO_BUILD_JOBS:+CARGO_BUILD_JOBS="$CARGO_BUILD_JOBS"} sh -c 'cd /conex 2> /dev/null; exec "$@"' sh "$@"
}
