#!/bin/sh
# Drives a real server with the unmodified Java SDK. Arguments name the groups of tests to run; none means all.
# Needs a JDK (17 or later) and Maven, and the network when the packages are not yet in CLIENTS_CACHE.
set -eu
. "$(dirname -- "$0")/../server.sh"

here=$repo/test/clients/java
build=$cache/java
mkdir -p "$build"
# Once everything of this pom.xml is there, Maven need not look outside.
offline=
if cmp -s "$here/pom.xml" "$build/installed.xml"; then offline=--offline; fi
mvn --quiet --batch-mode $offline --file "$here/pom.xml" -Dmaven.repo.local="$build/repository" \
  -Dclasses="$build/target" compile dependency:build-classpath -Dmdep.outputFile="$build/classpath"
cp "$here/pom.xml" "$build/installed.xml"

start_users_server
start_server
code=0
# The SDK writes an application id into the home directory.
java -Duser.home="$scratch" -cp "$build/target/classes:$(cat "$build/classpath")" clients.Main "$@" || code=$?
exit "$code"
