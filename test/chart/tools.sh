#!/bin/bash
# Builds Helm, kubeconform and a check by the policies of Pod Security from their public modules, at the versions of tools/go.mod,
# once, and prints the folder that has them. Needs Go, and the Go module proxy unless they are there. It takes minutes and a gigabyte, which is removed again.
set -euo pipefail
here=$(cd "$(dirname -- "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/csms-server-gate
version=$(sed -n 's|^\thelm.sh/helm/v3 \(v[^ ]*\).*|\1|p' "$here/tools/go.mod")
# One folder for each set of versions.
programs=$cache/chart-tools-$(cat "$here/tools/go.mod" "$here/tools/restricted/main.go" "$0" | sha256sum | cut -c1-16)

mkdir -p "$cache"
exec 9>"$cache/chart-tools.lock"
flock 9
if ! [ -d "$programs" ]; then
  work=$(mktemp -d "$cache/chart-tools.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # As Helm's own releases are built: it would take itself for one of an old Kubernetes otherwise.
  kubernetes=$(sed -n 's|^\tk8s.io/client-go v0\.\([0-9]*\).*|\1|p' "$here/tools/go.mod")
  flags="-s -w -X helm.sh/helm/v3/internal/version.version=$version"
  for package in chartutil lint/rules; do
    flags+=" -X helm.sh/helm/v3/pkg/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/$package.k8sVersionMinor=$kubernetes"
  done
  mkdir "$work/programs"
  # -modcacherw: so that it can be removed like any other folder.
  (cd "$here/tools" && GOPATH=$work/path GOCACHE=$work/build GOFLAGS='-modcacherw -buildvcs=false' GOTOOLCHAIN=local CGO_ENABLED=0 \
    nice go build -trimpath -ldflags "$flags" -o "$work/programs/" helm.sh/helm/v3/cmd/helm github.com/yannh/kubeconform/cmd/kubeconform ./restricted) >&2
  mv "$work/programs" "$programs"
fi
printf '%s\n' "$programs"
