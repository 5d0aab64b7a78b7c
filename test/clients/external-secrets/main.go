// Gives the manifests of a page to the unmodified webhook provider, as the operator does, with a Kubernetes that has one
// Secret: the token's.
//
//	external-secrets read STORE TOKEN EXTERNALSECRET   prints what the target Secret would hold, as JSON
//	external-secrets push STORE TOKEN KEY VALUE        pushes the value to the remote key
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	"github.com/external-secrets/external-secrets/apis/externalsecrets/v1alpha1"
	"github.com/external-secrets/external-secrets/pkg/provider/webhook"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// kubernetes answers for one Secret.
type kubernetes struct {
	client.Client
	secret corev1.Secret
}

func (k kubernetes) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	target, isSecret := object.(*corev1.Secret)
	if !isSecret || key.Name != k.secret.Name {
		return fmt.Errorf("nothing of the name %s", key.Name)
	}
	k.secret.DeepCopyInto(target)
	return nil
}

func load(file string, manifest any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalStrict(text, manifest); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func open(ctx context.Context, storeFile, tokenFile string) (esv1.SecretsClient, error) {
	var store esv1.SecretStore
	if err := load(storeFile, &store); err != nil {
		return nil, err
	}
	var token corev1.Secret
	if err := load(tokenFile, &token); err != nil {
		return nil, err
	}
	// As the API server does it.
	token.Data = map[string][]byte{}
	for key, value := range token.StringData {
		token.Data[key] = []byte(value)
	}
	provider := &webhook.Provider{}
	if _, err := provider.ValidateStore(&store); err != nil {
		return nil, err
	}
	return provider.NewClient(ctx, &store, kubernetes{secret: token}, "default")
}

func read(ctx context.Context, store esv1.SecretsClient, file string) error {
	var external esv1.ExternalSecret
	if err := load(file, &external); err != nil {
		return err
	}
	target := map[string]string{}
	for _, source := range external.Spec.DataFrom {
		values, err := store.GetSecretMap(ctx, *source.Extract)
		if err != nil {
			return fmt.Errorf("%s: %w", source.Extract.Key, err)
		}
		for key, value := range values {
			target[key] = string(value)
		}
	}
	for _, data := range external.Spec.Data {
		value, err := store.GetSecret(ctx, data.RemoteRef)
		if err != nil {
			return fmt.Errorf("%s: %w", data.RemoteRef.Key, err)
		}
		target[data.SecretKey] = string(value)
	}
	return json.NewEncoder(os.Stdout).Encode(target)
}

func push(ctx context.Context, store esv1.SecretsClient, remoteKey, value string) error {
	source := &corev1.Secret{Data: map[string][]byte{"value": []byte(value)}}
	match := v1alpha1.PushSecretMatch{
		SecretKey: "value", RemoteRef: v1alpha1.PushSecretRemoteRef{RemoteKey: remoteKey}}
	return store.PushSecret(ctx, source, v1alpha1.PushSecretData{Match: match})
}

func run(arguments []string) error {
	ctx := context.Background()
	store, err := open(ctx, arguments[1], arguments[2])
	if err != nil {
		return err
	}
	if arguments[0] == "push" {
		return push(ctx, store, arguments[3], arguments[4])
	}
	return read(ctx, store, arguments[3])
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
