about='a strict client: a new package is claimed and signed; another appears without'
reasons=('packages/uucp|`uucp`')
honest() {
  package topkg 1.0.0
  conex owner add author-c topkg
  approve janitor-a janitor-b
  conex sign --as author-c --yes
}
tampered() { package uucp 15.0.0; }
