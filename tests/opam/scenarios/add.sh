about='an author adds a release; on the way it gets one more line'
reasons=('packages/fmt/fmt\.0\.11\.0')
honest() { release fmt 0.11.0 0.10.0; conex sign --as author-c --yes; }
tampered() { edit packages/fmt/fmt.0.11.0/opam; }
