// Calls the unmodified secret store of Dapr, made from the component's YAML as daprd makes it: its metadata as properties.
//
//	dapr COMPONENT NAME VERSION   prints the value of a secret; a VERSION of "none" is left out of the request
//	dapr COMPONENT                prints all secrets as JSON
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/dapr/components-contrib/metadata"
	"github.com/dapr/components-contrib/secretstores"
	"github.com/dapr/components-contrib/secretstores/huaweicloud/csms"
	"github.com/dapr/kit/logger"
	"gopkg.in/yaml.v3"
)

type component struct {
	Metadata struct{ Name string }
	Spec     struct {
		Type     string
		Metadata []struct{ Name, Value string }
	}
}

func open(file string) (secretstores.SecretStore, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var given component
	if err := yaml.Unmarshal(text, &given); err != nil {
		return nil, err
	}
	if given.Spec.Type != "secretstores.huaweicloud.csms" {
		return nil, fmt.Errorf("a component of type %q", given.Spec.Type)
	}
	properties := map[string]string{}
	for _, property := range given.Spec.Metadata {
		properties[property.Name] = property.Value
	}
	store := csms.NewHuaweiCsmsSecretStore(logger.NewLogger("csms"))
	base := metadata.Base{Name: given.Metadata.Name, Properties: properties}
	return store, store.Init(context.Background(), secretstores.Metadata{Base: base})
}

func run(arguments []string) error {
	store, err := open(arguments[0])
	if err != nil {
		return err
	}
	ctx := context.Background()
	if len(arguments) == 1 {
		all, err := store.BulkGetSecret(ctx, secretstores.BulkGetSecretRequest{})
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(all.Data)
	}
	request := secretstores.GetSecretRequest{Name: arguments[1], Metadata: map[string]string{}}
	if arguments[2] != "none" {
		request.Metadata["version_id"] = arguments[2]
	}
	one, err := store.GetSecret(ctx, request)
	if err != nil {
		return err
	}
	fmt.Println(one.Data[arguments[1]])
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
