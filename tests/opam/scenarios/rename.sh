about='an old release goes while a similar one comes: git calls that a rename with changes, and opams apply those differently'
reasons=('packages/astring/astring\.0\.8\.6')
honest() {
  release astring 0.8.6 0.8.3
  rm -r packages/astring/astring.0.8.3
  conex sign --as author-c --yes
}
tampered() { edit packages/astring/astring.0.8.6/opam; }
