# A release made for the occasion, with names and addresses of nobody: sourced by the scripts that install what is handed out.

# release_clone CLONE KEY: a clone of this repository that has no inputs of a release yet, its tag, and a key; sets `version`
release_clone() {
  git clone -q "$top" "$1"
  git -C "$1" config user.name test
  git -C "$1" config user.email test@example.org
  ssh-keygen -q -t ed25519 -N '' -f "$2"
  version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' "$1/Cargo.toml")
  git -C "$1" tag "v$version"
}

# release_make CLONE KEY OUT DOWNLOADS [TARGET…]: writes the inputs into the clone, and makes the release
release_make() {
  local clone=$1 key=$2 out=$3 downloads=$4; shift 4
  "$clone/hooks/release" prepare --maintainer 'Test <test@example.org>' --contact 'Write to <test@example.org>.' \
    --repository https://git.example/conex --key "$key.pub" > /dev/null
  git -C "$clone" add -A
  git -C "$clone" commit -qm 'A release'
  git -C "$clone" tag -f "v$version" > /dev/null
  "$clone/hooks/release" make "v$version" "$out" --sign-with "$key" --downloads "$downloads" "$@" > "$out.log" 2>&1 ||
    { tail -n 30 "$out.log" >&2; die 'no release was made'; }
  ! grep -i warning "$out.log" || die 'with warnings'
}
