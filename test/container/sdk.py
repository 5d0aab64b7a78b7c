"""Creates, reads and lists through the unmodified SDK; prints the value. Arguments: name, value. Credentials and endpoint from the environment."""
import os
import sys

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcsms.v1 import (
    CreateSecretRequest,
    CreateSecretRequestBody,
    CsmsClient,
    ListSecretsRequest,
    ShowSecretVersionRequest,
)

name, value = sys.argv[1:3]
config = HttpConfig.get_default_config()
config.ssl_ca_cert = os.environ.get("SDK_CA")
credentials = BasicCredentials(
    os.environ["HUAWEICLOUD_SDK_AK"], os.environ["HUAWEICLOUD_SDK_SK"], os.environ["HUAWEICLOUD_SDK_PROJECT_ID"]
)
client = (
    CsmsClient.new_builder()
    .with_http_config(config)
    .with_credentials(credentials)
    .with_endpoint(os.environ["CSMS_ENDPOINT"])
    .build()
)
known = [secret.name for secret in client.list_secrets(ListSecretsRequest()).secrets]
if name not in known:
    client.create_secret(CreateSecretRequest(body=CreateSecretRequestBody(name=name, secret_string=value)))
print(client.show_secret_version(ShowSecretVersionRequest(secret_name=name, version_id="latest")).version.secret_string)
