# Makes repositories to measure, and the commands that are measured: sourced by the scripts in benches.
#
# Needs: $work, a directory to write to; $top, the checkout; $suite and $conex, the programs, and $source, where releases
# come from: `programs` and `found` set them.

# programs: builds what measures, and what is measured if CONEX_BIN names no other
programs() {
  conex=${CONEX_BIN:-}
  [ -n "$conex" ] || conex=$("$top/hooks/build-static")
  conex=$(readlink -f "$conex")
  (cd "$top" && cargo build --release --locked --example suite) >&2
  suite=${CARGO_TARGET_DIR:-$top/target}/release/examples/suite
}

# found: the releases of CONEX_DATA, or made up ones
found() {
  local data=${CONEX_DATA:-$top/../shared/data} archives
  archives=("$data"/opam-repository/*.tar.gz)
  if [ -d "$data/packages" ]; then
    source=$data
  elif [ -e "${archives[0]}" ]; then
    mkdir "$work/data"
    tar xzf "${archives[0]}" -C "$work/data"
    source=$work/data
  else
    source=made-up:18000
  fi
}

# quietly COMMAND…: shows what it said only if it fails
quietly() { "$@" > "$work/out" 2>&1 || { cat "$work/out" >&2; die "failed: $*"; }; }

# at_home: nothing of the person who runs this
at_home() {
  export HOME=$work/home GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=e GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=e
  mkdir "$HOME"
}

# made SIZE: the repository of which `tree` makes others, in $base
made() {
  base=$work/$1
  export CONEX_HOME=$base/keys
  if [ ! -d "$base" ]; then
    mkdir "$base"
    quietly "$suite" make "$source" "$1" "$base"
  fi
  load
}
# tree NAME: makes it in $base where it is not there yet: `r` is what people work on, `next` has one release more; `p` and
# `pnext` are these as they are published. Each with `+` has a snapshot; each with `.tar.gz` is an archive. `unsigned` and
# `unsigned-next` are `r` and `next` without all that people signed.
tree() {
  local to=$base/$1
  [ ! -e "$to" ] || return 0
  case $1 in
    *.tar.gz) tree "${1%.tar.gz}"; [ -e "$to" ] || pack "${to%.tar.gz}" "$to" ;;
    next)
      cp -r "$base/r" "$to"
      cp -r "$to/packages/$package/$old" "$to/packages/$package/$new"
      quietly "$conex" -C "$to" sign --as "$owner" --yes --allow-weak-checksums ;;
    r+)
      cp -r "$base/r" "$to"
      quietly "$conex" -C "$to" snapshot --as janitor-1 --yes ;;
    next+)
      tree r+; tree next
      cp -r "$base/next" "$to"
      cp "$base/r+/packages/.conex/snapshot" "$to/packages/.conex/"
      quietly "$conex" -C "$to" snapshot --as janitor-1 --yes ;;
    unsigned | unsigned-next)
      local signed=r
      [ "$1" = unsigned ] || signed=next
      tree "$signed"
      cp -r "$base/$signed" "$to"
      find "$to/packages" \( -name .conex -prune -o -name authorisation -o -name releases -o -name checksum \) -print0 |
        xargs -0 rm -r ;;
    p | p+) published r "$1" ;;
    pnext | pnext+)
      local before=${1/next/}
      tree next; tree "$before"
      cp -r "$base/$before" "$to"
      cp "$base/$before.tar.gz" "$to/index.tar.gz"
      published next "$1" ;;
  esac
}
# load: what the repository in $base is about
load() {
  read -r owner package old new < "$base/release"
  anchors=$(cat "$base/anchors") signatures=$(cat "$base/signatures") releases=$(cat "$base/releases")
}
# published SOURCE TREE: publishes one to the other, whose archive goes beside it
published() {
  local snapshot=--no-snapshot
  [[ $2 != *+ ]] || snapshot=--as=janitor-1
  quietly "$conex" -C "$base/$1" publish --to "$base/$2" --anchors "$anchors" --quorum 2 "$snapshot" --yes
  mv "$base/$2/index.tar.gz" "$base/$2.tar.gz"
}

# head_of_run: what is measured, and where, for the median of $rounds
head_of_run() {
  local busy; busy=$(cut -d' ' -f1 /proc/loadavg)
  [[ $source == made-up:* ]] && echo "No CONEX_DATA: the releases are made up." && echo
  echo "$(cat "$base/about"). $(nproc) processors, load $busy before the run; files on $(stat -f -c %T "$work"); median of $rounds."
}

# full TREE: the command that verifies a whole tree
full() {
  tree "$1"
  command=("$conex" verify --dir "$base/$1" --anchors "$anchors" --quorum 2 --no-state)
}

# update TREE NEXT [.tar.gz]: the command of opam's hook that takes TREE to NEXT; `remembered` gives it the memory of TREE
update() {
  local kind=$3 dialect=gnu
  [ -z "$kind" ] || dialect=archive
  opam=$base/opam
  tree "$1$kind"; tree "$2"
  rm -rf "$opam"; mkdir "$opam"
  "$suite" patch "$dialect" "$base/$1" "$base/$2" > "$opam/patch"
  local trust=(--anchors="$anchors" --quorum=2)
  cp -r "$base/$1$kind" "$opam/r$kind.new"
  quietly "$conex" verify --repo="$opam/r$kind" --dir="$opam/r$kind.new" --incremental=false --state-dir="$opam/before" "${trust[@]}"
  mv "$opam/r$kind.new" "$opam/r$kind"
  command=("$conex" verify --repo="$opam/r$kind" --patch="$opam/patch" --incremental=true --state-dir="$opam/state" "${trust[@]}")
}
remembered() { rm -rf "$opam/state"; cp -r "$opam/before" "$opam/state"; }

# pack DIR ARCHIVE
pack() {
  tar cf - --format=ustar --sort=name --mtime=@1 --owner=0 --group=0 -C "$1" repo packages | gzip -9n > "$2"
}
