// Three users of one project: what may not be done is refused by the SDK's own error, and lists show what may be seen.
package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	csms "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/csms/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/csms/v1/model"
	kms "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/kms/v2"
	keys "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/kms/v2/model"
)

var project = strings.Repeat("1", 32)

func credentialsOf(t *testing.T, accessKey, secretKey, securityToken string) *basic.Credentials {
	t.Helper()
	credentials, err := basic.NewCredentialsBuilder().
		WithAk(accessKey).WithSk(secretKey).WithSecurityToken(securityToken).WithProjectId(project).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	return credentials
}

func credentialsOfUser(t *testing.T, user string) *basic.Credentials {
	t.Helper()
	return credentialsOf(t, "AK1"+strings.ToUpper(user), "secret-key-of-the-"+user+"-in-tests", "")
}

func clientWith(t *testing.T, credentials *basic.Credentials) *csms.CsmsClient {
	t.Helper()
	client, err := csms.CsmsClientBuilder().
		WithCredential(credentials).WithEndpoint(os.Getenv("USERS_ENDPOINT")).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	return csms.NewCsmsClient(client)
}

func clientOfUser(t *testing.T, user string) *csms.CsmsClient {
	t.Helper()
	return clientWith(t, credentialsOfUser(t, user))
}

// The owner's secrets: one that the partner may use by its name, one that it may read by its tag, one that is not for it.
func createForUsers(t *testing.T) *csms.CsmsClient {
	t.Helper()
	owner := clientOfUser(t, "owner")
	for _, name := range []string{"shop-db", "ledger", "payments-db"} {
		create(t, owner, name)
	}
	done[model.CreateSecretTagResponse](t)(owner.CreateSecretTag(&model.CreateSecretTagRequest{
		SecretId: idOf(t, owner, "ledger"),
		Body:     &model.CreateSecretTagRequestBody{Tag: &model.TagItem{Key: "team", Value: pointer("shop")}}}))
	return owner
}

func namesIn(t *testing.T, client *csms.CsmsClient) string {
	t.Helper()
	page := done[model.ListSecretsResponse](t)(client.ListSecrets(&model.ListSecretsRequest{}))
	names := []string{}
	for _, secret := range *page.Secrets {
		names = append(names, *secret.Name)
	}
	sort.Strings(names)
	return strings.Join(names, " ")
}

func readOf(client *csms.CsmsClient, name string) error {
	_, err := client.ShowSecretVersion(&model.ShowSecretVersionRequest{SecretName: name, VersionId: "latest"})
	return err
}

func TestOwnerMayDoEverything(t *testing.T) {
	equal(t, "ledger payments-db shop-db", namesIn(t, createForUsers(t)))
}

func TestStrangerMayDoNothing(t *testing.T) {
	createForUsers(t)
	stranger := clientOfUser(t, "stranger")
	_, err := stranger.ListSecrets(&model.ListSecretsRequest{})
	expectRefusal(t, err, 403, "CSMS.0302")
	err = readOf(stranger, "shop-db")
	expectRefusal(t, err, 403, "CSMS.0302")
	if !strings.Contains(err.Error(), "user:stranger is not authorized to perform: csms:secret:getVersion on resource: ") {
		t.Fatal(err)
	}
	expectRefusal(t, readOf(stranger, "no-such"), 403, "CSMS.0302")
	client, err := kms.KmsClientBuilder().
		WithCredential(credentialsOfUser(t, "stranger")).WithEndpoint(os.Getenv("USERS_ENDPOINT")).SafeBuild()
	if err != nil {
		t.Fatal(err)
	}
	_, err = kms.NewKmsClient(client).ListKeys(&keys.ListKeysRequest{Body: &keys.ListKeysRequestBody{}})
	expectRefusal(t, err, 403, "KMS.0307")
}

func TestPartnerMayDoWhatPathAndTagAllow(t *testing.T) {
	createForUsers(t)
	partner := clientOfUser(t, "partner")
	equal(t, "shop-db", namesIn(t, partner))
	create(t, partner, "shop-new")
	for _, name := range []string{"shop-db", "ledger"} {
		if err := readOf(partner, name); err != nil {
			t.Fatal(err)
		}
	}
	expectRefusal(t, readOf(partner, "payments-db"), 403, "CSMS.0302")
	expectRefusal(t, readOf(partner, "shop-none"), 404, "CSMS.0106")
	_, err := partner.DeleteSecret(&model.DeleteSecretRequest{SecretName: "ledger"})
	expectRefusal(t, err, 403, "CSMS.0302")
}

// post sends a body in JSON to the server of the users, reads the answer into `answer`, and returns its token.
func post(t *testing.T, path string, body, answer any) string {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(os.Getenv("USERS_ENDPOINT")+path, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	equal(t, 201, response.StatusCode)
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
	return response.Header.Get("X-Subject-Token")
}

type fields = map[string]any

func TestTemporaryKeyMayDoNoMoreThanItsPolicy(t *testing.T) {
	createForUsers(t)
	user := fields{"name": "owner", "password": "Password-of-the-0wner", "domain": fields{"name": "acme"}}
	token := post(t, "/v3/auth/tokens", fields{"auth": fields{
		"identity": fields{"methods": []string{"password"}, "password": fields{"user": user}},
		"scope":    fields{"project": fields{"id": project}}}}, &fields{})
	policy := fields{"Version": "5.0", "Statement": []fields{{"Effect": "Allow", "Action": []string{"csms:secret:list"}}}}
	var made struct {
		Credential struct{ Access, Secret, Securitytoken string }
	}
	post(t, "/v3.0/OS-CREDENTIAL/securitytokens", fields{"auth": fields{"identity": fields{
		"methods": []string{"token"}, "token": fields{"id": token, "duration_seconds": 900}, "policy": policy}}}, &made)
	key := made.Credential
	narrowed := clientWith(t, credentialsOf(t, key.Access, key.Secret, key.Securitytoken))
	equal(t, "ledger payments-db shop-db", namesIn(t, narrowed))
	expectRefusal(t, readOf(narrowed, "shop-db"), 403, "CSMS.0302")
	bare := clientWith(t, credentialsOf(t, key.Access, key.Secret, ""))
	expectRefusal(t, readOf(bare, "shop-db"), 401, "APIGW.0301")
}
