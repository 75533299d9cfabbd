about='an author changes a release; somebody else changes another'
reasons=('packages/logs/logs\.0\.7\.0')
honest() { edit packages/fmt/fmt.0.9.0/opam; conex sign --as author-c --yes; }
tampered() { edit packages/logs/logs.0.7.0/opam; }
