about='a repository under one signature, in which no author signs what changed: an old state is served again'
needs='snapshot'
mode=nostrict
replay=yes
reasons=('packages/.conex/snapshot')
before() {
  package topkg 1.0.0
  conex team add notaries janitor-a
  approve janitor-a janitor-b
  conex snapshot --as janitor-a --yes
  base=$PWD-base; cp -a . "$base"
  package topkg 1.0.1; conex snapshot --as janitor-a --yes
}
honest() { package topkg 1.0.2; conex snapshot --as janitor-a --yes; }
tampered() { find . -mindepth 1 -delete; cp -a "$base/." .; rm -rf "$base"; }
