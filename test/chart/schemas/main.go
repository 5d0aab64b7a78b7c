// Prints the definitions of the Kubernetes API as JSON, from what openapi-gen has made of its types.
package main

import (
	"encoding/json"
	"os"

	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"csms-server/test/chart/schemas/generated"

	// What is read by the generators, so that go.mod pins it.
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	_ "k8s.io/api/apps/v1"
	_ "k8s.io/api/networking/v1"
)

func main() {
	definitions := map[string]spec.Schema{}
	for name, found := range generated.GetOpenAPIDefinitions(func(path string) spec.Ref {
		return spec.MustCreateRef("#/definitions/" + common.EscapeJsonPointer(path))
	}) {
		definitions[name] = found.Schema
	}
	if err := json.NewEncoder(os.Stdout).Encode(definitions); err != nil {
		panic(err)
	}
}
