about='a new author with a new package; the attacker is one of two janitors and makes an author owner of another package'
reasons=('packages/rresult')
honest() {
  conex key new author-e --no-passphrase
  conex join author-e
  package topkg 1.0.0
  conex owner add author-e topkg
  approve janitor-a janitor-b
  conex sign --as author-e --yes
}
tampered() {
  conex owner add author-e rresult
  approve janitor-a
  release rresult 0.7.1 0.7.0
  conex sign --as author-e --yes
}
