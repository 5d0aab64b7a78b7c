# Sourced by the suites of the Python SDKs, after server.sh.

# Installs the packages that the requirements.txt of test/clients/NAME names and sets `venv`. Needs python3 with venv, and the
# network when the packages are not yet in CLIENTS_CACHE.
install_packages() {
  venv=$cache/$1
  requirements=$repo/test/clients/$1/requirements.txt
  cmp -s "$requirements" "$venv/requirements.txt" && return
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  cp "$requirements" "$venv/requirements.txt"
}

# Runs the tests in test/clients/NAME with the packages that its requirements.txt names; the rest goes to pytest.
# Ends the script with pytest's exit code.
run_pytest() {
  here=$repo/test/clients/$1
  install_packages "$1"
  shift
  start_server
  # The SDK writes an application id into the home directory; a proxy would stand between it and the server.
  cd "$here"
  code=0
  HOME=$scratch NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=.. \
    "$venv/bin/python" -m pytest -p no:cacheprovider "$@" || code=$?
  exit "$code"
}
