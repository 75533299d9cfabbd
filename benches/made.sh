# Makes repositories to measure, and the commands that are measured: sourced by benches/whole and benches/instructions.
#
# Needs: $work, a directory to write to; $suite and $conex, the programs; $source, where releases come from.

# quietly COMMAND…: shows what it said only if it fails
quietly() { "$@" > "$work/out" 2>&1 || { cat "$work/out" >&2; die "failed: $*"; }; }

# at_home: nothing of the person who runs this
at_home() {
  export HOME=$work/home GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=e GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=e
  mkdir "$HOME"
}

# made SIZE: a repository, in $base: `r`, and the same with a snapshot (`r+`); both published (`p`, `p+`); each with one
# release more (`next`, `next+`, `pnext`, `pnext+`), and as an archive (`….tar.gz`)
made() {
  base=$work/$1
  export CONEX_HOME=$base/keys
  if [ ! -d "$base" ]; then
    mkdir "$base"
    quietly "$suite" make "$source" "$1" "$base"
    load
    cp -r "$base/r" "$base/next"
    cp -r "$base/next/packages/$package/$old" "$base/next/packages/$package/$new"
    quietly "$conex" -C "$base/next" sign --as "$owner" --yes --allow-weak-checksums
    local tree with
    for tree in r next; do
      cp -r "$base/$tree" "$base/$tree+"
    done
    quietly "$conex" -C "$base/r+" snapshot --as janitor-1 --yes
    cp "$base/r+/packages/.conex/snapshot" "$base/next+/packages/.conex/snapshot"
    quietly "$conex" -C "$base/next+" snapshot --as janitor-1 --yes
    for with in '' +; do
      published "$base/r" "$base/p$with" "$with"
      cp -r "$base/p$with" "$base/pnext$with"
      published "$base/next" "$base/pnext$with" "$with"
      for tree in r next; do pack "$base/$tree$with" "$base/$tree$with.tar.gz"; done
      for tree in p pnext; do mv "$base/$tree$with/index.tar.gz" "$base/$tree$with.tar.gz"; done
    done
  fi
  load
}
# load: what the repository in $base is about
load() {
  read -r owner package old new < "$base/release"
  anchors=$(cat "$base/anchors") signatures=$(cat "$base/signatures") releases=$(cat "$base/releases")
}
# published SOURCE PLACE WITH: as `conex publish` does it, with a snapshot if WITH is not empty
published() {
  local snapshot=--no-snapshot
  [ -z "$3" ] || snapshot=--as=janitor-1
  quietly "$conex" -C "$1" publish --to "$2" --anchors "$anchors" --quorum 2 "$snapshot" --yes
}

# full TREE: the command that verifies a whole tree
full() { command=("$conex" verify --dir "$1" --anchors "$anchors" --quorum 2 --no-state); }

# update TREE NEXT [.tar.gz]: the command of opam's hook that takes TREE to NEXT; `remembered` gives it the memory of TREE
update() {
  local kind=$3 dialect=gnu
  [ -z "$kind" ] || dialect=archive
  opam=$work/opam
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
