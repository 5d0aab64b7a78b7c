# Sourced by suites of Go programs, after server.sh. Modules and builds are kept outside the checkout, since they are
# large and many checkouts use the same. -modcacherw: so that they can be removed like any other folder. -buildvcs=false: a
# program is not linked again because of a commit.
go_cache=${XDG_CACHE_HOME:-$HOME/.cache}/csms-server-gate/go
export GOMODCACHE="$go_cache/modules" GOCACHE="$go_cache/build" GOFLAGS="-modcacherw -buildvcs=false" GOTOOLCHAIN=local
