# Measures programs beside the least that they could do: sourced by benches/whole.
#
# Needs: $work, a directory to write to; $rounds; $suite and $conex, the programs; $signatures, how many the repository
# has that is measured. bash has the clock, which counts thousandths of a second.

# checked COMMAND…: fails where its exit status is above $most_status (0), and shows what it said
checked() {
  local status=0
  "$@" > "$work/out" 2>&1 || status=$?
  [ "$status" -le "${most_status:-0}" ] || { cat "$work/out" >&2; die "failed: $*"; }
}

# once COMMAND…: appends "wall processor", in milliseconds, to $times
once() {
  local TIMEFORMAT='%3R %3U %3S'
  # What bash says of the time goes to standard error, what `checked` says to that of the script.
  { time checked "$@" 2>&3; } 3>&2 2> "$work/one"
  awk 'END { print 1000 * $1, 1000 * ($2 + $3) }' "$work/one" >> "$times"
}

# median COLUMN FILE
median() {
  cut -d' ' -f"$1" "$2" | sort -n |
    awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# measure FLOOR BEFORE COMMAND…: sets wall, cpu, floor_wall, floor_cpu (milliseconds), memory (kB) and calls, of the
# command and of its floor: "directory PATH", "archive PATH", "walk PATH" or "start ."; each round measures both. BEFORE
# is done before each run, and not measured; `:` does nothing.
measure() {
  local floor before=$2 i times
  read -ra floor <<< "$1"; shift 2
  rm -f "$work/times" "$work/floors"
  for ((i = 0; i < rounds; i++)); do
    "$before"
    times=$work/times once "$@"
    times=$work/floors once "$suite" floor "${floor[@]}" "$signatures"
  done
  wall=$(median 1 "$work/times") cpu=$(median 2 "$work/times")
  floor_wall=$(median 1 "$work/floors") floor_cpu=$(median 2 "$work/floors")
  "$before"
  checked /usr/bin/time -q -f %M -o "$work/one" "$@"
  memory=$(tail -n 1 "$work/one")
  calls='left out: no strace'
  if command -v strace > /dev/null; then
    "$before"
    # Where a machine lets nobody trace, no total is printed.
    strace -c -f -qq -o "$work/one" "$@" > "$work/out" 2>&1 || true
    calls=$(awk '$NF == "total" { print $4 }' "$work/one")
  fi
}

# ratio NUMBER NUMBER
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.1f", a / b; else printf "–" }'; }

# row NAME FLOOR BEFORE COMMAND…: measures, and prints a row of the table that `head_of_rows` began
row() {
  local name=$1; shift
  measure "$@"
  awk -v name="$name" -v wall="$wall" -v cpu="$cpu" -v memory="$memory" -v calls="${calls:-left out: strace failed}" \
    -v floor="$floor_wall" -v ratio="$(ratio "$wall" "$floor_wall")" -v work="$(ratio "$cpu" "$floor_cpu")" 'BEGIN {
      printf "| %s | %.0f ms | %.0f ms | %.0f MB | %s | %.0f ms | %s | %s |\n",
        name, wall, cpu, memory * 1024 / 1e6, calls, floor, ratio, work }'
}
head_of_rows() {
  echo
  echo '| command | time | processor time | peak memory | system calls | floor | time / floor | processor time / floor |'
  echo '|---|---|---|---|---|---|---|---|'
}

# sizes FORM TREE: files, bytes, those of an archive, and what the files take in blocks of 4 KiB
sizes() {
  tree "$2.tar.gz"
  find "$base/$2/packages" "$base/$2/repo" -type f -printf '%s\n' |
    awk -v form="$1" -v archive="$(stat -c %s "$base/$2.tar.gz")" '
      { n++; bytes += $1; blocks += int(($1 + 4095) / 4096) }
      END { printf "| %s | %d | %.1f MB | %.2f MB | %d |\n", form, n, bytes / 1e6, archive / 1e6, blocks }'
}
