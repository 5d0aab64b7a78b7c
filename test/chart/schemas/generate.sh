#!/bin/sh
# Makes the schemas in this folder, which the chart's manifests are checked with, from the types of the Kubernetes API and of the
# Prometheus operator at the versions that go.mod names, with the generators of those two projects (Apache License 2.0, as
# the types are). Run it after a change of go.mod; the tests read what it has made. Needs `go` and the Go module proxy.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
repo=$(CDPATH= cd -- "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOPATH="$work/path" GOCACHE="$work/build" GOFLAGS='-modcacherw -buildvcs=false' GOTOOLCHAIN=local

mkdir -p "$work/module/generated"
cp "$here/go.mod" "$here/go.sum" "$here/main.go" "$work/module"
cd "$work/module"
echo 'package generated' >generated/openapi.go
go tool openapi-gen --output-dir generated --output-pkg csms-server/test/chart/schemas/generated --output-file openapi.go \
  --go-header-file /dev/null --report-filename /dev/null k8s.io/api/core/v1 k8s.io/api/apps/v1 k8s.io/api/networking/v1 \
  k8s.io/apimachinery/pkg/apis/meta/v1 k8s.io/apimachinery/pkg/api/resource k8s.io/apimachinery/pkg/util/intstr \
  k8s.io/apimachinery/pkg/runtime
go run . >definitions.json
go tool controller-gen crd:crdVersions=v1 output:crd:dir=crd \
  paths=github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1

node=$repo/node_modules/node/bin/node
[ -x "$node" ] || node=node
"$node" "$here/strict.ts" definitions.json crd/monitoring.coreos.com_servicemonitors.yaml "$here"
