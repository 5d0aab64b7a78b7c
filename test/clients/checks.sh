# Sourced by suites of the pages, after server.sh: checks that are counted. `summary` ends the suite with what was counted.

passed=0
failed=0

# expect NAME WANTED COMMAND…: the command succeeds and prints WANTED, a pattern of the shell.
expect() {
  check=$1 wanted=$2
  shift 2
  if ! answer=$("$@" 2>"$scratch/errors"); then
    not_ok "ended with an error: $answer $(cat "$scratch/errors")"
    return
  fi
  case $answer in
    *$wanted*) ok ;;
    *) not_ok "printed: $answer" ;;
  esac
}

# refuse NAME WANTED COMMAND…: the command fails and says WANTED.
refuse() {
  check=$1 wanted=$2
  shift 2
  if answer=$("$@" 2>&1); then
    not_ok "was not refused: $answer"
    return
  fi
  case $answer in
    *"$wanted"*) ok ;;
    *) not_ok "was refused otherwise: $answer" ;;
  esac
}

ok() {
  passed=$((passed + 1))
  echo "$suite: $check: ok"
}
not_ok() {
  failed=$((failed + 1))
  echo "$suite: $check $1" >&2
}

summary() {
  echo "$suite: $passed checks passed, $failed failed"
  [ "$failed" -eq 0 ]
}
