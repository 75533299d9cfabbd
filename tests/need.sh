# What a machine must have: sourced by the scripts that need it. Debian's apt-get installs what is missing when root
# runs them; otherwise they say what to type and stop.

say() { echo "${0##*/}: $*" >&2; }
die() { say "$*"; exit 2; }

# as_root COMMAND…
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@" >&2; else die "not root; please run: sudo $*"; fi
}

# install_packages PACKAGE…
install_packages() {
  command -v apt-get > /dev/null || die "missing: $* (and no apt-get on this machine to get them)"
  [ "$(id -u)" = 0 ] || die "missing; please run: sudo apt-get install --no-install-recommends $*"
  say "apt-get installs $*"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

# need COMMAND=PACKAGE…: commands, and the packages that have them; `FILE=PACKAGE` for what is not a command.
need() {
  local pair missing=()
  for pair in "$@"; do
    case $pair in
      /*) compgen -G "${pair%%=*}" > /dev/null ;;
      *) command -v "${pair%%=*}" > /dev/null ;;
    esac || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

# need_rust: cargo, a C linker, and the static C library
need_rust() {
  [ -n "$(command -v cargo)" ] || PATH=$PATH:$HOME/.cargo/bin
  command -v cargo > /dev/null || die "no \`cargo\`: install Rust with rustup, as its site says (Debian's may be too old; rust-toolchain or Cargo.toml name the version)"
  need cc=gcc '/usr/lib/*/libc.a=libc6-dev'
}
# need_opam: what opam calls, and what the scripts around it call
need_opam() {
  need opam=opam git=git curl=curl rsync=rsync patch=patch diff=diffutils tar=tar gzip=gzip python3=python3 script=bsdutils
}
