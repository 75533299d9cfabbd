about='an old and completely signed state is served again'
replay=yes
reasons=('fmt')
before() { base=$PWD-base; cp -a . "$base"; edit packages/fmt/fmt.0.10.0/opam; conex sign --as author-c --yes; }
honest() { release fmt 0.11.0 0.10.0; conex sign --as author-c --yes; }
tampered() { find . -mindepth 1 -delete; cp -a "$base/." .; rm -rf "$base"; }
