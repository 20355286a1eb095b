/**
 * What runs in the container around a program, for any POSIX shell with GNU coreutils.
 *
 * Arguments: a mark, then the program and its arguments. On stdin come orders, a line each: `env NAME BYTES` with so many
 * bytes after it; `run`, or `run input`; after the latter a line `BYTES` with so many bytes per piece of the program's
 * own input, and `0` for its end. Stdin stays open until all is over: its end at any other place kills the program,
 * before that can take what it has read for the whole. On stdout comes what the program writes, nothing else. The last
 * line on stderr is the mark, the program's exit code, bytes and SHA-256 of its output, and those of its input.
 *
 * States: reading orders (nothing has run) → running, with three parties: the program, which reads the pipe `in` and
 * writes through `tee`; the feeder, which fills `in` and then waits for the end of stdin, to kill; this shell, which
 * waits for the program. Once its exit code is in the file `code`, the program is over and nothing is killed any more.
 *
 * What the shell itself has to say, such as that something was killed, is nobody's: the program's stderr is kept in 4.
 * A runtime makes this shell the leader of a process group, and then the kill is of the group: of program, children,
 * and all that is here. Where it does not, `setsid`, if there is one, makes a group of the program and its children.
 * The pipes are in /tmp, or in /dev/shm, which every container has.
 */
export const execScript = `
mark=$1; shift
for base in "\${TMPDIR:-/tmp}" /dev/shm /var/tmp; do
  dir=$(mktemp -d "$base/threeshift.XXXXXX" 2>/dev/null) && break
done
[ -n "$dir" ] || exit 125
trap 'rm -rf "$dir"' EXIT
word=
while [ "$word" != run ]; do
  IFS=' ' read -r word name bytes || exit 125
  [ "$word" != env ] || { value=$(head -c "$bytes"; printf .); export "$name=\${value%.}"; }
done
unset value
input=$name
mkfifo "$dir/in" "$dir/in-sum" "$dir/in-count" "$dir/out-sum" "$dir/out-count" || exit 125
sha256sum <"$dir/in-sum" >"$dir/in.sum" & sums=$!
wc -c <"$dir/in-count" >"$dir/in.bytes" & sums="$sums $!"
sha256sum <"$dir/out-sum" >"$dir/out.sum" & sums="$sums $!"
wc -c <"$dir/out-count" >"$dir/out.bytes" & sums="$sums $!"
read -r _ _ _ _ group _ <"/proc/$$/stat"
session=
[ "$group" = $$ ] || session=$(command -v setsid)
exec 4>&2 2>/dev/null
{
  $session "$@" <"$dir/in" 2>&4 4>&- &
  echo $! >"$dir/pid"
  wait $!
  echo $? >"$dir/code"
} | tee "$dir/out-sum" "$dir/out-count" &
output=$!
await() { until [ -s "$dir/$1" ] || [ ! -d "$dir" ]; do sleep 0.05; done; }
end() {
  await pid
  [ -d "$dir" ] && [ ! -s "$dir/code" ] || return 0
  pid=$(cat "$dir/pid")
  [ "$group" != $$ ] || { rm -rf "$dir"; kill -9 0; }
  { [ -n "$session" ] && kill -9 "-$pid"; } || kill -9 "$pid"
}
feed() {
  sh -c 'echo $PPID' >"$dir/feed"
  [ "$input" = input ] || return 0
  while read -r bytes; do
    [ "$bytes" != 0 ] || return 0
    head -c "$bytes"
  done
  end
}
exec 3<&0
{
  feed <&3 | tee "$dir/in-sum" "$dir/in-count" >"$dir/in"
  cat <&3 >/dev/null
  end
} >/dev/null 4>&- &
feeder=$!
exec 3<&- </dev/null
wait $output
await feed
[ "$input" != input ] || kill -9 "$(cat "$dir/feed")"
wait $sums
kill -9 $feeder
first() { read -r line <"$dir/$1" && printf '%s' "\${line%% *}"; }
code=$(cat "$dir/code")
printf '\\n%s %s %s %s %s %s\\n' "$mark" "$code" \\
  "$(first out.bytes)" "$(first out.sum)" "$(first in.bytes)" "$(first in.sum)" >&4
exit "$code"
`
