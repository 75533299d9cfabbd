about='a client that lets unsigned packages pass: an unsigned one changes; a signed one loses its signatures'
mode=nostrict
reasons=('packages/fmt|`fmt`')
before() { package topkg 1.0.0; }
honest() { edit packages/topkg/topkg.1.0.0/opam; package topkg 1.0.1; }
tampered() {
  rm packages/fmt/authorisation packages/fmt/releases packages/fmt/*/checksum
  edit packages/fmt/fmt.0.10.0/opam
}
