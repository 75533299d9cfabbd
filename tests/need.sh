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

# need COMMAND=PACKAGE…: commands, and the packages that have them
need() {
  local pair missing=()
  # `type -P`: a function of the script has the name of a command, as `opam` in tests/run
  for pair in "$@"; do type -P "${pair%%=*}" > /dev/null || missing+=("${pair#*=}"); done
  [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

# need_rust: cargo, a C linker, and the C library that is linked statically
need_rust() {
  [ -n "$(command -v cargo)" ] || PATH=$PATH:$HOME/.cargo/bin
  command -v cargo > /dev/null || die 'no `cargo`: install Rust with rustup (Cargo.toml names the oldest version that will do)'
  need cc=gcc
  case $(cc -print-file-name=libc.a) in /*) ;; *) install_packages libc6-dev ;; esac
}
# need_opam: opam, what it calls, and what the scripts around it call
need_opam() {
  need opam=opam git=git curl=curl rsync=rsync patch=patch diff=diffutils tar=tar gzip=gzip python3=python3 script=bsdutils
}
# need_oracles: the other implementations that the tests compare with
need_oracles() {
  # the pages of docs/ are typed on a terminal (`script`), and some of them into opam
  need_opam
  need ssh-keygen=openssh-client strace=strace b2sum=coreutils git=git patch=patch tar=tar gzip=gzip xz=xz-utils ocamlopt=ocaml-nox
  # the shells that are completed, and who reads man pages
  need bash=bash zsh=zsh fish=fish man=man-db mandoc=mandoc setsid=util-linux
  [ -d "$(ocamlopt -where)/opam-file-format" ] || ocamlfind query opam-file-format > /dev/null 2>&1 ||
    install_packages libopam-file-format-ocaml-dev
}
