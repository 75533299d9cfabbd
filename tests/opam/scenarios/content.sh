about='an author edits files of all sorts: without a last line feed, with CR LF, executable, beside a binary one'
reasons=('packages/fmt/fmt\.0\.10\.0/files/crlf')
before() {
  local d=packages/fmt/fmt.0.10.0/files
  mkdir -p $d
  printf '\000\001\377\n' > $d/binary
  printf 'one\ntwo' > $d/open
  printf 'one\r\ntwo\r\n' > $d/crlf
  printf '#!/bin/sh\necho one\n' > $d/script
  conex sign --as author-c --yes
}
honest() {
  local d=packages/fmt/fmt.0.10.0/files
  printf 'one\ntwo\nthree' > $d/open
  printf 'one\r\n2\r\n' > $d/crlf
  printf '#!/bin/sh\necho two\n' > $d/script; chmod +x $d/script
  printf 'closed\n' > $d/new
  conex sign --as author-c --yes
}
tampered() { printf 'one\n2\n' > packages/fmt/fmt.0.10.0/files/crlf; }
