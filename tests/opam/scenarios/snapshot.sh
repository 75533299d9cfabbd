about='a repository under one signature: a package that no author signs is changed, another one added'
needs='snapshot'
mode=nostrict
reasons=('packages/topkg' 'packages/evil' 'snapshot')
before() {
  package topkg 1.0.0; package other 1.0.0
  conex team add notaries janitor-a
  approve janitor-a janitor-b
  conex snapshot --as janitor-a --yes
}
honest() { edit packages/topkg/topkg.1.0.0/opam; package topkg 1.0.1; conex snapshot --as janitor-a --yes; }
tampered() { edit packages/topkg/topkg.1.0.1/opam; package evil 1.0.0; }
