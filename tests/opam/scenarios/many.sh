full=yes
about='five thousand releases go at once; a mirror withholds one more'
reasons=('packages/fmt')
before() {
  local n
  for n in $(seq 5000); do release fmt 1.$n 0.10.0; done
  conex sign --as author-c --yes
}
honest() { rm -r packages/fmt/fmt.1.*; conex sign --as author-c --yes; }
tampered() { rm -r packages/fmt/fmt.0.10.0; }
