about='an author changes to a new key with the approval of the janitors; then again, without'
needs='rotate'
reasons=('author-c')
honest() { conex rotate --as author-c --no-passphrase --yes; approve janitor-a janitor-b; }
tampered() { conex rotate --as author-c --no-passphrase --yes; }
