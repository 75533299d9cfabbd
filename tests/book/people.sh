# The people of a story: each with a home, an SSH key, and a clone of one repository that lies at a forge. Read by
# tests/book/book.rs, before the commands of a page; bash, with $W an empty directory of the story.
#
#   $W/forge/packages.git    the repository at the forge, which everybody calls https://git.example/packages.git
#   $W/PERSON                their home, with a checkout of conex, $W/PERSON/conex; $W/PERSON/packages is their clone, in which they begin

# as PERSON: who types from here on. Everybody stays in the directory in which they were.
as() {
  [ -z "${who:-}" ] || eval "at_$who=\$PWD"
  who=$1 at=at_$1
  export HOME=$W/$1
  cd "${!at:-$HOME/packages}" || exit 99
}

# person NAME: makes one, who has nothing of conex's.
person() {
  mkdir -p "$W/$1/.ssh"; chmod 700 "$W/$1/.ssh"
  HOME=$W/$1
  ssh-keygen -q -t ed25519 -N '' -C "$1@host.example" -f "$HOME/.ssh/id_ed25519"
  git config --global user.name "$1"
  git config --global user.email "$1@host.example"
  git config --global init.defaultBranch main
  git config --global advice.detachedHead false
  git config --global pull.ff only
  ln -s "$REPOSITORY_OF_CONEX" "$HOME/conex"
  # The forge is a directory; people write the address that it would have.
  git config --global "url.$W/forge/.insteadOf" https://git.example/
  git clone -q https://git.example/packages.git "$HOME/packages" 2> /dev/null
}

# must COMMAND…: the story is wrong if it fails, also in the middle of a line of commands.
must() { "$@" || { echo "in the middle of a line: $* gave $?" | tee -a "$W/wrong"; return 1; }; }

# forge REPOSITORY: one without signatures, in the branch main.
forge() {
  git init -q --bare -b main "$W/forge/packages.git"
  cp -r "$1" "$W/first"
  (
    cd "$W/first" && git init -q -b main && git add -A &&
      git -c user.name=forge -c user.email=forge@host.example commit -qm 'Packages' &&
      git push -q "$W/forge/packages.git" main
  )
}

# publish MESSAGE: everything in the work tree, at once and unseen, for what lies before a story.
publish() { git add -A && must git commit -qm "$1" && must git push -q origin HEAD:main; }

# signed QUORUM JANITOR… -- AUTHOR:PACKAGE+PACKAGE…: a repository signed by these. `*` are all that nobody else owns.
signed() {
  local janitors=() args=() j a
  quorum=$1; shift
  while [ "$1" != -- ]; do janitors+=("$1"); shift; done
  shift
  as "${janitors[0]}"
  for j in "${janitors[@]}"; do args+=(--janitor "$j=$W/$j/.ssh/id_ed25519.pub"); done
  conex init --name packages --snapshot optional --quorum "$quorum" "${args[@]}" && publish 'Start signing'
  for a in "$@"; do
    as "${a%%:*}"; git pull -q
    conex join "$who" && publish "$who joins"
  done
  as "${janitors[0]}"; git pull -q
  for a in "$@"; do
    case ${a#*:} in '') ;; '*') conex owner add "${a%%:*}" --unclaimed ;; *) conex owner add "${a%%:*}" $(echo "${a#*:}" | tr + ' ') ;; esac
  done
  [ $# -eq 0 ] || publish Owners
  for j in "${janitors[@]}"; do as "$j"; git pull -q; conex approve --yes --as "$j" && publish "$j approves"; done
  for a in "$@"; do [ -z "${a#*:}" ] && continue; as "${a%%:*}"; git pull -q; conex sign --yes --as "$who" && publish "$who signs"; done
  everybody_pulls
  conex anchors > "$W/anchors.txt"
}
everybody_pulls() { for p in $people; do as "$p"; git pull -q; done; }

# approved BRANCH JANITOR…: each of them approves in the branch, which is then merged and gone.
approved() { approved_only "$@" && merged "$1"; }
approved_only() {
  local branch=$1 j; shift
  for j in "$@"; do
    as "$j"
    git fetch -q && git switch -q "$branch" && git pull -q && must conex approve --yes --as "$j" && git add -A &&
      must git commit -qm "$j approves" && git push -q origin "$branch" || return
  done
}
# merged BRANCH: as with the button of a forge. What is published is valid, or the story ends.
merged() {
  git fetch -q && git switch -q main && git pull -q && git merge -q --no-ff --no-edit "origin/$1" && must still_valid &&
    git push -q origin main && git push -q origin --delete "$1"
}
still_valid() {
  conex verify --dir . --nostrict --anchors "$(conex anchors)" --quorum "${quorum:-2}" > "$TMPDIR/verdict" || { cat "$TMPDIR/verdict"; return 1; }
}

# under_a_snapshot PERSON: from here on what is merged is valid with a snapshot, which this notary makes of a copy.
under_a_snapshot() {
  notary=$1
  still_valid() {
    rm -rf "$W/whole" && cp -r . "$W/whole" && rm -f "$W/whole/packages/.conex/snapshot" &&
      HOME=$W/$notary conex -C "$W/whole" snapshot --yes --as "$notary" > "$TMPDIR/verdict" 2>&1 &&
      conex verify --dir "$W/whole" --anchors "$(conex anchors)" > "$TMPDIR/verdict" || { cat "$TMPDIR/verdict"; return 1; }
  }
}

# uses_opam PERSON: an opam root of their own, with the repository called default.
uses_opam() {
  as "$1"
  # the first one's is good for all who start on the same day
  if [ -d "$W/first-opam" ]; then cp -a "$W/first-opam" ~/.opam; return; fi
  opam init --bare --no-setup --disable-sandboxing default git+https://git.example/packages.git &&
    opam switch create work --empty && cp -a ~/.opam "$W/first-opam"
}

# to_its_end FILE: what a thief with an owner's key does to a resource, before they sign it.
to_its_end() {
  sed -i '/^check:/d; s/^counter: .*/counter: 4611686018427387903/' "$1"
  echo "check: \"$(b2sum -l 256 < "$1" | cut -c1-16)\"" >> "$1"
}

# forges ID FILE…: signs files of metadata for an id as they are, as no honest tool does.
forges() {
  local id=$1 f kind name; shift
  {
    printf 'format: 1\ntype: "index"\n'
    conex status --format=json | sed 's/.*"identity":"\([^"]*\)".*/repository: "\1"/'
    printf 'id: "%s"\ncreated: "2026-01-01T00:00:00Z"\nentries: [\n' "$id"
    for f in "$@"; do
      value() { sed -n "s/^$1: \"\\{0,1\\}\([^\"]*\)\"\\{0,1\\}\$/\1/p" "$f"; }
      printf '  ["%s" "%s" %s %s "blake2b=%s"]\n' "$(value type)" "$(value name)" "$(value epoch)" "$(value counter)" "$(b2sum -l 256 < "$f" | cut -d ' ' -f 1)"
    done | LC_ALL=C sort
    printf ']\n'
  } > "$TMPDIR/forged"
  rm -f "$TMPDIR/forged.sig"
  must ssh-keygen -q -Y sign -n conex-index-v1 -f ~/.ssh/id_ed25519 "$TMPDIR/forged" && must conex signature import "$TMPDIR/forged"
}

# follows PERSON: their opam verifies, with the anchors of the first day.
follows() {
  uses_opam "$1" && cd ~ && conex enable default --anchors "$(cat "$W/anchors.txt")" --quorum "$quorum" ${lenient:-} &&
    conex enable --status
}
# updates PERSON: they take what is published, and their opam holds something valid then.
updates() { as "$1"; cd ~; must opam update default && must conex enable --status; }
# refuses PERSON CODE: their opam does not take what is published, and says why.
refuses() { as "$1"; cd ~; must not opam update default && conex explain > "$TMPDIR/why" && must grep -F "$2" "$TMPDIR/why"; }
not() { ! "$@"; }
# comes_new PERSON: they have nothing but the anchors of the first day, and clone.
comes_new() {
  as "$1"; rm -rf ~/new
  must git clone -q https://git.example/packages.git ~/new &&
    must conex verify --dir ~/new --anchors "$(cat "$W/anchors.txt")" --quorum "$quorum" ${lenient:-}
}

export LC_ALL=C TZ=UTC TERM=dumb NO_COLOR=1 PAGER=cat GIT_EDITOR=true GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1
export OPAMNOSELFUPGRADE=1 OPAMYES=1 OPAMROOTISOK=1 OPAMCOLOR=never OPAMNODEPEXTS=1 OPAMNOENVNOTICE=1 OPAMSTATUSLINE=never
stty cols 100 2> /dev/null
mkdir -p "$W/forge" "$W/tmp"; export TMPDIR=$W/tmp
