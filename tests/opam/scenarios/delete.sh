about='an author takes a release back; a mirror withholds another'
reasons=('astring\.0\.8\.5')
honest() { rm -r packages/astring/astring.0.8.3; conex sign --as author-c --yes; }
tampered() { rm -r packages/astring/astring.0.8.5; }
