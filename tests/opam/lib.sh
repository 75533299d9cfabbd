# The driver: one real opam, one way of publishing, and conex as its hook. Sourced by `drive`; bash.
#
# The caller sets
#   OPAM      the opam to drive            BACKEND   how trees are published to it: http, path or git; http-epoch and
#                                                    http-archive, indexes that were not made by opam; path-clone
#   CONEX     the conex binary             W         an empty work directory, all of which is ours
#
# Everything happens below $W:
#   root/     OPAMROOT                     home/     HOME, and with it conex's memory and reports
#   web/ path/ git/   what is published    expected/ the files a client of what is published should get
#   calls     one line a hook call         report    what the last call of the hook printed
#   out       what opam printed last       rc        (a variable) opam's exit status

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)

# Nothing of the user's own opam, git or conex reaches the opam under test, and the reverse.
isolate() {
  local v
  for v in $(compgen -e | grep -E '^(OPAM|GIT_|CONEX_HOME|XDG_|POSIXLY_CORRECT|TMPDIR)'); do [ "$v" = OPAM ] || unset "$v"; done
  mkdir -p "$W/home" "$W/tmp"
  export HOME="$W/home" OPAMROOT="$W/root" TMPDIR="$W/tmp" TZ=UTC LC_ALL=C
  export OPAMYES=1 OPAMROOTISOK=1 OPAMCOLOR=never OPAMNODEPEXTS=1 OPAMNOENVNOTICE=1 OPAMSTATUSLINE=never
  export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
}

# ---- results: one line each; `run` counts them

ok()   { echo "ok - $label: $*"; }
skip() { echo "skip - $label: $*"; }
fail() {
  echo "FAIL - $label: $*"
  local f
  for f in out report diff; do [ ! -s "$W/$f" ] || { echo "  --- $f"; head -n "${FAIL_LINES:-40}" "$W/$f" | sed 's/^/  | /'; }; done
}
# check WHAT CONDITION…: every condition is a command
check() { local what=$1; shift; if "$@"; then ok "$what"; else fail "$what (opam exit $rc)"; fi; }

# ---- publishing

# serve: a web server on loopback for $W/web; sets PORT. Stopped by `stop_serving`.
serve() {
  mkdir -p "$W/web"
  python3 -u -m http.server --bind 127.0.0.1 --directory "$W/web" 0 > "$W/server.out" 2> /dev/null &
  server=$!
  local i
  for i in $(seq 100); do
    PORT=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$W/server.out"); [ -n "$PORT" ] && return
    sleep 0.1
  done
  echo "the web server does not start" >&2; return 1
}
stop_serving() { [ -z "${server:-}" ] || kill "$server" 2> /dev/null || true; }

# publish TREE: what a repository's maintainer would do. $W/expected then holds what clients should get.
publish() {
  local tree=$1
  rm -rf "$W/expected"; mkdir -p "$W/expected"
  case $BACKEND in
    http) # `opam admin index` is what people run: it decides what is in the archive, and puts a stamp into `repo`
      find "$W/web" -mindepth 1 -delete; cp -a "$tree/." "$W/web/"
      (cd "$W/web" && OPAMROOT="$W/admin" "$OPAM" admin index --minimal-urls-txt) > "$W/admin.out" 2>&1
      tar xzf "$W/web/index.tar.gz" -C "$W/expected" ;;
    http-epoch) # reproducible: every file has the time 0
      mkdir -p "$W/web"; cp -a "$tree/." "$W/expected/"
      tar --format=gnu --mtime=@0 --owner=0 --group=0 -czf "$W/web/index.tar.gz" -C "$tree" . ;;
    http-archive) # begins with a global PAX header
      mkdir -p "$W/web"; cp -a "$tree/." "$W/expected/"; commit_tree "$tree"
      git -C "$W/git" archive --format=tar.gz -o "$W/web/index.tar.gz" HEAD ;;
    path)
      rm -rf "$W/path"; cp -a "$tree" "$W/path"; cp -a "$tree/." "$W/expected/" ;;
    git|path-clone)
      commit_tree "$tree"; cp -a "$tree/." "$W/expected/" ;;
  esac
}
# commit_tree TREE: the clone at $W/git has it, and one commit more
commit_tree() {
  [ -d "$W/git/.git" ] || git init -q -b master "$W/git"
  find "$W/git" -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} +
  # With the times of the originals git would take a file for the one of the same size that was there a second ago.
  cp -a --no-preserve=timestamps "$1/." "$W/git/"
  # git must not pack what opam copies at this moment
  git -C "$W/git" config gc.auto 0
  git -C "$W/git" add -A -f . && git -C "$W/git" commit -q --allow-empty -m published
}
url() {
  case $BACKEND in
    http*) echo "http://127.0.0.1:$PORT" ;;
    path) echo "$W/path" ;;
    path-clone) echo "file://$W/git" ;; # a path alone would be taken for git
    git) echo "git+file://$W/git" ;;
  esac
}

# ---- opam

# template: an initialised opam root with the hook, made once and copied for each scenario.
template() {
  isolate
  mkdir -p "$W/empty/packages"; echo 'opam-version: "2.0"' > "$W/empty/repo"
  "$OPAM" init --bare --no-setup --disable-sandboxing default "$W/empty" > "$W/out" 2>&1 || { cat "$W/out"; return 1; }
  # Between opam and conex stands a script that counts calls and keeps what conex prints, which opam throws away.
  cat > "$W/hook" <<HOOK
#!/bin/sh
printf '%s ' "\$@" >> '$W/calls'; echo >> '$W/calls'
'$CONEX' "\$@" > '$W/report' 2>&1; rc=\$?
cat '$W/report'; exit \$rc
HOOK
  chmod +x "$W/hook"
  # The configuration is the one that users get, with that script's path, and an option for --nostrict.
  sed "s|\"/usr/local/bin/conex\"|\"$W/hook\"|; s|^  \"verify\"|  \"verify\" MODE|" "$top/hooks/opam-config" > "$W/hook-config"
  rm -rf "$W/template"; mv "$W/root" "$W/template"
}
# fresh MODE: a new opam root and a new home. MODE is strict or nostrict.
fresh() {
  local option=''; [ "$1" = nostrict ] && option='"--nostrict"'
  rm -rf "${W:?}/root" "${W:?}/home" "$W/git" "$W/tmp" "$W/calls" "$W/report" "$W/diff"; mkdir -p "$W/home" "$W/tmp"
  cp -a "$W/template" "$W/root"
  sed "s|MODE|$option|" "$W/hook-config" >> "$W/root/config"
  : > "$W/calls"
}
opam() { rm -f "$W/report" "$W/diff"; rc=0; "$OPAM" "$@" > "$W/out" 2>&1 < /dev/null || rc=$?; }
# opam_on_terminal ARG…: the same with a terminal, whose content is then in $W/out. opam shows nothing of what a hook
# prints; what conex wants the user to know it writes to the terminal itself.
opam_on_terminal() {
  rm -f "$W/report" "$W/diff"; rc=0
  script -qec "$(printf '%q ' "$OPAM" "$@")" /dev/null > "$W/out" 2>&1 < /dev/null || rc=$?
}
calls() { wc -l < "$W/calls"; }
add() { opam repository add "$1" "$(url)" "$QUORUM" ${ANCHORS//,/ } --set-default; }

# first_start: a first `opam init` from hooks/opamrc, with the hook in the environment, as that file says
first_start() {
  local anchors; anchors="\"$(echo "$ANCHORS" | sed 's/,/" "/g')\""
  rm -rf "$W/root"
  sed "/^#/d; s|\"URL\"|\"$(url)\"|; s|\"ANCHOR-1\" \"ANCHOR-2\"|$anchors|; s|{2}|{$QUORUM}|" "$top/hooks/opamrc" > "$W/opamrc"
  # the command is the one of the comment in that file
  OPAMVALIDATIONHOOK=$(sed -n "s|^# *OPAMVALIDATIONHOOK='/usr/local/bin/conex \(.*\)' .*|$W/hook \1|p" "$top/hooks/opamrc") \
    opam init --bare --no-setup --disable-sandboxing --config "$W/opamrc"
}

# ---- what opam holds

# unpack_state NAME: opam's files of the repository NAME, in $W/state: a directory, or from 2.6 on an archive.
unpack_state() {
  local r="$OPAMROOT/repo/$1"
  rm -rf "$W/state"; mkdir -p "$W/state"
  if [ -d "$r" ]; then cp -a "$r/." "$W/state/"
  elif [ -f "$r.tar.gz" ]; then
    # as it was downloaded, or, once opam has written it itself, all below one directory
    tar xzf "$r.tar.gz" -C "$W/state"
    if [ "$(ls -A "$W/state")" = "$1" ]; then mv "$W/state/$1" "$W/state.1"; rmdir "$W/state"; mv "$W/state.1" "$W/state"; fi
  fi
  rm -rf "$W/state/.git"
}
# holds NAME: opam has exactly what is published, byte for byte.
holds() { unpack_state "$1"; diff -r --no-dereference "$W/expected" "$W/state" > "$W/diff" 2>&1; }
# holds_tree NAME TREE: opam has exactly this tree
holds_tree() { unpack_state "$1"; diff -r --no-dereference "$2" "$W/state" > /dev/null 2>&1; }
# seal: remember every byte that opam holds, archives and configuration of repositories included.
# Not git's own objects (a fetch brings the refused commits, that is not the state), nor opam's caches and lock.
seal() {
  (cd "$OPAMROOT" && find repo -name .git -prune -o -type f ! -name '*.cache' ! -name lock -print0 | sort -z | xargs -0r sha256sum) > "$1"
}
# unchanged: every byte is as it was when `seal $W/sealed` was called
unchanged() { seal "$W/sealed.now"; diff "$W/sealed" "$W/sealed.now" > "$W/diff" 2>&1; }
absent() { [ ! -e "$OPAMROOT/repo/$1" ] && [ ! -e "$OPAMROOT/repo/$1.tar.gz" ] && ! grep -q "\"$1\"" "$OPAMROOT/repo/repos-config"; }
# tells REGEX…: conex's report says why: each extended regular expression is found in it
tells() {
  local r
  for r in "$@"; do grep -qE -- "$r" "$W/report" 2> /dev/null || { echo "the report does not match: $r" > "$W/diff"; return 1; }; done
}
# report_file: the file below $HOME that the line on the terminal names
report_file() { grep -aoE "$HOME/[^]\`'\"() ,;]*[^]\`'\"() ,;.[:space:]]" "$W/out" | head -n 1; }
# terminal_names_report REGEX…: there is such a file, and it says why
terminal_names_report() {
  local f r
  f=$(report_file)
  [ -f "$f" ] || { echo "the terminal names no report below $HOME" > "$W/diff"; return 1; }
  for r in "$@"; do grep -qE -- "$r" "$f" || { echo "$f does not match: $r" > "$W/diff"; return 1; }; done
}
