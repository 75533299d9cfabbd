. "$here/scenarios/published.sh"
about='the published form: a release goes; on the way a line of a bundle says something else'
reasons=('differs +packages: "fmt"|packages/\.conex/bundle/index-')
honest() { (cd "$work/people"; rm -r packages/fmt/fmt.0.10.0; conex sign --as author-c --yes); in_bundles; }
tampered() { sed -i 's/^floor: .*/floor: 0/' $(grep -l 'packages/fmt/releases' packages/.conex/bundle/*); }
