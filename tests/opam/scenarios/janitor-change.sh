about='a third janitor; then a fourth, whom only one of the others wanted'
needs='janitor'
reasons=('janitors')
honest() {
  conex key new janitor-d --no-passphrase
  conex janitor add janitor-d
  approve janitor-a janitor-b janitor-d
}
tampered() {
  conex key new janitor-e --no-passphrase
  conex janitor add janitor-e
  approve janitor-a janitor-e
}
