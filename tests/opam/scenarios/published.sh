about='the published form: an author adds a release; on the way it gets one more line'
reasons=('packages/fmt/fmt\.0\.11\.0')
# in_bundles: the tree becomes the published form of what people have in $work/people
in_bundles() {
  conex -C "$work/people" publish --to "$work/www" --as janitor-a --yes --anchors "$anchors" --quorum 2
  find . -mindepth 1 -delete; cp -a "$work/www/." .; rm index.tar.gz
}
before() {
  rm -rf "$work/people" "$work/www"; cp -a . "$work/people"
  (cd "$work/people"; conex team add notaries janitor-a; approve janitor-a janitor-b)
  in_bundles
}
honest() { (cd "$work/people"; release fmt 0.11.0 0.10.0; conex sign --as author-c --yes); in_bundles; }
tampered() { edit packages/fmt/fmt.0.11.0/opam; }
