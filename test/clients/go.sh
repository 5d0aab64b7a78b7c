# Sourced by suites of Go programs, after server.sh. Modules and builds are kept outside the checkout, since they are
# large and many checkouts use the same. -modcacherw: so that they can be removed like any other folder.
go_cache=${XDG_CACHE_HOME:-$HOME/.cache}/csms-server-gate/go
export GOMODCACHE="$go_cache/modules" GOCACHE="$go_cache/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
