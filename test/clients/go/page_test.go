// Compiled together with the programs of docs/clients/go.md, which run.sh takes out of the page.
package main

import (
	"errors"
	"os"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	csms "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/csms/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/csms/v1/model"
)

func clientFor(t *testing.T) *csms.CsmsClient {
	t.Helper()
	settings := config.DefaultHttpConfig()
	if ca := os.Getenv("TEST_CA"); ca != "" {
		trusting, err := trusting(ca)
		if err != nil {
			t.Fatal(err)
		}
		settings = trusting
	}
	client, err := newClient(settings)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func create(t *testing.T, client *csms.CsmsClient, name string) {
	t.Helper()
	value := "quotes \" and <signs> & 日本語"
	body := &model.CreateSecretRequestBody{Name: name, SecretString: &value}
	if _, err := client.CreateSecret(&model.CreateSecretRequest{Body: body}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteSecret(&model.DeleteSecretRequest{SecretName: name}); err != nil {
			t.Error(err)
		}
	})
	read, err := client.ShowSecretVersion(&model.ShowSecretVersionRequest{SecretName: name, VersionId: "latest"})
	if err != nil {
		t.Fatal(err)
	}
	if *read.Version.SecretString != value {
		t.Fatalf("read %q", *read.Version.SecretString)
	}
}

func expectRefusal(t *testing.T, err error, status int, code string) {
	t.Helper()
	var refusal *sdkerr.ServiceResponseError
	if !errors.As(err, &refusal) {
		t.Fatalf("not an answer of the server: %v", err)
	}
	if refusal.StatusCode != status || refusal.ErrorCode != code || refusal.RequestId == "" {
		t.Fatalf("refused with %d %s, request %q", refusal.StatusCode, refusal.ErrorCode, refusal.RequestId)
	}
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	create(t, clientFor(t), "go-values")
}

func TestMissingSecret(t *testing.T) {
	_, err := clientFor(t).ShowSecret(&model.ShowSecretRequest{SecretName: "go-missing"})
	expectRefusal(t, err, 404, "CSMS.0106")
}

func TestNoVersionId(t *testing.T) {
	client := clientFor(t)
	create(t, client, "go-no-version")
	_, err := client.ShowSecretVersion(&model.ShowSecretVersionRequest{SecretName: "go-no-version"})
	var refusal *sdkerr.ServiceResponseError
	if !errors.As(err, &refusal) || refusal.StatusCode >= 500 {
		t.Fatalf("not refused as a wrong request: %v", err)
	}
}

func TestWrongSecretKey(t *testing.T) {
	t.Setenv("HUAWEICLOUD_SDK_SK", "another")
	_, err := clientFor(t).ListSecrets(&model.ListSecretsRequest{})
	expectRefusal(t, err, 401, "APIGW.0301")
}

func TestStages(t *testing.T) {
	client := clientFor(t)
	create(t, client, "go-stages")
	_, err := client.UpdateSecretStage(&model.UpdateSecretStageRequest{
		SecretName: "go-stages", StageName: "blue", Body: &model.UpdateSecretStageRequestBody{VersionId: "v1"}})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := client.ShowSecretStage(&model.ShowSecretStageRequest{SecretName: "go-stages", StageName: "blue"})
	if err != nil || *shown.Stage.VersionId != "v1" {
		t.Fatalf("%v %v", shown, err)
	}
	_, err = client.DeleteSecretStage(&model.DeleteSecretStageRequest{SecretName: "go-stages", StageName: "blue"})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPages(t *testing.T) {
	client := clientFor(t)
	for _, name := range []string{"go-page-a", "go-page-b", "go-page-c"} {
		create(t, client, name)
	}
	limit, seen := "2", 0
	var marker *string
	for {
		page, err := client.ListSecrets(&model.ListSecretsRequest{Limit: &limit, Marker: marker})
		if err != nil {
			t.Fatal(err)
		}
		seen += len(*page.Secrets)
		if marker = page.PageInfo.NextMarker; marker == nil {
			break
		}
	}
	if seen != 3 {
		t.Fatalf("saw %d secrets", seen)
	}
}
