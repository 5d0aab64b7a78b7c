/** What a client needs to know of a server and of one user. Texts may be empty when unknown. */
export interface ClientAccess {
  /** Base URL without a final slash. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly projectId: string;
  readonly domainId: string;
  readonly domainName: string;
  readonly userName: string;
  readonly password: string;
}

/**
 * The environment variables of clients, in the order of `credentials.env`. The region lets an unchanged application find
 * the server: the SDKs read their endpoints from variables named after it.
 */
export function clientVariables(access: ClientAccess): Record<string, string> {
  const { accessKeyId, endpoint, projectId, region, secretKey } = access;
  const regionName = region.toUpperCase().replaceAll('-', '_');
  return {
    CSMS_ENDPOINT: endpoint,
    HUAWEICLOUD_SDK_AK: accessKeyId,
    HUAWEICLOUD_SDK_SK: secretKey,
    HUAWEICLOUD_SDK_PROJECT_ID: projectId,
    HUAWEICLOUD_SDK_DOMAIN_ID: access.domainId,
    HUAWEICLOUD_SDK_IAM_ENDPOINT: endpoint,
    [`HUAWEICLOUD_SDK_REGION_CSMS_${regionName}`]: endpoint,
    [`HUAWEICLOUD_SDK_REGION_KMS_${regionName}`]: endpoint,
    HW_ACCESS_KEY: accessKeyId,
    HW_SECRET_KEY: secretKey,
    HW_PROJECT_ID: projectId,
    HW_REGION_NAME: region,
    HW_AUTH_URL: `${endpoint}/v3`,
    CSMS_USER: access.userName,
    CSMS_DOMAIN: access.domainName,
    CSMS_PASSWORD: access.password,
  };
}
