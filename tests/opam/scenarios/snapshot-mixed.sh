about='a repository under one signature: a fix is withheld, an old package put beside new ones'
needs='snapshot'
mode=nostrict
reasons=('packages/topkg' 'packages/other' 'snapshot')
before() {
  package topkg 1.0.0; package other 1.0.0
  conex team add notaries janitor-a
  approve janitor-a janitor-b
  conex snapshot --as janitor-a --yes
}
honest() {
  cp -a packages/other ../other; edit packages/other/other.1.0.0/opam
  package topkg 1.0.1; release fmt 0.11.0 0.10.0; conex sign --as author-c --yes
  conex snapshot --as janitor-a --yes
}
tampered() { rm -r packages/topkg/topkg.1.0.1 packages/other; mv ../other packages/other; }
